import type { CreateEnrolmentToken, EnrolmentToken } from '@aloft/shared/api/schemas'
import { hashSecret, mintSecret } from '../access/secrets.ts'
import { recordAudit } from '../audit/record.ts'
import type { Database, Transaction } from '../database/client.ts'
import { type Reach, reaches } from '../database/reach.ts'
import { transact } from '../database/transact.ts'
import { isoInstant } from '../http/instant.ts'
import type { Caller } from '../http/request-context.ts'
import { Conflict, NotFound } from '../problems.ts'
import { findSite, insertSite, insertToken, type TokenRow } from './store-manage.ts'

export interface CreateToken {
  readonly caller: Caller
  readonly reach: Reach
  readonly request: CreateEnrolmentToken
  readonly nowMs: number
}

/** Makes an enrolment token, and its site if it is new. */
export async function createEnrolmentToken(db: Database, input: CreateToken): Promise<EnrolmentToken> {
  const { caller, request, nowMs } = input
  const { site, maxUses, labels, needsApproval } = request
  const token = mintSecret('enrol')
  return transact(db, async (tx) => {
    const siteId = await settleSite(tx, input)
    const expiresAtMs = nowMs + request.ttlMs
    const id = await insertToken(tx, {
      hash: hashSecret(token),
      siteId,
      createdAtMs: nowMs,
      expiresAtMs,
      maxUses,
      labels,
      needsApproval,
      createdBy: caller.credential,
    })
    const instants = { createdAt: isoInstant(nowMs), expiresAt: isoInstant(expiresAtMs) }
    const made = { id, site, ...instants, maxUses, uses: 0, labels, needsApproval }
    const target = { kind: 'enrolment-token', id }
    const change = { action: 'enrolment-token.create', target, siteId, before: null, after: made } as const
    await recordAudit(tx, caller, change, nowMs)
    return { ...made, token }
  })
}

/** The id of the site the token is for. Who reaches everywhere may name a new one, which is then made. */
async function settleSite(tx: Transaction, input: CreateToken): Promise<string> {
  const { caller, reach, request, nowMs } = input
  const name = request.site
  const found = await findSite(tx, name)
  if (found !== null && reaches(reach, found)) return found
  if (reach !== 'everywhere') throw new NotFound(`there is no site ${name}`)
  const siteId = await insertSite(tx, name, nowMs)
  if (siteId === null) {
    // Another request made it in the meantime.
    const made = await findSite(tx, name)
    if (made === null) throw new Conflict(`site ${name} is being made and removed by others; try again`)
    return made
  }
  const target = { kind: 'site', id: siteId }
  const change = { action: 'site.create', target, siteId, before: null, after: { name } } as const
  await recordAudit(tx, caller, change, nowMs)
  return siteId
}

export function toEnrolmentToken(row: TokenRow): EnrolmentToken {
  return {
    id: row.id,
    site: row.site,
    createdAt: isoInstant(row.created_at_ms),
    expiresAt: isoInstant(row.expires_at_ms),
    maxUses: row.max_uses,
    uses: row.uses,
    labels: row.labels,
    needsApproval: row.needs_approval,
  }
}
