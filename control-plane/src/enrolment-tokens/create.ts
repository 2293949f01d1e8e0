import { createHash, createHmac } from 'node:crypto'
import type { CreateEnrolmentToken, EnrolmentToken } from '@aloft/shared/api/schemas'
import { hashSecret, mintSecret } from '../access/secrets.ts'
import { recordAudit } from '../audit/record.ts'
import type { Database, Transaction } from '../database/client.ts'
import { type Reach, reaches } from '../database/reach.ts'
import { transact } from '../database/transact.ts'
import { isoInstant } from '../http/instant.ts'
import type { Caller } from '../http/request-context.ts'
import { Conflict, NotFound } from '../problems.ts'
import { findSite, insertSite, insertToken, selectByIdempotencyKey, type TokenRow } from './store-manage.ts'

export interface CreateToken {
  readonly caller: Caller
  readonly reach: Reach
  readonly request: CreateEnrolmentToken
  readonly idempotencyKey: string | null
  readonly nowMs: number
}

/**
 * Makes an enrolment token, and its site if it is new. Sent again with the same `Idempotency-Key`, answers the same
 * token; with the same key and another body, throws `Conflict`.
 */
export async function createEnrolmentToken(db: Database, input: CreateToken): Promise<EnrolmentToken> {
  const { caller, request, idempotencyKey, nowMs } = input
  const token = idempotencyKey === null ? mintSecret('enrol') : repeatableToken(caller, idempotencyKey)
  const requestHash = createHash('sha256').update(JSON.stringify(request)).digest('hex')
  return transact(db, async (tx) => {
    const siteId = await settleSite(tx, input)
    const expiresAtMs = nowMs + request.ttlMs
    const id = await insertToken(tx, {
      hash: hashSecret(token),
      siteId,
      createdAtMs: nowMs,
      expiresAtMs,
      maxUses: request.maxUses,
      createdBy: caller.credential,
      idempotencyKey,
      requestHash,
    })
    if (id !== null) {
      const { site, maxUses } = request
      const instants = { createdAt: isoInstant(nowMs), expiresAt: isoInstant(expiresAtMs) }
      const made = { id, site, ...instants, maxUses, uses: 0 }
      const target = { kind: 'enrolment-token', id }
      const change = { action: 'enrolment-token.create', target, siteId, before: null, after: made } as const
      await recordAudit(tx, caller, change, nowMs)
      return { ...made, token }
    }
    const earlier = await selectByIdempotencyKey(tx, caller.credential, idempotencyKey ?? '')
    if (earlier?.request_hash !== requestHash) {
      throw new Conflict('this Idempotency-Key was used with another request')
    }
    return { ...toEnrolmentToken(earlier), token }
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

/**
 * The same token for the same caller and key. It comes from what the caller presented, which the database does not
 * hold: a retry gets its answer, and nobody who reads the database does.
 */
function repeatableToken(caller: Caller, idempotencyKey: string): string {
  const bits = createHmac('sha256', caller.secret)
    .update(`enrolment-token ${idempotencyKey}`)
    .digest('base64url')
  return `aloft_enrol_${bits}`
}

export function toEnrolmentToken(row: TokenRow): EnrolmentToken {
  return {
    id: row.id,
    site: row.site,
    createdAt: isoInstant(row.created_at_ms),
    expiresAt: isoInstant(row.expires_at_ms),
    maxUses: row.max_uses,
    uses: row.uses,
  }
}
