import { sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'

/** What is kept until it was received, or began, so long ago; each with the column that says when. */
const AGED = {
  failovers: 'received_at_ms',
  transitions: 'received_at_ms',
  availability_hours: 'start_ms',
  availability_days: 'start_ms',
} as const
export type AgedTable = keyof typeof AGED

/** Deletes at most `limit` rows, and gives how many it were. */
export async function deleteOlder(
  tx: Transaction,
  {
    table,
    beforeMs,
    limit,
  }: { readonly table: AgedTable; readonly beforeMs: number; readonly limit: number },
): Promise<number> {
  const [name, column] = [sql.raw(table), sql.raw(AGED[table])]
  const rows = await tx.execute(sql`
    delete from ${name} where ctid = any (array(
      select ctid from ${name} where ${column} < ${beforeMs}::float8 limit ${limit}::int)) returning 1`)
  return rows.length
}

/** The oldest rows of the feed, but never the newest of all: its id tells who resumes that nothing came since, or that much is gone. */
export async function deleteOldFeed(tx: Transaction, beforeMs: number, limit: number): Promise<number> {
  const rows = await tx.execute(sql`
    delete from feed where id in (
      select id from (select id, at_ms from feed order by id limit ${limit}::int) oldest
      where at_ms < ${beforeMs}::float8 and id < (select max(id) from feed)) returning 1`)
  return rows.length
}
