import { sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { recordset } from '../database/recordset.ts'
import type { EventKey, failovers } from '../database/schema/index.ts'
import type { TouchedRouter } from '../virtual-routers/observe.ts'
import type { Observation } from './derive.ts'

/** An event about a router, near the new ones. */
export interface Neighbour extends Observation {
  readonly key: EventKey
  readonly receivedAtMs: number
  readonly late: boolean
}

export type FailoverRow = typeof failovers.$inferInsert

/**
 * Of each router: every observation between its two instants and `neighbours` more on either side, by corrected
 * time. One query for all routers.
 */
export async function observationsAround(
  tx: Transaction,
  routers: readonly TouchedRouter[],
  neighbours: number,
): Promise<ReadonlyMap<string, readonly Neighbour[]>> {
  const select = sql`select e.agent_id, e.epoch, e.seq, e.occurred_at_ms, e.occurred_at_error_ms, e.received_at_ms,
      e.late, e.body from events e
    where e.site_id = r."siteId" and e.vrid = r.vrid and e.family = r.family and e.virtual_router = r.name
      and e.kind in ('transition', 'resumed')`
  const rows = await tx.execute<NeighbourRow>(sql`
    select r.id as router, n.*, a.started_at_ms
    from ${recordset(
      routers,
      'as r(id uuid, "siteId" uuid, name text, vrid integer, family text, "fromMs" float8, "toMs" float8)',
    )}
    cross join lateral (
      (${select} and e.occurred_at_ms < r."fromMs" order by e.occurred_at_ms desc limit ${neighbours}::int)
      union all (${select} and e.occurred_at_ms between r."fromMs" and r."toMs")
      union all (${select} and e.occurred_at_ms > r."toMs" order by e.occurred_at_ms limit ${neighbours}::int)
    ) n
    join agent_epochs a on a.agent_id = n.agent_id and a.epoch = n.epoch
    order by n.occurred_at_ms`)
  const byRouter = new Map<string, Neighbour[]>()
  for (const row of rows) {
    const own = byRouter.get(row.router) ?? []
    byRouter.set(row.router, own)
    own.push(neighbourOf(row))
  }
  return byRouter
}

interface NeighbourRow extends Record<string, unknown> {
  readonly router: string
  readonly agent_id: string
  readonly epoch: string
  readonly seq: string
  readonly occurred_at_ms: number
  readonly occurred_at_error_ms: number | null
  readonly received_at_ms: number
  readonly late: boolean
  readonly body: Observation['body']
  readonly started_at_ms: number
}

function neighbourOf(row: NeighbourRow): Neighbour {
  const key = { agentId: row.agent_id, epoch: row.epoch, seq: Number(row.seq) }
  return {
    id: `${key.agentId}/${key.epoch}/${key.seq}`,
    key,
    agentId: key.agentId,
    epochOrder: row.started_at_ms,
    seq: key.seq,
    atMs: row.occurred_at_ms,
    errorMs: row.occurred_at_error_ms,
    receivedAtMs: row.received_at_ms,
    late: row.late,
    body: row.body,
  }
}

/** Writes the rows that are new or differ from what is there, and returns their ids. */
export async function putFailovers(
  tx: Transaction,
  rows: readonly FailoverRow[],
): Promise<readonly string[]> {
  const written = await tx.execute<{ id: string }>(sql`
    insert into failovers as f (id, site_id, virtual_router_id, vrid, from_agent_id, to_agent_id, reason, planned,
      occurred_at_ms, occurred_at_error_ms, received_at_ms, late, outage_ms, evidence)
    select * from ${recordset(
      rows,
      `as r(id text, "siteId" uuid, "virtualRouterId" uuid, vrid integer, "fromAgentId" uuid, "toAgentId" uuid,
        reason text, planned boolean, "occurredAtMs" float8, "occurredAtErrorMs" float8, "receivedAtMs" float8,
        late boolean, "outageMs" float8, evidence jsonb)`,
    )}
    on conflict (id) do update set from_agent_id = excluded.from_agent_id, reason = excluded.reason,
      planned = excluded.planned, evidence = excluded.evidence
    where (f.from_agent_id, f.reason, f.planned, f.evidence) is distinct from
      (excluded.from_agent_id, excluded.reason, excluded.planned, excluded.evidence)
    returning id`)
  return written.map(({ id }) => id)
}
