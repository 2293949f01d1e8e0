import { sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { executeKept } from '../database/kept.ts'
import { recordset } from '../database/recordset.ts'
import type { EventKey } from '../database/schema/index.ts'
import { HEARS_AFTER_MS } from './lanes.ts'

/** When an agent was seen on a boot of its host. */
export interface Sighting {
  readonly agentId: string
  readonly bootId: string
  readonly firstMs: number
  readonly lastMs: number
}

/** Widens what is known of boots. Gives the agents that were seen on a new boot, and when they were last seen before. */
export async function putSightings(
  tx: Transaction,
  sightings: readonly Sighting[],
): Promise<readonly { readonly agentId: string; readonly beforeMs: number }[]> {
  const rows = await tx.execute<{ agent_id: string; before_ms: number }>(sql`
    with put as (
      insert into agent_boots as b (agent_id, boot_id, first_ms, last_ms)
      select * from ${recordset(sightings, 'as r("agentId" uuid, "bootId" text, "firstMs" float8, "lastMs" float8)')}
      order by 1, 2
      on conflict (agent_id, boot_id) do update set first_ms = least(b.first_ms, excluded.first_ms),
        last_ms = greatest(b.last_ms, excluded.last_ms)
      where excluded.first_ms < b.first_ms or excluded.last_ms > b.last_ms
      returning b.agent_id, b.first_ms, (xmax = 0) as fresh)
    select p.agent_id, coalesce(
      (select max(o.last_ms) from agent_boots o where o.agent_id = p.agent_id and o.first_ms < p.first_ms),
      p.first_ms) as before_ms
    from put p where p.fresh`)
  return rows.map((row) => ({ agentId: row.agent_id, beforeMs: row.before_ms }))
}

export interface GapRow extends EventKey {
  /** Null: since the agent was last seen. */
  readonly fromMs: number | null
  /** Null: until the next event of the spool. */
  readonly toMs: number | null
  readonly cause: string
  readonly events: number | null
}

/** Writes gaps, those without a beginning from when the agent was last seen. Must come before its new sightings. */
export async function putGaps(
  tx: Transaction,
  gaps: readonly GapRow[],
  nowMs: number,
): Promise<readonly { readonly agentId: string; readonly beforeMs: number }[]> {
  const rows = await tx.execute<{ agent_id: string; from_ms: number }>(sql`
    insert into agent_gaps (agent_id, epoch, seq, from_ms, to_ms, cause, events)
    select g."agentId", g.epoch, g.seq, coalesce(g."fromMs",
        (select max(b.last_ms) from agent_boots b where b.agent_id = g."agentId"), g."toMs", ${nowMs}::float8),
      g."toMs", g.cause, g.events
    from ${recordset(
      gaps,
      `as g("agentId" uuid, epoch text, seq bigint, "fromMs" float8, "toMs" float8, cause text, events integer)`,
    )}
    on conflict do nothing returning agent_id, from_ms`)
  return rows.map((row) => ({ agentId: row.agent_id, beforeMs: row.from_ms }))
}

/** The first event of a spool after what it no longer had ends that gap. */
export async function closeGaps(
  tx: Transaction,
  first: readonly { readonly agentId: string; readonly epoch: string; readonly atMs: number }[],
): Promise<void> {
  await executeKept(
    tx,
    sql`
    update agent_gaps g set to_ms = greatest(f."atMs", g.from_ms)
    from ${recordset(first, 'as f("agentId" uuid, epoch text, "atMs" float8)')}
    where g.agent_id = f."agentId" and g.epoch = f.epoch and g.to_ms is null`,
  )
}

/** A session of another boot is about to take the place of the last one: until when that one was heard. */
export async function keepLastSeen(tx: Transaction, agentId: string): Promise<void> {
  await executeKept(
    tx,
    sql`
    insert into agent_boots as b (agent_id, boot_id, first_ms, last_ms)
    select agent_id, boot_id, connected_at_ms, last_seen_at_ms from agent_sessions where agent_id = ${agentId}::uuid
    on conflict (agent_id, boot_id) do update set last_ms = greatest(b.last_ms, excluded.last_ms)`,
  )
}

/** The routers these agents take part in have to be summed up again from those instants on. */
export async function markRoutersOf(
  tx: Transaction,
  agents: readonly { readonly agentId: string; readonly beforeMs: number }[],
): Promise<void> {
  await executeKept(
    tx,
    sql`
    with changed as (
      select m.virtual_router_id as id, min(a."beforeMs") as from_ms
      from ${recordset(agents, 'as a("agentId" uuid, "beforeMs" float8)')}
      join virtual_router_members m on m.agent_id = a."agentId" group by 1)
    update availability_routers v set marks = v.marks + 1, stale_from_ms = least(v.stale_from_ms, c.from_ms)
    from changed c where c.id = v.virtual_router_id and c.from_ms < v.computed_until_ms`,
  )
}

/**
 * New transitions change what is known from shortly before them on; those that came after later ones, or do not go on
 * where the one before ended, from that one on.
 */
export async function markTransitions(tx: Transaction, keys: readonly EventKey[]): Promise<void> {
  await executeKept(
    tx,
    sql`
    with changed as (
      select n.virtual_router_id as id, min(case
          when p.role = coalesce(n.body ->> 'from', n.body ->> 'role') and not exists (
            select 1 from transitions f where f.virtual_router_id = n.virtual_router_id and f.agent_id = n.agent_id
              and f.occurred_at_ms > n.occurred_at_ms)
          then n.occurred_at_ms else coalesce(p.occurred_at_ms, n.occurred_at_ms) end) - ${HEARS_AFTER_MS}::float8 as from_ms
      from ${recordset(keys, 'as k("agentId" uuid, epoch text, seq bigint)')}
      cross join lateral (
        select * from transitions t where t.agent_id = k."agentId" and t.epoch = k.epoch and t.seq = k.seq offset 0) n
      left join lateral (
        select o.occurred_at_ms, coalesce(o.body ->> 'to', o.body ->> 'role') as role from transitions o
        where o.virtual_router_id = n.virtual_router_id and o.agent_id = n.agent_id
          and o.occurred_at_ms <= n.occurred_at_ms and (o.epoch, o.seq) <> (n.epoch, n.seq)
        order by o.occurred_at_ms desc limit 1) p on true
      group by 1)
    update availability_routers v set marks = v.marks + 1, stale_from_ms = least(v.stale_from_ms, c.from_ms)
    from changed c where c.id = v.virtual_router_id and c.from_ms < v.computed_until_ms`,
  )
}
