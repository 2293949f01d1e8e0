/** From what a router follows and what is known of it: the priority that leaves it, and what forbids it to take part. */
import type { TrackReference } from '@aloft/shared/config/tracking-config'
import { trackerKey, type Verdict, type VerdictState } from './verdict.ts'

/** The owner of the addresses (RFC 9568 §5.2.4). */
const OWNER = 255
/** A file that takes this much away leaves no priority at all: that is a fault (keepalived-and-vrrp.md §1.9). */
const FAULT_POINTS = -254

const NOBODY: ReadonlySet<string> = new Set()

/** What one line of `track` does to its router now. */
export interface Effect {
  readonly tracker: string
  readonly state: VerdictState
  readonly weight: number
  readonly reverse: boolean
  /** Added to the priority. */
  readonly points: number
  /** Why the router may not take part; null when this does not forbid it. */
  readonly fault: string | null
}

export interface Standing {
  /** Before it is clamped to 1–254. */
  readonly priority: number
  readonly faults: readonly string[]
  readonly effects: readonly Effect[]
}

/** Null: nothing is known of it. */
export type VerdictOf = (reference: TrackReference) => Verdict | null

/**
 * keepalived-and-vrrp.md §1.9. The owner's priority never changes, so that it has faults but no points. `awaited`: the
 * trackers whose first report is waited for without a fault.
 */
export function standing(
  { priority, track }: { readonly priority: number; readonly track: readonly TrackReference[] },
  verdictOf: VerdictOf,
  awaited: ReadonlySet<string> = NOBODY,
): Standing {
  const isOwner = priority === OWNER
  const effects = track.map((reference) => effectOf(reference, verdictOf(reference), { isOwner, awaited }))
  const points = effects.reduce((sum, effect) => sum + effect.points, 0)
  return { priority: priority + points, faults: effects.flatMap(({ fault }) => fault ?? []), effects }
}

interface Whose {
  readonly isOwner: boolean
  readonly awaited: ReadonlySet<string>
}

function effectOf(reference: TrackReference, verdict: Verdict | null, { isOwner, awaited }: Whose): Effect {
  const { weight, reverse } = reference
  const state = verdict?.state ?? 'unknown'
  const base = { tracker: trackerKey(reference), state, weight, reverse, points: 0, fault: null }
  if (weight !== 0 && isOwner) return base
  if (state === 'unknown') {
    const isHarmless = weight !== 0 || awaited.has(base.tracker)
    return isHarmless ? base : { ...base, fault: `${base.tracker} has not reported yet` }
  }
  const effect =
    reference.kind === 'file' ? fileEffect(reference, verdict?.value ?? 0) : plainEffect(reference, state)
  return { ...base, ...effect }
}

type Outcome = Partial<Pick<Effect, 'points' | 'fault'>>

/** Weight 0: a fault while failing. Above 0: added while well; below: taken away while failing. */
function plainEffect(reference: TrackReference, state: VerdictState): Outcome {
  const { weight, reverse } = reference
  const isWell = (state === 'up') !== reverse
  if (weight === 0) return isWell ? {} : { fault: `${trackerKey(reference)} ${reverse ? 'is up' : 'failed'}` }
  return isWell === weight > 0 ? { points: weight } : {}
}

/** The number times the weight; with weight 0 any number but 0 is a fault, with `reverse` 0 itself. */
function fileEffect(reference: TrackReference, value: number): Outcome {
  const { weight, reverse } = reference
  const tracker = trackerKey(reference)
  if (weight === 0) return (value !== 0) !== reverse ? { fault: `${tracker} says ${value}` } : {}
  const points = value * weight * (reverse ? -1 : 1)
  // Minus nothing is nothing.
  if (points === 0) return {}
  return points <= FAULT_POINTS ? { points, fault: `${tracker} says ${value}: ${points}` } : { points }
}

/** What moved the priority from one standing to the next, for people: `script haproxy 0 → -50`. */
export function whyMoved(before: readonly Effect[], after: readonly Effect[]): string {
  const was = new Map(before.map(({ tracker, points }) => [tracker, points]))
  const is = new Map(after.map(({ tracker, points }) => [tracker, points]))
  const trackers = [...new Set([...was.keys(), ...is.keys()])]
  return trackers
    .map((tracker) => ({ tracker, from: was.get(tracker) ?? 0, to: is.get(tracker) ?? 0 }))
    .filter(({ from, to }) => from !== to)
    .map(({ tracker, from, to }) => `${tracker} ${signed(from)} → ${signed(to)}`)
    .join(', ')
}

function signed(points: number): string {
  return points > 0 ? `+${points}` : String(points)
}
