import { sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { feed } from '../database/schema/index.ts'
import type { Change } from './append.ts'

/** Any number will do, as long as every replica takes the same. */
const FEED_LOCK = 0x66656564

export async function lockFeed(tx: Transaction): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${FEED_LOCK})`)
}

/** The id of the last of them. */
export async function insertChanges(
  tx: Transaction,
  changes: readonly Change[],
  nowMs: number,
): Promise<number> {
  const rows = await tx
    .insert(feed)
    .values(changes.map((change) => toRow(change, nowMs)))
    .returning({ id: feed.id })
  return Math.max(...rows.map(({ id }) => id))
}

function toRow(change: Change, atMs: number): typeof feed.$inferInsert {
  if (change.kind !== 'events') return { ...change, atMs }
  const { agentId, ...run } = change
  return { ...run, ref: agentId, atMs }
}
