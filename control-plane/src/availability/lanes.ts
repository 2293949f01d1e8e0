/**
 * From what one node observed of its part in a virtual router to what is known of it at each instant. Nothing here looks
 * further back than `HEARS_AFTER_MS` from a transition, so that something new changes little that was computed before.
 */
import type { Role } from '@aloft/shared/protocol/events'

/** A transition, or that a router resumed its role: then `from` equals `to`. `order` is that of the agent's own events. */
export interface RoleChange {
  readonly agentId: string
  readonly atMs: number
  readonly order: readonly [epochOrder: number, seq: number]
  readonly from: Role
  readonly to: Role
  /** How long before the change the active was last heard; null when none was. */
  readonly heardAgoMs: number | null
  /** It takes the role from an active that it hears, instead of filling a gap. */
  readonly preempts: boolean
}

/** Nobody can tell what the node did: events are lost, or nothing of it was recorded. */
export interface Unseen {
  readonly fromMs: number
  readonly toMs: number
  readonly cause: string
}

export interface NodeHistory {
  readonly agentId: string
  /** By time, then by the agent's own order. The one before the period looked at must be among them, if there is one. */
  readonly changes: readonly RoleChange[]
  readonly unseen: readonly Unseen[]
  /** Up to here the agent has told what it observed; null: for ever. */
  readonly knownUntilMs: number | null
  /** What it last said of its role, which is true of all time after its last change; null when it did not say. */
  readonly currentRole: Role | null
}

/**
 * `hearing`: a backup that hears an active; `deaf`: one that heard none and then took over; `unsure`: one that has just
 * begun to listen. `out`: takes no part. `unknown` has no role.
 */
export type LaneState = 'active' | 'hearing' | 'deaf' | 'unsure' | 'out' | 'unknown'

export interface Lane {
  readonly fromMs: number
  readonly toMs: number
  readonly state: LaneState
  readonly role: Role | null
  /** Why it is unknown. */
  readonly cause: string | null
}

/**
 * A router that has been backup for so long hears an active, or it would have become one: three of the longest
 * intervals RFC 9568 has, and the skew.
 */
export const HEARS_AFTER_MS = 164_000

/** What is known of a node, from its first change on. Lanes follow each other without a hole; the last one has no end. */
export function lanesOf(node: NodeHistory): readonly Lane[] {
  const unseen = [...node.unseen].sort(inTime)
  let first = 0
  return node.changes.flatMap((change, i) => {
    // What was over before one tenure is over before all that follow.
    while ((unseen[first]?.toMs ?? Number.POSITIVE_INFINITY) <= change.atMs) first += 1
    const next = node.changes[i + 1] ?? null
    return tenureOf(node, change, next, unseenIn(node, unseen, { first, next }))
  })
}

/** Of what is not seen of a node, in time, that which may touch a tenure that ends with `next`. */
function unseenIn(
  { knownUntilMs }: NodeHistory,
  unseen: readonly Unseen[],
  { first, next }: { readonly first: number; readonly next: RoleChange | null },
): readonly Unseen[] {
  if (next === null) {
    const silence = { fromMs: knownUntilMs ?? 0, toMs: Number.POSITIVE_INFINITY, cause: 'no-contact' }
    return [...unseen.slice(first), ...(knownUntilMs === null ? [] : [silence])].sort(inTime)
  }
  let end = first
  while ((unseen[end]?.fromMs ?? Number.POSITIVE_INFINITY) < next.atMs) end += 1
  return unseen.slice(first, end)
}

/** From one change to the next. */
function tenureOf(
  node: NodeHistory,
  change: RoleChange,
  next: RoleChange | null,
  unseen: readonly Unseen[],
): readonly Lane[] {
  const end = next?.atMs ?? Number.POSITIVE_INFINITY
  const span = { fromMs: change.atMs, toMs: end }
  const after = next?.from ?? node.currentRole ?? change.to
  const agrees = after === change.to
  const holes = holesIn(unseen, span)
  // Somebody who starts again says so with `initialize`, and was until then what it had been.
  if (holes.length === 0 && !agrees && after !== 'initialize') return lane(span, 'unknown', null, 'missing')
  const lanes: Lane[] = []
  let at = change.atMs
  for (const hole of holes) {
    if (hole.fromMs > at) {
      const before = { fromMs: at, toMs: hole.fromMs }
      const first = at === change.atMs
      if (first || agrees) lanes.push(...roleLanes(before, change.to, change, next))
      else lanes.push(...lane(before, 'unknown', null, 'missing'))
    }
    lanes.push(...lane({ fromMs: Math.max(at, hole.fromMs), toMs: hole.toMs }, 'unknown', null, hole.cause))
    at = Math.max(at, hole.toMs)
  }
  if (at >= end) return lanes
  const rest = { fromMs: at, toMs: end }
  return [...lanes, ...roleLanes(rest, at === change.atMs ? change.to : after, change, next)]
}

interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** What is not seen of a span, in order and without overlaps. */
function holesIn(unseen: readonly Unseen[], span: Span): readonly Unseen[] {
  const holes: Unseen[] = []
  for (const { fromMs, toMs, cause } of unseen) {
    const from = Math.max(fromMs, span.fromMs, holes.at(-1)?.toMs ?? fromMs)
    const to = Math.min(toMs, span.toMs)
    if (from < to) holes.push({ fromMs: from, toMs: to, cause })
  }
  return holes
}

function inTime(left: Unseen, right: Unseen): number {
  return left.fromMs - right.fromMs || left.toMs - right.toMs || (left.cause < right.cause ? -1 : 1)
}

/** A backup's time is divided by what it heard; any other role is one lane. */
function roleLanes(span: Span, role: Role, change: RoleChange, next: RoleChange | null): readonly Lane[] {
  if (role === 'active') return lane(span, 'active', role)
  if (role !== 'backup') return lane(span, 'out', role)
  const clamp = (ms: number) => Math.min(Math.max(ms, span.fromMs), span.toMs)
  const deafMs = clamp(deafFrom(next))
  const hearsMs = Math.min(clamp(change.atMs + (change.heardAgoMs === null ? HEARS_AFTER_MS : 0)), deafMs)
  return [
    ...lane({ fromMs: span.fromMs, toMs: hearsMs }, 'unsure', role),
    ...lane({ fromMs: hearsMs, toMs: deafMs }, 'hearing', role),
    ...lane({ fromMs: deafMs, toMs: span.toMs }, 'deaf', role),
  ]
}

/** A backup that took over had heard nobody since then. */
function deafFrom(next: RoleChange | null): number {
  if (next?.to !== 'active' || next.preempts) return Number.POSITIVE_INFINITY
  return next.atMs - Math.min(next.heardAgoMs ?? HEARS_AFTER_MS, HEARS_AFTER_MS)
}

function lane(
  { fromMs, toMs }: Span,
  state: LaneState,
  role: Role | null,
  cause: string | null = null,
): Lane[] {
  return fromMs < toMs ? [{ fromMs, toMs, state, role, cause }] : []
}
