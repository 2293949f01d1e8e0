import type { Timeline } from '@aloft/shared/api/availability'
import type { Queryable } from '../database/client.ts'
import type { Reach } from '../database/reach.ts'
import { isoInstant } from '../http/instant.ts'
import { isId } from '../http/list-query.ts'
import { Invalid, NotFound } from '../problems.ts'
import { type Segment, segmentsOf } from './derive.ts'
import { type RouterHistory, readHistories } from './history.ts'
import { type Lane, lanesOf } from './lanes.ts'
import { isWithinReach, selectEnds } from './store-read.ts'
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
  const history = (await readHistories(db, [{ id, fromMs, toMs }])).get(id)
  const nodes = history?.nodes ?? []
  const names = new Map(nodes.map(({ agentId, node }) => [agentId, node] as const))
  const segments = fromMs < toMs ? segmentsOf(nodes, fromMs, toMs) : []
  return {
    virtualRouter: id,
    from: isoInstant(fromMs),
    to: isoInstant(toMs),
    states: segments.map(({ state, actives, ...span }) => ({
      ...spanOf(span),
      state,
      active: actives.map((agentId) => names.get(agentId) ?? agentId),
    })),
    nodes: nodes.map((node) => ({
      agentId: node.agentId,
      node: node.node,
      roles: rolesOf(lanesOf(node), fromMs, toMs),
    })),
    outages: await outagesOf(db, id, segments),
    gaps: gapsOf(history, names, { fromMs, toMs }),
  }
}

function spanOf({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }) {
  return { from: isoInstant(fromMs), to: isoInstant(toMs) }
}

/** Lanes that differ in what was heard only are one. */
function rolesOf(lanes: readonly Lane[], fromMs: number, toMs: number): Timeline['nodes'][number]['roles'] {
  const joined: Lane[] = []
  for (const lane of lanes) {
    if (lane.toMs <= fromMs || lane.fromMs >= toMs) continue
    const cut = { ...lane, fromMs: Math.max(lane.fromMs, fromMs), toMs: Math.min(lane.toMs, toMs) }
    const last = joined.at(-1)
    if (last?.role === cut.role && last.cause === cut.cause)
      joined[joined.length - 1] = { ...last, toMs: cut.toMs }
    else joined.push(cut)
  }
  return joined.map((lane) => ({ ...spanOf(lane), role: lane.role, unknownBecause: lane.cause }))
}

/** An outage ends in the instant of the failover that ended it. */
async function outagesOf(
  db: Queryable,
  router: string,
  segments: readonly Segment[],
): Promise<Timeline['outages']> {
  const down = segments.filter(({ state }) => state === 'down')
  const [first, last] = [down[0], down.at(-1)]
  if (first === undefined || last === undefined) return []
  const ends = await selectEnds(db, router, { fromMs: first.fromMs, toMs: last.toMs })
  const byInstant = new Map(ends.map((end) => [end.occurred_at_ms, end] as const))
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
