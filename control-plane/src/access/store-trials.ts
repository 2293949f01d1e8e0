import { sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'

/** The first wait; each further failure doubles it. */
const WAIT_MS = 1_000
const WAIT_MAX_MS = 900_000
/** Without a failure for so long, all is forgotten. */
export const FORGOTTEN_AFTER_MS = 3_600_000

/** Counts one more failure, or gives the instant until which there may be none. */
export async function countTrial(
  tx: Transaction,
  trial: { readonly key: string; readonly free: number; readonly nowMs: number },
): Promise<number | null> {
  const { key, free, nowMs } = trial
  const count = sql`case when f.last_failed_at_ms < ${nowMs - FORGOTTEN_AFTER_MS}::float8 then 1 else f.failures + 1 end`
  const counted = await tx.execute(sql`
    insert into sign_in_failures as f (key, failures, last_failed_at_ms, blocked_until_ms)
    values (${key}, 1, ${nowMs}::float8, 0)
    on conflict (key) do update set failures = ${count}, last_failed_at_ms = ${nowMs}::float8,
      blocked_until_ms = case when ${count} < ${free}::int then 0
        else ${nowMs}::float8 + least(${WAIT_MAX_MS}::float8, ${WAIT_MS}::float8 * power(2, least(${count} - ${free}::int, 20))) end
    where f.blocked_until_ms <= ${nowMs}::float8 returning f.key`)
  if (counted.length > 0) return null
  const [row] = await tx.execute<{ blocked_until_ms: number }>(
    sql`select blocked_until_ms from sign_in_failures where key = ${key}`,
  )
  return row?.blocked_until_ms ?? null
}

export async function takeBack(tx: Transaction, key: string, howMany: 'one' | 'all'): Promise<void> {
  if (howMany === 'all') await tx.execute(sql`delete from sign_in_failures where key = ${key}`)
  else
    await tx.execute(sql`update sign_in_failures set failures = greatest(failures - 1, 0), blocked_until_ms = 0
      where key = ${key}`)
}
