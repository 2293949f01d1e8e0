/**
 * Make before break: the session that is to follow opens beside the one that is under way, and takes its place with its
 * welcome. Between its hello and the answer to that the old session says no events, so that the resume point of the
 * welcome is where the old one stopped: nothing is lost, nothing is sent twice, and a hello that waits in a busy centre
 * never names a spool that ends before what the centre holds.
 *
 * As pure as the machines it steps: events and actions carry the id of the session they are of.
 */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { NO_CLOSE_FRAME } from './farewell.ts'
import { nextDeadlineMs as deadlineOf, initialSession, stepSession } from './machine.ts'
import type { Moment, SessionAction, SessionConfig, SessionEvent, SessionState } from './state.ts'

export interface Slot {
  readonly id: number
  readonly state: SessionState
}

export interface Succession {
  readonly current: Slot
  /** What is to follow it: from its dial to its welcome. */
  readonly successor: Slot | null
  readonly nextId: number
  /** The successor's hello, until what the current session sent is acknowledged. */
  readonly kept: { readonly hello: SessionAction; readonly untilMs: number } | null
}

export interface OwnedAction {
  readonly of: number
  readonly action: SessionAction
}

export interface OwnedEvent {
  readonly to: number | 'all'
  readonly event: SessionEvent
}

export type SuccessionStep = readonly [Succession, readonly OwnedAction[]]

/** The longest a hello waits for acks of what is in flight; what is acknowledged later is sent twice, which does no harm. */
const HANDOVER_MS = 1_000

export function initialSuccession(state: SessionState): Succession {
  return { current: { id: 1, state }, successor: null, nextId: 2, kept: null }
}

export function stepSuccession(
  config: SessionConfig,
  before: Succession,
  { to, event }: OwnedEvent,
  moment: Moment,
): SuccessionStep {
  let step: SuccessionStep = [before, []]
  for (const { id } of slotsOf(before)) {
    if (to === 'all' || to === id) step = then(step, (at) => feed(config, at, { id, event }, moment))
  }
  return then(step, (at) => settle(at, moment))
}

/** When either session, or the hello that waits, next wants a `tick`; null when only an event can move them. */
export function nextDeadlineMs({ current, successor, kept }: Succession): number | null {
  const deadlines = [
    deadlineOf(current.state),
    successor && deadlineOf(successor.state),
    kept?.untilMs ?? null,
  ]
  const set = deadlines.filter((deadline) => deadline !== null)
  return set.length === 0 ? null : Math.min(...set)
}

interface Fed {
  readonly id: number
  readonly event: SessionEvent
}

function feed(config: SessionConfig, at: Succession, { id, event }: Fed, moment: Moment): SuccessionStep {
  const slot = slotsOf(at).find((each) => each.id === id)
  if (slot === undefined) return [at, []]
  const [state, actions] = stepSession(config, slot.state, event, moment)
  let step: SuccessionStep = [withState(at, { id, state }), []]
  for (const action of actions) step = then(step, (now) => perform(config, now, { of: id, action }, moment))
  const isOver = isAtRest(state) && !isAtRest(slot.state)
  if (!isOver || at.successor?.id !== id) return step
  return then(step, (now) => failed(config, now, { wasSaid: isHelloSaid(at, slot), event }, moment))
}

function perform(
  config: SessionConfig,
  at: Succession,
  { of, action }: OwnedAction,
  moment: Moment,
): SuccessionStep {
  if (action.do === 'succeed') return of === at.current.id ? open(config, at, moment) : [at, []]
  if (action.do !== 'hello' || at.successor?.id !== of) return [at, [{ of, action }]]
  const kept = { ...at, kept: { hello: action, untilMs: moment.nowMs + HANDOVER_MS } }
  return feed(config, kept, { id: at.current.id, event: { kind: 'hush', on: true } }, moment)
}

function open(config: SessionConfig, at: Succession, moment: Moment): SuccessionStep {
  if (at.successor !== null) return [at, []]
  const { spool, heldSeq, credential, retry, routerAlive, frameBytesMax } = at.current.state
  const state = { ...initialSession(spool, heldSeq, credential), retry, routerAlive, frameBytesMax }
  const opened = { ...at, successor: { id: at.nextId, state }, nextId: at.nextId + 1 }
  return feed(config, opened, { id: at.nextId, event: { kind: 'start' } }, moment)
}

/**
 * The successor came to nothing. If the centre may have let it in all the same, the current session is over, for it must
 * not deliver more than that hello named; otherwise it goes on until it ends, while the successor tries again.
 */
function failed(
  config: SessionConfig,
  at: Succession,
  { wasSaid, event }: { readonly wasSaid: boolean; readonly event: SessionEvent },
  moment: Moment,
): SuccessionStep {
  const isRefused = event.kind === 'closed' && event.code !== NO_CLOSE_FRAME
  if (wasSaid && !isRefused) return takeOver({ ...at, kept: null })
  const isOrdered = at.current.state.phase.name === 'live' && at.current.state.phase.leaveAtMs !== null
  // Only a better way was tried: it is not better.
  const left = { ...at, kept: null, successor: isOrdered ? at.successor : null }
  const on = { kind: 'hush', on: false } as const
  const step = feed(config, left, { id: at.current.id, event: on }, moment)
  if (isOrdered) return step
  return then(step, (now) => feed(config, now, { id: at.current.id, event: { kind: 'stay' } }, moment))
}

/** After every step: who takes whose place, and whether the hello may go. */
function settle(at: Succession, moment: Moment): SuccessionStep {
  const { current, successor, kept } = at
  if (successor === null) return [at, []]
  if (successor.state.phase.name === 'live') return takeOver(at)
  if (isAtRest(current.state)) {
    const hello = kept === null ? [] : [{ of: successor.id, action: kept.hello }]
    return [{ ...at, current: successor, successor: null, kept: null }, hello]
  }
  if (kept === null || (!isQuiet(current.state) && moment.nowMs < kept.untilMs)) return [at, []]
  return [{ ...at, kept: null }, [{ of: successor.id, action: kept.hello }]]
}

function takeOver(at: Succession): SuccessionStep {
  const { current, successor } = at
  if (successor === null) return [at, []]
  const action = { do: 'close', code: CloseCode.drain, reason: 'its successor goes on' } as const
  const farewell = isAtRest(current.state) ? [] : [{ of: current.id, action }]
  return [{ ...at, current: successor, successor: null, kept: null }, farewell]
}

/** Its hello may have reached the centre, and its answer did not reach us. */
function isHelloSaid({ kept }: Succession, { state }: Slot): boolean {
  return state.phase.name === 'proving' && kept === null
}

function isAtRest({ phase }: SessionState): boolean {
  return phase.name === 'waiting' || phase.name === 'stopped'
}

/** Nothing of it is on the way, or about to be. */
function isQuiet({ phase }: SessionState): boolean {
  return phase.name !== 'live' || (!phase.reading && phase.sentSeq === phase.ackedSeq)
}

function slotsOf({ current, successor }: Succession): readonly Slot[] {
  return successor === null ? [current] : [current, successor]
}

function withState(at: Succession, slot: Slot): Succession {
  if (at.current.id === slot.id) return { ...at, current: slot }
  return { ...at, successor: slot }
}

function then([at, actions]: SuccessionStep, next: (at: Succession) => SuccessionStep): SuccessionStep {
  const [after, more] = next(at)
  return [after, [...actions, ...more]]
}
