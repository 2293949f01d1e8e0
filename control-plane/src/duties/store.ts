import { sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { recordset } from '../database/recordset.ts'

/** First half of the key of a duty's advisory lock; the second is made from its name. */
const DUTY_LOCKS = 0x64757479

/** After a failure a duty is begun again this much later, doubled by each further failure, but no later than usual. */
const RETRY_MS = 5_000

export interface Due {
  readonly name: string
  readonly everyMs: number
}

/**
 * Whether `d`, the row of duty `w`, is due at `now`. A beginning in the future was written before the clock was
 * set back. A run without an outcome was cut off, or is under way: then its lock is taken.
 */
const isDue = sql`(d.name is null or n.ms < d.started_at_ms or n.ms - d.started_at_ms >= case
  when d.outcome = 'done' then w."everyMs"
  else least(w."everyMs", ${RETRY_MS} * power(2, least(d.failures, 20))) end)`

const now = (nowMs: number | null) =>
  sql`(select coalesce(${nowMs}::float8, extract(epoch from clock_timestamp()) * 1000)::float8 as ms) n`

/** The names of those that are due, in the order they were given in. */
export async function selectDue(
  db: Queryable,
  wanted: readonly Due[],
  nowMs: number | null,
): Promise<readonly string[]> {
  const rows = await db.execute<{ name: string }>(sql`
    select w.name from ${now(nowMs)}, ${recordset(wanted, 'as w(name text, "everyMs" float8)')}
    left join duties d on d.name = w.name where ${isDue}`)
  const due = new Set(rows.map(({ name }) => name))
  return wanted.map(({ name }) => name).filter((name) => due.has(name))
}

/**
 * Takes the duty's lock for the life of this transaction, or gives false: somebody has it. Whoever stands still for
 * longer than `patienceMs` between two statements is thrown out by PostgreSQL, and the lock is free again.
 */
export async function tryLock(tx: Transaction, name: string, patienceMs: number): Promise<boolean> {
  await limitIdle(tx, patienceMs)
  const [row] = await tx.execute<{ taken: boolean }>(
    sql`select pg_try_advisory_xact_lock(${DUTY_LOCKS}, hashtext(${name})) as taken`,
  )
  return row?.taken === true
}

export async function limitIdle(tx: Transaction, patienceMs: number): Promise<void> {
  await tx.execute(sql`select set_config('idle_in_transaction_session_timeout', ${`${patienceMs}ms`}, true)`)
}

/** Keeps the transaction that holds a lock from being thrown out. */
export async function keepLock(tx: Transaction): Promise<void> {
  await tx.execute(sql`select 1`)
}

/** Begins a run, if it is due still: its fencing token and the time by the database. The lock must be held. */
export async function beginRun(
  db: Queryable,
  { name, everyMs, replica, nowMs }: Due & { readonly replica: string; readonly nowMs: number | null },
): Promise<{ readonly token: number; readonly nowMs: number } | null> {
  const [row] = await db.execute<{ fence: string; started_at_ms: number }>(sql`
    insert into duties as old (name, fence, replica, started_at_ms)
    select w.name, 1, ${replica}, n.ms from ${now(nowMs)},
      (select ${name}::text as name, ${everyMs}::float8 as "everyMs") w
      left join duties d on d.name = w.name where ${isDue}
    on conflict (name) do update set fence = old.fence + 1, replica = excluded.replica,
      started_at_ms = excluded.started_at_ms, finished_at_ms = null, outcome = null
    returning fence, started_at_ms`)
  return row === undefined ? null : { token: Number(row.fence), nowMs: row.started_at_ms }
}

/** Whether the run is the newest; in a transaction, no newer one begins before its end. */
export async function holdFence(tx: Queryable, name: string, token: number): Promise<boolean> {
  const rows = await tx.execute(
    sql`select 1 from duties where name = ${name} and fence = ${token}::bigint for share`,
  )
  return rows.length > 0
}

export async function endRun(
  db: Queryable,
  run: { readonly name: string; readonly token: number; readonly problem: string | null },
): Promise<void> {
  const { name, token, problem } = run
  await db.execute(sql`
    update duties set finished_at_ms = extract(epoch from clock_timestamp()) * 1000, problem = ${problem}::text,
      outcome = case when ${problem}::text is null then 'done' else 'failed' end,
      failures = case when ${problem}::text is null then 0 else failures + 1 end
    where name = ${name} and fence = ${token}::bigint`)
}
