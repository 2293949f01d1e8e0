import { sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { DAY_MS } from './days.ts'

/** A partition of `events`: the UTC day, counted from 1970, whose `wall_ms` it holds. */
export interface DayPartition {
  readonly name: string
  readonly day: number
}

/** How long DDL waits for a table: whoever comes after it in the table's queue waits as long. */
const LOCK_WAIT_MS = 200

/** Of those that are attached, oldest first. */
export async function selectDays(db: Queryable): Promise<readonly DayPartition[]> {
  const rows = await db.execute<{ name: string; from_ms: number }>(sql`
    select c.relname as name,
      (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''?([^'')]+)'))[1]::float8 as from_ms
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'events'::regclass and c.relname <> 'events_default' order by from_ms`)
  return rows.map((row) => ({ name: row.name, day: Math.floor(row.from_ms / DAY_MS) }))
}

/** The days of events in the default partition, those from `firstDay` to `lastDay`. */
export async function selectStrayDays(
  db: Queryable,
  firstDay: number,
  lastDay: number,
): Promise<readonly number[]> {
  const rows = await db.execute<{ day: number }>(sql`
    select distinct floor(wall_ms / ${DAY_MS}::float8)::int as day from events_default
    where wall_ms >= ${firstDay * DAY_MS}::float8 and wall_ms < ${(lastDay + 1) * DAY_MS}::float8 order by 1`)
  return rows.map(({ day }) => day)
}

/**
 * Gives a day its partition, and it what the default one holds of that day. Attaching a table leaves inserts into
 * the other days alone, which `create table … partition of` would not; only the default partition is locked.
 */
export async function attachDay(tx: Transaction, { name, day }: DayPartition): Promise<void> {
  const [from, to] = [day * DAY_MS, (day + 1) * DAY_MS]
  const table = sql.raw(`"${name}"`)
  await waitBriefly(tx)
  await tx.execute(
    sql`create table ${table} (like events including defaults, primary key (agent_id, epoch, seq))`,
  )
  await tx.execute(sql`lock table events_default in access exclusive mode`)
  await tx.execute(sql`with moved as
      (delete from events_default where wall_ms >= ${from}::float8 and wall_ms < ${to}::float8 returning *)
    insert into ${table} select * from moved`)
  await tx.execute(
    sql`alter table events attach partition ${table} for values from (${sql.raw(String(from))}) to (${sql.raw(String(to))})`,
  )
}

/** Whether a partition has events that were received before `beforeMs`. */
export async function hasReceivedBefore(db: Queryable, name: string, beforeMs: number): Promise<boolean> {
  const [row] = await db.execute<{ there: boolean }>(
    sql`select exists (select 1 from ${sql.raw(`"${name}"`)} where received_at_ms < ${beforeMs}::float8) as there`,
  )
  return row?.there === true
}

/**
 * Empties a partition if nobody uses it now: it never waits, so nobody waits for it. Throws 55P03 when it is in use.
 * Events that were received since `beforeMs`, from an agent that was cut off or whose clock is months behind, stay.
 */
export async function emptyDay(tx: Transaction, name: string, beforeMs: number): Promise<true> {
  const table = sql.raw(`"${name}"`)
  await tx.execute(sql`lock table ${table} in access exclusive mode nowait`)
  await tx.execute(sql`create temporary table kept on commit drop as
    select * from ${table} where received_at_ms >= ${beforeMs}::float8`)
  await tx.execute(sql`truncate ${table}`)
  await tx.execute(sql`insert into ${table} select * from kept`)
  return true
}

/**
 * Takes an empty partition away if nobody uses `events` now; 55P03 when somebody does. `concurrently` is not to be had
 * where there is a default partition.
 */
export async function removeDay(tx: Transaction, name: string): Promise<boolean> {
  const table = sql.raw(`"${name}"`)
  await tx.execute(sql`lock table events in access exclusive mode nowait`)
  const [kept] = await tx.execute(sql`select 1 from ${table} limit 1`)
  if (kept !== undefined) return false
  await tx.execute(sql`alter table events detach partition ${table}`)
  await tx.execute(sql`drop table ${table}`)
  return true
}

/** Of the events without a day of their own, at most `limit` that were received before `beforeMs`; how many it were. */
export async function deleteStrays(tx: Transaction, beforeMs: number, limit: number): Promise<number> {
  const rows = await tx.execute(sql`
    delete from events_default where ctid = any (array(
      select ctid from events_default where received_at_ms < ${beforeMs}::float8 limit ${limit}::int)) returning 1`)
  return rows.length
}

async function waitBriefly(tx: Transaction): Promise<void> {
  await tx.execute(sql`select set_config('lock_timeout', ${`${LOCK_WAIT_MS}ms`}, true)`)
}
