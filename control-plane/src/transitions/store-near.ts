import { sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { executeKept } from '../database/kept.ts'
import type { TouchedRouter } from '../virtual-routers/observe.ts'
import { type Neighbour, type NeighbourRow, neighbourOf, windowsOf } from './store-read.ts'

/** The last of what is known of a router's roles: what is new, and a few observations around it. */
export interface NearTransitions {
  readonly observations: readonly Neighbour[]
  /** There may be more before these, none of them later than this. Null: these are all. */
  readonly cutMs: number | null
  /** Nothing later was left out, and nothing that its agent observed after something that is here. */
  readonly isTail: boolean
}

/** An agent of more routers than make so many transitions while one makes `near` is not looked through. */
const OWN_MAX = 256

/**
 * Of each router every transition between its two instants and `near` on either side, by corrected time. What is left out is
 * only asked whether an agent observed any of it after what is here, as it is when its clock was set back.
 */
export async function transitionsNear(
  tx: Transaction,
  routers: readonly TouchedRouter[],
  near: number,
): Promise<ReadonlyMap<string, NearTransitions>> {
  const rows = await executeKept<NearRow>(
    tx,
    sql`
    with near as materialized (${windowsOf(routers, near)}
    ), own as (
      select router, agent_id, epoch, min(seq) as first_seq, count(*) as here from near group by router, agent_id, epoch
    ), crossed as (
      select o.router, bool_or(c.mine <> o.here or c.looked_at = ${OWN_MAX}) as crosses
      from own o cross join lateral (
        select count(*) filter (where e.virtual_router_id = o.router) as mine, count(*) as looked_at
        from (select t.virtual_router_id from transitions t
          where t.agent_id = o.agent_id and t.epoch = o.epoch and t.seq >= o.first_seq limit ${OWN_MAX}::int) e
      ) c group by o.router
    )
    select n.*, a.started_at_ms, c.crosses
    from near n join crossed c on c.router = n.router
    cross join lateral (
      select started_at_ms from agent_epochs where agent_id = n.agent_id and epoch = n.epoch offset 0) a
    order by n.occurred_at_ms`,
  )
  const byRouter = new Map<string, NearRow[]>()
  for (const row of rows) {
    const own = byRouter.get(row.router) ?? []
    byRouter.set(row.router, own)
    own.push(row)
  }
  return new Map(routers.map((router) => [router.id, nearOf(router, byRouter.get(router.id) ?? [], near)]))
}

interface NearRow extends NeighbourRow {
  readonly crosses: boolean
}

function nearOf({ fromMs, toMs }: TouchedRouter, rows: readonly NearRow[], near: number): NearTransitions {
  const [first] = rows
  const isCut = rows.filter((row) => row.occurred_at_ms < fromMs).length >= near
  const isFullAfter = rows.filter((row) => row.occurred_at_ms > toMs).length >= near
  return {
    observations: rows.map(neighbourOf),
    cutMs: isCut && first !== undefined ? first.occurred_at_ms : null,
    isTail: first?.crosses === false && !isFullAfter,
  }
}
