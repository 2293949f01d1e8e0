/**
 * From what is known of every node to the state of a virtual router at each instant, and to sums over periods. The result
 * depends on what was observed only, never on the order in which it arrived.
 */
import type { ServiceState } from '@aloft/shared/api/availability'
import { type Lane, lanesOf, type NodeHistory } from './lanes.ts'

/** A period in which a router's state did not change. `actives`: the agents known to be active, by id. */
export interface Segment {
  readonly fromMs: number
  readonly toMs: number
  readonly state: ServiceState
  readonly actives: readonly string[]
}

/**
 * The state of a router, from what is known of its nodes at one instant:
 *
 *   two or more active                               degraded
 *   one active                                       served
 *   none, and a backup hears one                     served, by somebody who cannot be seen
 *   none, and a backup that then took over heard none   down
 *   none, and a node of which nothing is known, or a backup that may hear one   unknown
 *   none, and every node is known to take no part    down
 *   no node at all                                   unknown
 */
export function stateFrom(lanes: readonly Pick<Lane, 'state'>[]): ServiceState {
  const count = (state: Lane['state']) => lanes.filter((lane) => lane.state === state).length
  const actives = count('active')
  if (actives > 0) return actives > 1 ? 'degraded' : 'served'
  if (count('hearing') > 0) return 'served'
  if (count('deaf') > 0) return 'down'
  return count('unknown') + count('unsure') > 0 || lanes.length === 0 ? 'unknown' : 'down'
}

/** What is known of one node of a router. */
export interface NodeLanes {
  readonly agentId: string
  readonly lanes: readonly Lane[]
}

/** The states of a router over a period, without a hole. */
export function segmentsOf(nodes: readonly NodeHistory[], fromMs: number, toMs: number): readonly Segment[] {
  const lanes = nodes.map((node) => ({ agentId: node.agentId, lanes: lanesOf(node) }))
  return segmentsOfLanes(lanes, fromMs, toMs)
}

export function segmentsOfLanes(
  nodes: readonly NodeLanes[],
  fromMs: number,
  toMs: number,
): readonly Segment[] {
  const lanes = nodes.map(({ agentId, lanes }) => ({
    agentId,
    lanes: lanes.filter((lane) => lane.fromMs < toMs && lane.toMs > fromMs),
    at: 0,
  }))
  const cuts = new Set([fromMs, toMs])
  for (const { lanes: own } of lanes)
    for (const lane of own) {
      if (lane.fromMs > fromMs) cuts.add(lane.fromMs)
      if (lane.toMs < toMs) cuts.add(lane.toMs)
    }
  const instants = Float64Array.from(cuts).sort()
  const segments: Segment[] = []
  for (let i = 0; i + 1 < instants.length; i++) {
    const [from, to] = [instants[i] ?? fromMs, instants[i + 1] ?? toMs]
    const now: Lane[] = []
    const actives: string[] = []
    for (const node of lanes) {
      while ((node.lanes[node.at]?.toMs ?? Number.POSITIVE_INFINITY) <= from) node.at += 1
      const lane = node.lanes[node.at]
      if (lane === undefined || lane.fromMs > from) continue
      now.push(lane)
      if (lane.state === 'active') actives.push(node.agentId)
    }
    append(segments, { fromMs: from, toMs: to, state: stateFrom(now), actives })
  }
  return segments
}

/** Joins a segment to the one before if nothing changed between them. */
function append(segments: Segment[], segment: Segment): void {
  const last = segments.at(-1)
  if (last?.state === segment.state && last.actives.join() === segment.actives.join())
    segments[segments.length - 1] = { ...last, toMs: segment.toMs }
  else segments.push(segment)
}

/**
 * What several routers do for one address, each with its segments over the same period: the address is as good as the
 * best of them, and degraded when two serve it.
 */
export function mergeSegments(routers: readonly (readonly Segment[])[]): readonly Segment[] {
  const [only] = routers
  if (only !== undefined && routers.length === 1) return only
  const instants = [...new Set(routers.flat().flatMap(({ fromMs, toMs }) => [fromMs, toMs]))].sort(
    (left, right) => left - right,
  )
  const segments: Segment[] = []
  for (let i = 0; i + 1 < instants.length; i++) {
    const [from, to] = [instants[i] ?? 0, instants[i + 1] ?? 0]
    const now = routers.flatMap((own) => own.find(({ fromMs, toMs }) => fromMs <= from && toMs > from) ?? [])
    const has = (state: ServiceState) => now.some((segment) => segment.state === state)
    const serving = now.filter(({ state }) => state === 'served').length
    const state = serving > 1 || has('degraded') ? 'degraded' : (BEST.find(has) ?? 'unknown')
    append(segments, { fromMs: from, toMs: to, state, actives: now.flatMap(({ actives }) => actives) })
  }
  return segments
}

const BEST: readonly ServiceState[] = ['served', 'unknown', 'down', 'excluded']

/** How long a router was in each state, and how often it went down, within one period. */
export interface Sums {
  readonly servedMs: number
  readonly degradedMs: number
  readonly downMs: number
  readonly unknownMs: number
  readonly excludedMs: number
  readonly outages: number
}

export interface PeriodSums extends Sums {
  readonly startMs: number
}

/**
 * Sums for each whole period of `stepMs` between two of its multiples. An outage counts where it begins; that of the
 * first segment is not known, so `segments` begin earlier than `fromMs`.
 */
export function sumsOf(
  segments: readonly Segment[],
  { fromMs, toMs, stepMs }: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
): readonly PeriodSums[] {
  const sums: PeriodSums[] = []
  let first = 0
  for (let startMs = fromMs; startMs < toMs; startMs += stepMs) {
    const endMs = Math.min(startMs + stepMs, toMs)
    while ((segments[first]?.toMs ?? Number.POSITIVE_INFINITY) <= startMs) first += 1
    const totals = { served: 0, degraded: 0, down: 0, unknown: 0, excluded: 0 }
    let outages = 0
    for (let i = first; i < segments.length; i++) {
      const segment = segments[i]
      if (segment === undefined || segment.fromMs >= endMs) break
      totals[segment.state] += Math.min(segment.toMs, endMs) - Math.max(segment.fromMs, startMs)
      if (segment.state === 'down' && segment.fromMs >= startMs && i > 0) outages += 1
    }
    const { served, degraded, down, unknown, excluded } = totals
    const times = { servedMs: served, degradedMs: degraded, downMs: down, unknownMs: unknown }
    sums.push({ startMs, ...times, excludedMs: excluded, outages })
  }
  return sums
}
