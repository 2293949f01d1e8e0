import { createHash } from 'node:crypto'
import type { Transaction } from '../database/client.ts'
import type { EventKey } from '../database/schema/index.ts'
import {
  type NearTransitions,
  type Neighbour,
  transitionsAround,
  transitionsNear,
} from '../transitions/read.ts'
import type { TouchedRouter } from '../virtual-routers/observe.ts'
import { type DerivedFailover, deriveFailovers } from './derive.ts'
import { deriveNear } from './near.ts'
import { type FailoverRow, putFailovers } from './store-record.ts'

/**
 * How many observations of a router before and after the new ones are looked at. A failover is derived again when
 * fewer than half as many lie between it and something new: it then has at least the other half for its context.
 * Evidence that is more observations of its router away than that (a node cut off for days while its peers
 * changed dozens of times) no longer joins the row; the row itself, derived when it was near, stays.
 */
const NEIGHBOURS = 64

/** How many are looked at first. They suffice unless clocks went wrong, nodes changed places, or much comes at once. */
const NEAR = 12

/**
 * Derives anew the failovers that these new transitions, named like those that are there, can have changed, and writes
 * those that differ. The routers must be locked. Returns the ids of the failovers that are new or different.
 */
export async function recordFailovers(
  tx: Transaction,
  routers: readonly TouchedRouter[],
  fresh: readonly EventKey[],
): Promise<readonly string[]> {
  if (routers.length === 0 || fresh.length === 0) return []
  const near = await transitionsNear(tx, routers, NEAR)
  const freshIds = new Set(fresh.map(({ agentId, epoch, seq }) => `${agentId}/${epoch}/${seq}`))
  const rows: FailoverRow[] = []
  const open: TouchedRouter[] = []
  for (const router of routers) {
    const found = nearRowsOf(router, near.get(router.id), freshIds)
    if (found === null) open.push(router)
    else rows.push(...found)
  }
  const around = open.length === 0 ? null : await transitionsAround(tx, open, NEIGHBOURS)
  for (const router of open) rows.push(...failoversOf(router, around?.get(router.id) ?? []))
  return rows.length === 0 ? [] : putFailovers(tx, rows)
}

/** Null when what is near does not tell. */
function nearRowsOf(
  router: TouchedRouter,
  near: NearTransitions | undefined,
  freshIds: ReadonlySet<string>,
): readonly FailoverRow[] | null {
  if (near === undefined || !near.isTail) return null
  const failovers = deriveNear(near, ({ id }) => freshIds.has(id))
  return failovers === null ? null : rowsOf(router, failovers, near.observations)
}

function failoversOf(router: TouchedRouter, neighbours: readonly Neighbour[]): readonly FailoverRow[] {
  const before = neighbours.filter(({ atMs }) => atMs < router.fromMs)
  const after = neighbours.filter(({ atMs }) => atMs > router.toMs)
  const margin = NEIGHBOURS / 2
  // A side that is not full shows the whole history there is on that side.
  const first = before.length < NEIGHBOURS ? undefined : before.at(-margin)
  const last = after.length < NEIGHBOURS ? undefined : after.at(margin - 1)
  const failovers = deriveFailovers(neighbours).filter(
    ({ became: { atMs } }) => atMs >= (first?.atMs ?? atMs) && atMs <= (last?.atMs ?? atMs),
  )
  return rowsOf(router, failovers, neighbours)
}

function rowsOf(
  router: TouchedRouter,
  failovers: readonly DerivedFailover[],
  neighbours: readonly Neighbour[],
): readonly FailoverRow[] {
  const byId = new Map(neighbours.map((neighbour) => [neighbour.id, neighbour] as const))
  return failovers.flatMap((failover) => rowOf(router, failover, byId))
}

function rowOf(
  router: TouchedRouter,
  { became, from, reason, planned, evidence }: DerivedFailover,
  byId: ReadonlyMap<string, Neighbour>,
): FailoverRow[] {
  const event = byId.get(became.id)
  if (event === undefined) return []
  return [
    {
      id: failoverId(event.key),
      siteId: router.siteId,
      virtualRouterId: router.id,
      vrid: router.vrid,
      fromAgentId: from,
      toAgentId: became.agentId,
      reason,
      planned,
      occurredAtMs: event.atMs,
      occurredAtErrorMs: event.errorMs,
      receivedAtMs: event.receivedAtMs,
      late: event.late,
      outageMs: became.body.outageMs,
      evidence: evidence.flatMap((id) => byId.get(id)?.key ?? []),
    },
  ]
}

/** The same for ever, so that deriving a failover again meets the same row. */
function failoverId({ agentId, epoch, seq }: EventKey): string {
  return createHash('sha256').update(`${agentId}/${epoch}/${seq}`).digest('hex').slice(0, 32)
}
