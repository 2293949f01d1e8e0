import { createHash, createHmac } from 'node:crypto'
import type { CreateEnrolmentToken, EnrolmentToken } from '@aloft/shared/api/schemas'
import { hashSecret, mintSecret } from '../access/secrets.ts'
import type { Database } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import { isoInstant } from '../http/instant.ts'
import type { Caller } from '../http/request-context.ts'
import { Conflict } from '../problems.ts'
import { ensureSite, insertToken, selectByIdempotencyKey, type TokenRow } from './store-manage.ts'

export interface CreateToken {
  readonly caller: Caller
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
    const siteId = await ensureSite(tx, request.site, nowMs)
    const expiresAtMs = nowMs + request.ttlMs
    const id = await insertToken(tx, {
      hash: hashSecret(token),
      siteId,
      createdAtMs: nowMs,
      expiresAtMs,
      maxUses: request.maxUses,
      createdBy: caller.id,
      idempotencyKey,
      requestHash,
    })
    if (id !== null) {
      const { site, maxUses } = request
      const instants = { createdAt: isoInstant(nowMs), expiresAt: isoInstant(expiresAtMs) }
      return { id, site, token, ...instants, maxUses, uses: 0 }
    }
    const earlier = await selectByIdempotencyKey(tx, caller.id, idempotencyKey ?? '')
    if (earlier?.request_hash !== requestHash) {
      throw new Conflict('this Idempotency-Key was used with another request')
    }
    return { ...toEnrolmentToken(earlier), token }
  })
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
