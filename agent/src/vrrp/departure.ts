/**
 * Giving up a role without a gap, around the machine of RFC 9568 §6.4. An active that leaves says so first and lets go
 * last: it advertises priority 0, goes on holding and answering, and releases its addresses when it has heard its
 * successor and given it a moment to announce itself, or when nobody can still be about to take over. An active that
 * yields to a better one lingers for that moment only. The peer needs to know nothing of it (decision 0018).
 *
 * Roles and transitions are the machine's; only the action `release-addresses` comes later than it asked for it. Here
 * is also the step down: an active that gives its role away on request and does not preempt for a while.
 */
import { activeDownInterval } from './intervals.ts'
import { nextWakeup, step } from './machine.ts'
import {
  type Action,
  type Event,
  type Milliseconds,
  OWNER,
  type Parameters,
  RESIGN,
  type State,
} from './virtual-router.ts'

/** What is left of an active role that was given up. */
export interface Departure {
  /** Still holding the addresses; null: not. */
  readonly leaving: { readonly releaseAt: Milliseconds; readonly isSucceeded: boolean } | null
  /** Gave the role away: preempts nobody before then; `untilMs` null: before it is told to. */
  readonly standBack: { readonly untilMs: Milliseconds | null } | null
}

/** One virtual router: the machine's state and what surrounds it. */
export interface Presence {
  readonly state: State
  readonly departure: Departure
}

export type PresenceEvent =
  | Event
  /** Give the role away and do not preempt until then; null: until told otherwise. */
  | { readonly kind: 'step-down'; readonly untilMs: Milliseconds | null }
  | { readonly kind: 'step-down-over' }
  /** Let go of whatever is still held. */
  | { readonly kind: 'leave-now' }

export const NO_DEPARTURE: Departure = { leaving: null, standBack: null }

/**
 * From the successor's first advertisement to our release. keepalived advertises, then adds its addresses, then sends
 * its gratuitous ARPs; meanwhile hosts still send to us.
 */
export const LINGER_MS = 50
/** Where both have one MAC address, whoever answers draws the switch: only what the successor's addresses need. */
const LINGER_ON_VIRTUAL_MAC_MS = 5
/** For frames on their way and peers that are a little late. */
const MARGIN_MS = 100
/** However slow the advertisements: a service manager waits for us. */
const WAIT_MAX_MS = 5_000
const SECOND_MS = 1_000

/** The next state and what to do, in order. */
export function stepPresence(
  parameters: Parameters,
  before: Presence,
  event: PresenceEvent,
  now: Milliseconds,
): readonly [Presence, readonly Action[]] {
  switch (event.kind) {
    case 'step-down':
      return stepDown(parameters, before, event.untilMs, now)
    case 'step-down-over':
      return [{ ...before, departure: { ...before.departure, standBack: null } }, []]
    case 'leave-now':
      return release(before)
    default:
      return stepMachine(parameters, before, event, now)
  }
}

/** When a `timer` event is wanted next; null: never. */
export function presenceWakeup({ state, departure }: Presence): Milliseconds | null {
  const wakeup = nextWakeup(state)
  const releaseAt = departure.leaving?.releaseAt ?? null
  return wakeup === null || releaseAt === null ? (wakeup ?? releaseAt) : Math.min(wakeup, releaseAt)
}

function stepMachine(
  parameters: Parameters,
  before: Presence,
  event: Event,
  now: Milliseconds,
): readonly [Presence, readonly Action[]] {
  const standBack = stillStandingBack(before.departure, now)
  const effective = standBack === null ? parameters : withoutPreemption(parameters)
  const [state, wanted] = step(effective, before.state, event, now)
  const asked = withStandBack(before.departure, state.role === 'active' ? null : standBack)
  // Active again before it had let go: nothing is released after all.
  if (state.role === 'active') return [{ state, departure: withoutLeaving(asked) }, wanted]
  const after: Presence = { state, departure: asked }
  if (wanted.some((action) => action.do === 'release-addresses'))
    return linger(parameters, after, wanted, { event, now })
  if (before.departure.leaving === null) return [after, wanted]
  const [next, released] = goOnLeaving(parameters, after, event, now)
  return [next, [...released, ...wanted]]
}

interface Circumstances {
  readonly event: Event
  readonly now: Milliseconds
}

/** The machine wants the addresses released: not yet, unless nobody can reach us any more. */
function linger(
  parameters: Parameters,
  after: Presence,
  wanted: readonly Action[],
  { event, now }: Circumstances,
): readonly [Presence, readonly Action[]] {
  if (isAbrupt(event)) return [{ ...after, departure: { ...after.departure, leaving: null } }, wanted]
  const isAnnounced = wanted.some((action) => action.do === 'advertise' && action.priority === RESIGN)
  const leaving = isAnnounced
    ? { releaseAt: latestRelease(parameters, after.state, now), isSucceeded: false }
    : { releaseAt: now + lingerMs(parameters), isSucceeded: true }
  const actions = wanted.filter((action) => action.do !== 'release-addresses')
  return [{ ...after, departure: { ...after.departure, leaving } }, actions]
}

function goOnLeaving(
  parameters: Parameters,
  presence: Presence,
  event: Event,
  now: Milliseconds,
): readonly [Presence, readonly Action[]] {
  const { leaving } = presence.departure
  if (leaving === null) return [presence, []]
  if (isAbrupt(event) || now >= leaving.releaseAt) return release(presence)
  if (event.kind !== 'advertisement' || event.advertisement.priority === RESIGN || leaving.isSucceeded)
    return [presence, []]
  const releaseAt = Math.min(leaving.releaseAt, now + lingerMs(parameters))
  const departure = { ...presence.departure, leaving: { releaseAt, isSucceeded: true } }
  return [{ ...presence, departure }, []]
}

function release(presence: Presence): readonly [Presence, readonly Action[]] {
  if (presence.departure.leaving === null) return [presence, []]
  return [{ ...presence, departure: { ...presence.departure, leaving: null } }, [{ do: 'release-addresses' }]]
}

/**
 * Told as one transition, active → backup. Whoever is left alone takes the role up again when its Active_Down_Timer
 * fires, and has held the addresses until then.
 */
function stepDown(
  parameters: Parameters,
  before: Presence,
  untilMs: Milliseconds | null,
  now: Milliseconds,
): readonly [Presence, readonly Action[]] {
  // Its addresses are the host's own.
  if (parameters.config.priority === OWNER) return [before, []]
  const standBack = { untilMs }
  if (before.state.role !== 'active')
    return [{ ...before, departure: { ...before.departure, standBack } }, []]
  const [left, goodbye] = step(parameters, before.state, { kind: 'shutdown', reason: 'shutdown' }, now)
  const [state] = step(parameters, left, { kind: 'startup' }, now)
  const leaving = { releaseAt: latestRelease(parameters, state, now), isSucceeded: false }
  const actions = goodbye.flatMap((action): Action[] => {
    if (action.do === 'release-addresses') return []
    if (action.do !== 'transition') return [action]
    return [{ ...action, transition: { ...action.transition, to: state.role, reason: 'step-down' } }]
  })
  return [{ state, departure: { leaving, standBack } }, actions]
}

/** When every backup that heard priority 0 has waited its Skew_Time out; or, still a backup, when we have waited ours. */
function latestRelease(parameters: Parameters, state: State, now: Milliseconds): Milliseconds {
  const { config } = parameters
  if (state.role === 'backup')
    return now + activeDownInterval(parameters, config.advertisementIntervalMs) + MARGIN_MS
  const skewMaxMs = config.version === 2 ? SECOND_MS : config.advertisementIntervalMs
  return now + Math.min(skewMaxMs + MARGIN_MS, WAIT_MAX_MS)
}

/** What a dead link or a lost address carries, nobody receives; after a stall another may be active long since: holding on would serve nobody. */
function isAbrupt(event: Event): boolean {
  if (event.kind === 'stalled') return true
  return (
    event.kind === 'fault' && (event.reason === 'interface-down' || event.reason === 'no-primary-ip-address')
  )
}

function lingerMs({ config }: Parameters): Milliseconds {
  return config.virtualMac === null ? LINGER_MS : LINGER_ON_VIRTUAL_MAC_MS
}

function stillStandingBack({ standBack }: Departure, now: Milliseconds): Departure['standBack'] {
  if (standBack === null || standBack.untilMs === null) return standBack
  return now < standBack.untilMs ? standBack : null
}

function withoutLeaving(departure: Departure): Departure {
  return departure.leaving === null ? departure : { ...departure, leaving: null }
}

/** Nearly always the very same: every advertisement heard asks. */
function withStandBack(departure: Departure, standBack: Departure['standBack']): Departure {
  return departure.standBack === standBack ? departure : { ...departure, standBack }
}

function withoutPreemption(parameters: Parameters): Parameters {
  return { ...parameters, config: { ...parameters.config, preempt: { enabled: false, delayMs: 0 } } }
}
