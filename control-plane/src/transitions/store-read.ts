import type { ResumedBody, TransitionBody } from '@aloft/shared/protocol/events'
import { type SQL, sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { executeKept } from '../database/kept.ts'
import { recordset } from '../database/recordset.ts'
import type { EventKey } from '../database/schema/index.ts'
import type { StoredEvent } from '../events/read.ts'
import type { TouchedRouter } from '../virtual-routers/observe.ts'

/** The transitions with these keys, in no order. */
export async function selectTransitions(
  db: Queryable,
  keys: readonly EventKey[],
): Promise<readonly StoredEvent[]> {
  return executeKept<StoredEvent>(
    db,
    sql`
    select e.agent_id, t.name as site, a.node, e.epoch, e.seq, e.wall_ms, e.mono_ms, e.boot_id, e.occurred_at_ms,
      e.occurred_at_error_ms, e.received_at_ms, e.late, e.body
    from ${recordset(keys, 'as k("agentId" uuid, epoch text, seq bigint)')}
    cross join lateral (
      select * from transitions t where t.agent_id = k."agentId" and t.epoch = k.epoch and t.seq = k.seq offset 0) e
    join agents a on a.id = e.agent_id join sites t on t.id = a.site_id`,
  )
}

/** What a node's role was, near something new about its router. */
export interface Neighbour {
  readonly id: string
  readonly key: EventKey
  readonly agentId: string
  /** The order of the agent's epochs among themselves; `seq` orders within one. */
  readonly epochOrder: number
  readonly seq: number
  readonly atMs: number
  readonly errorMs: number | null
  readonly receivedAtMs: number
  readonly late: boolean
  readonly body: TransitionBody | ResumedBody
}

/**
 * Of each router: every transition between its two instants and `neighbours` more on either side, by corrected time.
 * One query for all routers; epochs are joined once to all of it.
 */
export async function transitionsAround(
  tx: Transaction,
  routers: readonly TouchedRouter[],
  neighbours: number,
): Promise<ReadonlyMap<string, readonly Neighbour[]>> {
  const rows = await executeKept<NeighbourRow>(
    tx,
    sql`
    with n as materialized (${windowsOf(routers, neighbours)})
    select n.*, a.started_at_ms from n join agent_epochs a on a.agent_id = n.agent_id and a.epoch = n.epoch
    order by n.occurred_at_ms`,
  )
  const byRouter = new Map<string, Neighbour[]>()
  for (const row of rows) {
    const own = byRouter.get(row.router) ?? []
    byRouter.set(row.router, own)
    own.push(neighbourOf(row))
  }
  return byRouter
}

/** Of each router, as `router`, every transition between its two instants and `beside` more on either side. */
export function windowsOf(routers: readonly TouchedRouter[], beside: number): SQL {
  const select = sql`select e.agent_id, e.epoch, e.seq, e.occurred_at_ms, e.occurred_at_error_ms, e.received_at_ms,
      e.late, e.body from transitions e where e.virtual_router_id = r.id`
  const spans = routers.map(({ id, fromMs, toMs }) => ({ id, fromMs, toMs }))
  return sql`
    select r.id as router, w.*
    from ${recordset(spans, 'as r(id uuid, "fromMs" float8, "toMs" float8)')}
    cross join lateral (
      (${select} and e.occurred_at_ms < r."fromMs" order by e.occurred_at_ms desc limit ${beside}::int)
      union all (${select} and e.occurred_at_ms between r."fromMs" and r."toMs")
      union all (${select} and e.occurred_at_ms > r."toMs" order by e.occurred_at_ms limit ${beside}::int)
    ) w`
}

export interface NeighbourRow extends Record<string, unknown> {
  readonly router: string
  readonly agent_id: string
  readonly epoch: string
  readonly seq: string
  readonly occurred_at_ms: number
  readonly occurred_at_error_ms: number | null
  readonly received_at_ms: number
  readonly late: boolean
  readonly body: Neighbour['body']
  readonly started_at_ms: number
}

export function neighbourOf(row: NeighbourRow): Neighbour {
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
