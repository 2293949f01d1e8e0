import { sql } from 'drizzle-orm'
import type { Queryable } from './client.ts'

/**
 * What a statement over all days locks of `events` and of each of its partitions: the table and its five indexes, those
 * too that it does not use, since each is planned. Measured, and held by `events/lock-room.lab.test.ts`.
 */
const LOCKS_A_TABLE = 6

/**
 * What `max_locks_per_transaction` must be with so many partitions of `events`, so that every connection may read all days at once.
 * PostgreSQL has room for twice that many locks a connection, as it expects two holders of each (lock.c).
 */
export function locksPerTransactionFor(partitions: number): number {
  const least = (LOCKS_A_TABLE * (partitions + 1)) / 2
  return Math.ceil(least / 64) * 64
}

/**
 * What an operator should be told, or null: that PostgreSQL has too little room for locks, with the partitions that are or
 * with those that there will be.
 */
export async function lockRoomWarning(db: Queryable, partitionsToCome: number): Promise<string | null> {
  const [row] = await db.execute<{ setting: number; partitions: number }>(sql`
    select current_setting('max_locks_per_transaction')::int as setting,
      (select count(*)::int from pg_inherits where inhparent = to_regclass('events')) as partitions`)
  if (row === undefined) return null
  const partitions = Math.max(row.partitions, partitionsToCome)
  const needed = locksPerTransactionFor(partitions)
  if (row.setting >= needed) return null
  return (
    `max_locks_per_transaction is ${row.setting}, and should be ${needed} for ${partitions} partitions of events: ` +
    'queries over all days may fail with "out of shared memory". ' +
    `ALTER SYSTEM SET max_locks_per_transaction = ${needed}; then restart PostgreSQL`
  )
}
