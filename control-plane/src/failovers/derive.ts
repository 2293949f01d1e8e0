/**
 * From what every node of one virtual router observed to its failovers. The result depends on the set of
 * observations only, never on the order they arrived in, so a late spool refines a row and never doubles one.
 *
 * One failover for each time a node became active while another was known to have been active before; the first
 * election ever is none. Who was active before: the advertisement the new active last heard (its address, else its
 * priority), and only when that names nobody, the latest evidence of an active by corrected time.
 *
 * The reason, from both sides (`old` is how the previous active left its role, if it is known):
 *
 *   new active says            old active says                          failover
 *   no-response                shutdown, configuration                  that (its resignation was lost)
 *   no-response                anything else, nothing                   no-response
 *   preempted                  anything, nothing                        preempted
 *   priority                   shutdown, configuration, interface-down, that
 *                              no-primary-ip-address,
 *                              no-virtual-ip-addresses, tracker, sync-group, stall
 *   priority                   anything else, nothing                   priority
 *   startup, interface-up      higher-priority-backup                   preempted (an owner came back)
 *   anything else              anything, nothing                        what the new active says
 *
 * What the old active says counts only when it left its role before the new one took it (within clock error), or
 * when the new one heard it resign: a node that was cut off and stopped an hour later did not fail over by stopping.
 */
import type { ResumedBody, TransitionBody, TransitionReason } from '@aloft/shared/protocol/events'

/** One event about the virtual router. `atMs`: corrected time; its error is null when no clock offset was known. */
export interface Observation {
  readonly id: string
  readonly agentId: string
  /** The order of the agent's epochs among themselves; `seq` orders within one. */
  readonly epochOrder: number
  readonly seq: number
  readonly atMs: number
  readonly errorMs: number | null
  readonly body: TransitionBody | ResumedBody
}

/** A failover, named by the observation of the node that became active. `from` null: a router no agent runs on. */
export interface DerivedFailover {
  readonly became: Observation & { readonly body: TransitionBody }
  readonly from: string | null
  readonly reason: TransitionReason
  readonly planned: boolean
  /** Ids of observations, by corrected time: how the old active began and ended, how the new one began. */
  readonly evidence: readonly string[]
}

/** A node's time as active. `end` null: it is active still, or nobody saw how it ended. */
export interface Tenure {
  readonly start: Observation
  readonly end: Observation | null
}

/** Evidence that a node was active at an instant, and the observation that gives it. */
interface Claim {
  readonly agentId: string
  readonly atMs: number
  readonly by: Observation
}

interface History {
  readonly byAgent: ReadonlyMap<string, readonly Observation[]>
  readonly tenures: readonly Tenure[]
  /** Which agent each primary address belongs to. */
  readonly owners: ReadonlyMap<string, string>
  /** The agents that never said their address. */
  readonly unnamed: ReadonlySet<string>
}

/** With no measured clock offset, a corrected time may be wrong by this much and still be taken for "before". */
export const UNKNOWN_ERROR_MS = 1_000

const PLANNED: ReadonlySet<TransitionReason> = new Set(['shutdown', 'configuration', 'step-down'])
const LEFT_ON_ITS_OWN: ReadonlySet<TransitionReason> = new Set([
  ...PLANNED,
  'interface-down',
  'no-primary-ip-address',
  'no-virtual-ip-addresses',
  'no-peers',
  'tracker',
  'sync-group',
  'stall',
])

/** Derives all failovers that the observations of one virtual router show, in corrected time order. */
export function deriveFailovers(observations: readonly Observation[]): readonly DerivedFailover[] {
  const history = historyOf(observations)
  const claims = claimsOf(history)
  const failovers = [...history.byAgent.values()].flat().flatMap((became) => {
    if (!becomesActive(became)) return []
    const previous = previousActive(history, claims, became)
    if (previous === 'nobody') return []
    const from = previous === 'foreign' ? null : previous.agentId
    return [join(became, from, from === null ? null : tenureBefore(history, from, became))]
  })
  return failovers.sort((left, right) => inTime(left.became, right.became))
}

/** What was heard came from another node, so time may then name only another one. */
function previousActive(
  history: History,
  claims: readonly Claim[],
  became: DerivedFailover['became'],
): { readonly agentId: string } | 'foreign' | 'nobody' {
  const heard = whoWasHeard(history, became)
  if (heard !== 'unknown') return heard
  if (became.body.heard === null) return latestBefore(history, claims, became) ?? 'nobody'
  const others = claims.filter(({ agentId }) => agentId !== became.agentId)
  return latestBefore(history, others, became) ?? 'foreign'
}

function join(
  became: DerivedFailover['became'],
  from: string | null,
  tenure: Tenure | null,
): DerivedFailover {
  const end = tenure?.end ?? null
  const reason = reasonOf(became, end)
  const sides = [tenure?.start, end, became].filter((side) => side !== null && side !== undefined)
  const unique = [...new Map(sides.map((side) => [side.id, side])).values()]
  return {
    became,
    from,
    reason,
    planned: PLANNED.has(reason),
    evidence: unique.sort(inTime).map(({ id }) => id),
  }
}

function reasonOf({ body, ...became }: DerivedFailover['became'], end: Observation | null): TransitionReason {
  if (end === null || end.body.kind !== 'transition' || end.body.from !== 'active') return body.reason
  const old = end.body.reason
  if (body.reason === 'startup' || body.reason === 'interface-up')
    return old === 'higher-priority-backup' ? 'preempted' : body.reason
  const resignationHeard = body.reason === 'priority' && body.heard !== null
  if (!resignationHeard && !leftBefore(end, became)) return body.reason
  if (body.reason === 'priority' && LEFT_ON_ITS_OWN.has(old)) return old
  if (body.reason === 'no-response' && PLANNED.has(old)) return old
  return body.reason
}

function leftBefore(end: Observation, became: Omit<Observation, 'body'>): boolean {
  if (end.agentId === became.agentId) return inOrder(end, became) < 0
  return end.atMs <= became.atMs + errorOf(end) + errorOf(became)
}

function historyOf(observations: readonly Observation[]): History {
  const byAgent = observedBy(observations)
  const owners = new Map<string, string>()
  for (const [agentId, own] of byAgent)
    for (const { body } of own)
      if (body.kind === 'transition' && body.source) owners.set(body.source, agentId)
  const named = new Set(owners.values())
  const unnamed = new Set([...byAgent.keys()].filter((agentId) => !named.has(agentId)))
  return { byAgent, owners, unnamed, tenures: [...byAgent.values()].flatMap(tenuresOf) }
}

/** What each agent observed, in its own order; the agents in the order of their ids. */
export function observedBy(
  observations: readonly Observation[],
): ReadonlyMap<string, readonly Observation[]> {
  const byAgent = new Map<string, Observation[]>()
  for (const observation of [...observations].sort(inOrder)) {
    const own = byAgent.get(observation.agentId) ?? []
    own.push(observation)
    byAgent.set(observation.agentId, own)
  }
  return byAgent
}

/** A node that becomes active again without having left (it crashed, or the event is lost) began a new tenure. */
export function tenuresOf(own: readonly Observation[]): Tenure[] {
  const tenures: Tenure[] = []
  let start: Observation | null = null
  for (const observation of own) {
    const active = roleAfter(observation) === 'active'
    const begins = active && (start === null || observation.body.kind === 'transition')
    if (start !== null && (!active || begins)) tenures.push({ start, end: active ? null : observation })
    if (begins) start = observation
    else if (!active) start = null
  }
  if (start !== null) tenures.push({ start, end: null })
  return tenures
}

function claimsOf(history: History): readonly Claim[] {
  const all = [...history.byAgent.values()].flat()
  return all.flatMap((by): Claim[] => {
    const own = roleAfter(by) === 'active' ? [{ agentId: by.agentId, atMs: by.atMs, by }] : []
    const heard =
      by.body.kind === 'transition' && by.body.heard !== null ? whoWasHeard(history, by) : 'unknown'
    if (typeof heard === 'string' || by.body.kind !== 'transition' || by.body.heard === null) return own
    return [...own, { agentId: heard.agentId, atMs: by.atMs - by.body.heard.agoMs, by }]
  })
}

/**
 * The latest claim made before `became`: by its own node's order, by corrected time among nodes. A node that heard
 * `became` advertise speaks after it, whatever its clock says.
 */
function latestBefore(history: History, claims: readonly Claim[], became: Observation): Claim | null {
  let latest: Claim | null = null
  for (const claim of claims) {
    if (claim.by.id === became.id || !isBefore(claim, became) || heardTenureOf(history, claim.by, became))
      continue
    if (latest === null || inClaimTime(latest, claim) < 0) latest = claim
  }
  return latest
}

function heardTenureOf(history: History, by: Observation, began: Observation): boolean {
  if (by.agentId === began.agentId || by.atMs + errorOf(by) + errorOf(began) < began.atMs) return false
  const heard = whoWasHeard(history, by)
  if (typeof heard === 'string' || heard.agentId !== began.agentId) return false
  return tenureBefore(history, began.agentId, by)?.start.id === began.id
}

function isBefore({ by, atMs }: Claim, became: Observation): boolean {
  if (by.agentId === became.agentId) return inOrder(by, became) < 0
  return atMs < became.atMs || (atMs === became.atMs && by.id < became.id)
}

type Heard = { readonly agentId: string } | 'unknown' | 'foreign'

/**
 * Whose advertisement an observation says it heard: by address; else, among the nodes whose address is not known,
 * the only one that was active with that priority. `foreign`: every node's address is known and it is none of them.
 */
function whoWasHeard({ owners, tenures, unnamed }: History, by: Observation): Heard {
  if (by.body.kind !== 'transition' || by.body.heard === null) return 'unknown'
  const { address, priority } = by.body.heard
  const owner = owners.get(address)
  if (owner !== undefined) return owner === by.agentId ? 'unknown' : { agentId: owner }
  const others = [...unnamed].filter((agentId) => agentId !== by.agentId)
  if (others.length === 0) return 'foreign'
  const matching = others.filter((agentId) =>
    tenures.some(({ start }) => start.agentId === agentId && start.body.priority === priority),
  )
  const [only] = matching
  return only !== undefined && matching.length === 1 ? { agentId: only } : 'unknown'
}

/**
 * The tenure `became` ended: the last that `agentId` began before it. When clocks disagree so much that none did,
 * the first one that may have begun before it within their error.
 */
function tenureBefore({ tenures }: History, agentId: string, became: Observation): Tenure | null {
  const own = tenures.filter(({ start }) => start.agentId === agentId && start.id !== became.id)
  const before = own.filter(({ start }) =>
    agentId === became.agentId ? inOrder(start, became) < 0 : start.atMs <= became.atMs,
  )
  const last = before.at(-1)
  if (last !== undefined) return last
  const possible = own.find(({ start }) => start.atMs <= became.atMs + errorOf(start) + errorOf(became))
  return (agentId === became.agentId ? undefined : possible) ?? null
}

export function becomesActive(observation: Observation): observation is DerivedFailover['became'] {
  const { body } = observation
  return body.kind === 'transition' && body.to === 'active' && body.from !== 'active'
}

export function roleAfter({ body }: Observation): string {
  return body.kind === 'transition' ? body.to : body.role
}

export function errorOf({ errorMs }: { readonly errorMs: number | null }): number {
  return errorMs ?? UNKNOWN_ERROR_MS
}

/** By agent, then in the agent's own order: the order that is certain. */
function inOrder(left: Omit<Observation, 'body'>, right: Omit<Observation, 'body'>): number {
  return compare(left.agentId, right.agentId) || left.epochOrder - right.epochOrder || left.seq - right.seq
}

function inTime(left: Observation, right: Observation): number {
  return left.atMs - right.atMs || compare(left.id, right.id)
}

function inClaimTime(left: Claim, right: Claim): number {
  return left.atMs - right.atMs || compare(left.by.id, right.by.id)
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
