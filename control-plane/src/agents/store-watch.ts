import { type SQL, sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { agentState, databaseNow, isOpen, joinLiveSession } from '../database/live-session.ts'
import { AMNESTY_MARGIN_MS, AMNESTY_MS, REPLICA_LEASE_MS } from './absence.ts'

/**
 * How long nobody's absence means anything after the centre was away for `awayMs`: two heartbeats, or what the spread of
 * the whole fleet takes (200 agents a second, 120 s at most), or what an agent's back-off has grown to (60 s at most).
 */
export function amnesty(awayMs: SQL): SQL {
  return sql`(greatest(${AMNESTY_MS}, least((select count(*) from agents) / 200.0 * 1000, 120000),
    least(${awayMs}, 60000)) + ${AMNESTY_MARGIN_MS})`
}

/** Schedulers tick once a minute or so; one that has stopped is noticed within this. */
const TICK_GAP_MS_MAX = 600_000

/**
 * A sign of life of the centre, good for `goodForMs`; null: for two and a half times as long as the last one was ago. Nobody gave one in time, or the clock was set back: then the centre
 * was away, and an amnesty begins. True then.
 */
export async function signOfLife(tx: Transaction, goodForMs: number | null): Promise<boolean> {
  const now = databaseNow
  const first = goodForMs ?? REPLICA_LEASE_MS
  const next =
    goodForMs === null
      ? sql`least(greatest(2.5 * (${now} - w.seen_at_ms), ${first}::float8), ${TICK_GAP_MS_MAX})`
      : sql`${goodForMs}::float8`
  const wasAway = sql`(${now} > w.due_at_ms or ${now} < w.seen_at_ms - 1000)`
  const [row] = await tx.execute<{ back: boolean }>(sql`
    insert into centre_watch as w (id, seen_at_ms, due_at_ms, away_since_ms, back_at_ms, amnesty_until_ms)
    values (1, ${now}, ${now} + ${first}::float8, 0, ${now}, ${now} + ${amnesty(sql`60000`)})
    on conflict (id) do update set seen_at_ms = ${now},
      due_at_ms = greatest(case when ${wasAway} then 0 else w.due_at_ms end, ${now} + ${next}),
      away_since_ms = case when ${wasAway} then least(w.seen_at_ms, ${now}) else w.away_since_ms end,
      back_at_ms = case when ${wasAway} then ${now} else w.back_at_ms end,
      amnesty_until_ms = case when ${wasAway} then ${now} + ${amnesty(sql`greatest(${now} - w.seen_at_ms, 0)`)}
        else w.amnesty_until_ms end
    returning back_at_ms = ${now} as back`)
  return row?.back === true
}

/** This replica lives. One that seems to live in the future was written before the clock was set back. */
export async function renewLease(tx: Transaction, replica: string): Promise<void> {
  await tx.execute(sql`insert into replicas (id, started_at_ms, seen_at_ms)
    values (${replica}, ${databaseNow}, ${databaseNow}) on conflict (id) do update set seen_at_ms = excluded.seen_at_ms`)
  await tx.execute(
    sql`update replicas set seen_at_ms = ${databaseNow} where seen_at_ms > ${databaseNow} + 1000`,
  )
}

/**
 * Ends the sessions of replicas that died, on the centre's account, and forgets those replicas. Where the centre was away
 * as a whole, those that live have the time of a lease to say so first.
 */
export async function endSessionsOfDead(tx: Transaction): Promise<void> {
  const alive = sql`r.seen_at_ms >= ${databaseNow} - ${REPLICA_LEASE_MS}`
  const settled = sql`not exists (select 1 from centre_watch w where ${databaseNow} < w.back_at_ms + ${REPLICA_LEASE_MS})`
  const lastAlive = sql`coalesce((select r.seen_at_ms from replicas r where r.id = s.replica), s.last_seen_at_ms)`
  await tx.execute(sql`
    update agent_sessions s set disconnected_at_ms = ${lastAlive},
      excused_until_ms = greatest(${lastAlive} + ${amnesty(sql`0`)}, (select w.amnesty_until_ms from centre_watch w))
    where s.disconnected_at_ms is null and s.transport = 'websocket' and ${settled}
      and not exists (select 1 from replicas r where r.id = s.replica and ${alive})`)
  await tx.execute(sql`delete from replicas r where not ${alive} and ${settled}`)
}

/** Where the centre is just back, who lives shows within this; until then nothing is told. */
const SETTLING_MS = 5_000

/**
 * Of agents whose state is another than was last told: marks it told, and gives their ids. Those that are connected, and
 * told to be, are the many: they are passed over before anything is derived.
 */
export async function takeUntold(tx: Transaction): Promise<readonly string[]> {
  const rows = await tx.execute<{ agent_id: string }>(sql`
    with now_so as materialized (
      select a.id, ${agentState} as state
      from agent_sessions last join agents a on a.id = last.agent_id ${joinLiveSession}
      where last.told_state is distinct from 'connected' or not ${isOpen(sql`last`)})
    update agent_sessions u set told_state = now_so.state from now_so
    where u.agent_id = now_so.id and u.told_state is distinct from now_so.state
      and not exists (select 1 from centre_watch w where ${databaseNow} < w.back_at_ms + ${SETTLING_MS})
    returning u.agent_id`)
  return rows.map((row) => row.agent_id)
}

/** Tells at once of an agent that is connected, unless that was told last; false then. */
export async function tellConnected(tx: Transaction, agentId: string): Promise<boolean> {
  const rows = await tx.execute(sql`update agent_sessions set told_state = 'connected'
    where agent_id = ${agentId}::uuid and told_state is distinct from 'connected' returning 1`)
  return rows.length > 0
}

/** Whether another replica lives, by its lease. */
export async function selectNeighbours(db: Queryable, replica: string): Promise<boolean> {
  const rows = await db.execute(sql`select 1 from replicas r
    where r.id <> ${replica} and r.seen_at_ms >= ${databaseNow} - ${REPLICA_LEASE_MS} limit 1`)
  return rows.length > 0
}

export async function dropReplica(db: Queryable, replica: string): Promise<void> {
  await db.execute(sql`delete from replicas where id = ${replica}`)
}
