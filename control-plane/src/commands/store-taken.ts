import { sql } from 'drizzle-orm'
import { announce } from '../database/after-commit.ts'
import type { Transaction } from '../database/client.ts'
import { databaseNow, isOpen } from '../database/live-session.ts'

const ONCE_IN_MS = 1_000

/**
 * Orders a `report` of each agent that a peer took over from since its last word, in these routers or in any, if its
 * session is open, it was not asked since, and not within the last second.
 */
export async function insertReportsOfTaken(
  tx: Transaction,
  asked: { readonly routerIds: readonly string[] | null; readonly nowMs: number; readonly ttlMs: number },
): Promise<void> {
  const { routerIds, nowMs, ttlMs } = asked
  const inThese =
    routerIds === null
      ? sql``
      : sql`and m.virtual_router_id in (select x::uuid
          from jsonb_array_elements_text(${JSON.stringify(routerIds)}::text::jsonb) x)`
  const rows = await tx.execute<{ id: string }>(sql`
    insert into commands (agent_id, kind, created_by, created_at_ms, expires_at_ms)
    select m.agent_id, 'report', 'system:takeover', ${nowMs}::float8, ${nowMs + ttlMs}::float8
    from virtual_router_members m join agent_sessions s on s.agent_id = m.agent_id
    where m.role = 'active' and m.taken_at_ms > s.last_seen_at_ms ${inThese}
      and ${isOpen(sql`s`)} and s.synced and s.router_alive is not false
    group by m.agent_id
    having not exists (select 1 from commands c where c.agent_id = m.agent_id and c.kind = 'report'
      and c.created_at_ms between ${nowMs}::float8 - greatest(${ONCE_IN_MS}, ${databaseNow} - max(m.taken_at_ms))
        and ${nowMs}::float8 + ${ONCE_IN_MS})
    returning id`)
  const newest = rows.at(-1)
  if (newest !== undefined) announce(tx, 'commands', newest.id)
}
