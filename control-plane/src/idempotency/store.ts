import { and, eq, lt, sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { idempotencyKeys } from '../database/schema/index.ts'

export interface Claim {
  readonly owner: string
  readonly key: string
  readonly requestHash: string
  readonly nowMs: number
  /** Older ones stand for nothing any more. */
  readonly forgottenBeforeMs: number
}

export interface Earlier {
  readonly requestHash: string
  readonly answer: string
}

/**
 * Takes the key for this transaction, or gives what was answered before. Whoever comes while another transaction holds
 * it waits for that one's end, for `waitMs` at most: then PostgreSQL cancels with `lock_not_available` (55P03).
 */
export async function claimKey(tx: Transaction, claim: Claim, waitMs: number): Promise<Earlier | null> {
  const { owner, key, requestHash, nowMs, forgottenBeforeMs } = claim
  const mine = and(eq(idempotencyKeys.owner, owner), eq(idempotencyKeys.key, key))
  await tx.execute(sql`select set_config('lock_timeout', ${`${waitMs}ms`}, true)`)
  await tx.delete(idempotencyKeys).where(and(mine, lt(idempotencyKeys.createdAtMs, forgottenBeforeMs)))
  const taken = await tx
    .insert(idempotencyKeys)
    .values({ owner, key, requestHash, answer: '', createdAtMs: nowMs })
    .onConflictDoNothing()
    .returning({ key: idempotencyKeys.key })
  await tx.execute(sql`select set_config('lock_timeout', '0', true)`)
  if (taken.length > 0) return null
  const [earlier] = await tx
    .select({ requestHash: idempotencyKeys.requestHash, answer: idempotencyKeys.answer })
    .from(idempotencyKeys)
    .where(mine)
  if (earlier === undefined) throw new Error('a key that was taken is gone')
  return earlier
}

export async function keepAnswer(
  tx: Transaction,
  { owner, key }: { readonly owner: string; readonly key: string },
  answer: string,
): Promise<void> {
  await tx
    .update(idempotencyKeys)
    .set({ answer })
    .where(and(eq(idempotencyKeys.owner, owner), eq(idempotencyKeys.key, key)))
}

/** At most `limit` of those that are older; how many went. */
export async function forgetKeys(db: Queryable, beforeMs: number, limit: number): Promise<number> {
  const gone = await db.execute(sql`
    delete from idempotency_keys where (owner, key) in (
      select owner, key from idempotency_keys where created_at_ms < ${beforeMs}::float8
      order by created_at_ms limit ${limit}::int for update skip locked)
    returning key`)
  return gone.length
}
