import type { Timeline } from '@aloft/shared/api/availability'
import type { Queryable } from '../database/client.ts'
import type { Reach } from '../database/reach.ts'
import { isoInstant } from '../http/instant.ts'
import { isId } from '../http/list-query.ts'
import { Invalid, NotFound } from '../problems.ts'
import { type Segment, segmentsOfLanes } from './derive.ts'
import { type RouterHistory, readHistories } from './history.ts'
import { type Lane, lanesOf } from './lanes.ts'
import { type EndedOutage, isWithinReach, selectEnds } from './store-read.ts'
import { DAY_MS } from './sum-up.ts'

export interface ReadTimeline {
  readonly reach: Reach
  readonly id: string
  readonly from?: number | undefined
  readonly to?: number | undefined
}

const DEFAULT_MS = DAY_MS
const LONGEST_MS = 100 * DAY_MS

/** What is known of a virtual router and of each of its nodes over a period that ends now at the latest. */
export async function readTimeline(db: Queryable, input: ReadTimeline, nowMs: number): Promise<Timeline> {
  const { reach, id } = input
  const toMs = Math.min(input.to ?? nowMs, nowMs)
  const fromMs = Math.min(input.from ?? toMs - DEFAULT_MS, toMs)
  if (toMs - fromMs > LONGEST_MS) {
    const message = 'a timeline is of 100 days at most; ask for a shorter one'
    throw new Invalid(`?from: ${message}`, [{ pointer: '?from', message }])
  }
  if (!isId(id) || !(await isWithinReach(db, reach, id)))
    throw new NotFound(`there is no virtual router ${id}`)
  const [histories, ends] = await Promise.all([
    readHistories(db, [{ id, fromMs, toMs }]),
    selectEnds(db, id, { fromMs, toMs }),
  ])
  const history = histories.get(id)
  const nodes = (history?.nodes ?? []).map((node) => ({ ...node, lanes: lanesOf(node) }))
  const names = new Map(nodes.map(({ agentId, node }) => [agentId, node] as const))
  const segments = fromMs < toMs ? segmentsOfLanes(nodes, fromMs, toMs) : []
  return {
    virtualRouter: id,
    from: isoInstant(fromMs),
    to: isoInstant(toMs),
    states: statesOf(segments, names),
    nodes: nodes.map((node) => ({
      agentId: node.agentId,
      node: node.node,
      roles: rolesOf(node.lanes, fromMs, toMs),
    })),
    outages: outagesOf(segments, ends),
    gaps: gapsOf(history, names, { fromMs, toMs }),
  }
}

function spanOf({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }) {
  return { from: isoInstant(fromMs), to: isoInstant(toMs) }
}

/** Of thousands of periods each begins where the last one ended: that instant is written once. */
function writeOnce(): (ms: number) => string {
  let last = { ms: Number.NaN, text: '' }
  return (ms) => {
    if (ms !== last.ms) last = { ms, text: isoInstant(ms) }
    return last.text
  }
}

function statesOf(segments: readonly Segment[], names: ReadonlyMap<string, string>): Timeline['states'] {
  const write = writeOnce()
  return segments.map(({ fromMs, toMs, state, actives }) => ({
    from: write(fromMs),
    to: write(toMs),
    state,
    active: actives.map((agentId) => names.get(agentId) ?? agentId),
  }))
}

/** Lanes that differ in what was heard only are one. */
function rolesOf(lanes: readonly Lane[], fromMs: number, toMs: number): Timeline['nodes'][number]['roles'] {
  const joined: { fromMs: number; toMs: number; role: Lane['role']; cause: Lane['cause'] }[] = []
  for (const lane of lanes) {
    if (lane.toMs <= fromMs || lane.fromMs >= toMs) continue
    const { role, cause } = lane
    const endMs = Math.min(lane.toMs, toMs)
    const last = joined.at(-1)
    if (last?.role === role && last.cause === cause) last.toMs = endMs
    else joined.push({ fromMs: Math.max(lane.fromMs, fromMs), toMs: endMs, role, cause })
  }
  const write = writeOnce()
  return joined.map((lane) => ({
    from: write(lane.fromMs),
    to: write(lane.toMs),
    role: lane.role,
    unknownBecause: lane.cause,
  }))
}

/** An outage ends in the instant of the failover that ended it. */
function outagesOf(segments: readonly Segment[], ends: readonly EndedOutage[]): Timeline['outages'] {
  const byInstant = new Map(ends.map((end) => [end.occurred_at_ms, end] as const))
  const down = segments.filter(({ state }) => state === 'down')
  return down.map((segment) => {
    const end = byInstant.get(segment.toMs)
    const durationMs = Math.round((segment.toMs - segment.fromMs) * 1000) / 1000
    return { ...spanOf(segment), durationMs, failover: end?.id ?? null, outageMs: end?.outage_ms ?? null }
  })
}

function gapsOf(
  history: RouterHistory | undefined,
  names: ReadonlyMap<string, string>,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Timeline['gaps'] {
  return (history?.gaps ?? [])
    .filter((gap) => gap.fromMs < toMs && gap.toMs >= fromMs)
    .map((gap) => ({
      agentId: gap.agentId,
      node: names.get(gap.agentId) ?? gap.agentId,
      ...spanOf({ fromMs: gap.fromMs, toMs: Math.min(gap.toMs, toMs) }),
      cause: gap.cause,
      events: gap.events,
    }))
}
