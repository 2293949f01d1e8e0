/**
 * One BFD session (RFC 5880 §6, asynchronous mode, without echo and authentication). No clock, no socket, no chance:
 * what chance there is comes with each event. Timers are deadlines in the state. Intervals are microseconds, as on the
 * wire; times are milliseconds on a monotonic clock.
 */
import { type BfdState, type ControlPacket, DIAGNOSTICS, type Diagnostic } from './packet.ts'

/** What we want of a session. The discriminator is random, and no other session of this host has it. */
export interface SessionParameters {
  readonly discriminator: number
  readonly minTxUs: number
  readonly minRxUs: number
  /** What we send at until the session is up; a second or more. */
  readonly idleTxUs: number
  readonly multiplier: number
  readonly passive: boolean
}

/** What the other end said last. */
export interface Remote {
  readonly discriminator: number
  readonly state: BfdState
  readonly minTxUs: number
  readonly minRxUs: number
  readonly multiplier: number
  readonly demand: boolean
}

export interface Session {
  readonly state: BfdState
  readonly diagnostic: Diagnostic
  /** Null: nothing was heard for a detection time, or ever. */
  readonly remote: Remote | null
  /** bfd.DesiredMinTxInterval and bfd.RequiredMinRxInterval, as we say them. */
  readonly desiredMinTxUs: number
  readonly requiredMinRxUs: number
  /** The same, as we go by them: while a change of them is not acknowledged, the older may hold. */
  readonly usedMinTxUs: number
  readonly usedMinRxUs: number
  /** Finals to wait for: 0, no poll sequence; 2, what we say changed again while one was under way. */
  readonly polls: 0 | 1 | 2
  readonly sentAt: number | null
  readonly sendAt: number | null
  readonly detectAt: number | null
}

export type SessionEvent =
  | { readonly kind: 'timer' }
  /** Send what is due soon at once, where the jitter allows it: others on the link are being sent to. */
  | { readonly kind: 'company' }
  /** We were late ourselves: silence is judged again then. */
  | { readonly kind: 'postpone'; readonly untilMs: number }
  /** A packet that is well formed and for this session. */
  | { readonly kind: 'packet'; readonly packet: ControlPacket }
  /** Timing or role changed: the parameters given with this event hold from now on. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'disable' }
  | { readonly kind: 'enable' }

export type SessionAction =
  | { readonly do: 'send'; readonly packet: ControlPacket }
  | { readonly do: 'report'; readonly change: StateChange }

export interface StateChange {
  readonly from: BfdState
  readonly to: BfdState
  readonly diagnostic: Diagnostic
  /** The detection time that holds, or held until now; null before the first packet. */
  readonly detectionMs: number | null
  /** What the other end had said last. */
  readonly remote: Remote | null
}

export type SessionStep = readonly [Session, readonly SessionAction[]]

/** When an event is looked at, and a number in [0, 1) for the next jitter. */
export interface Moment {
  readonly now: number
  readonly chance: number
}

/** RFC 5880 §6.8.3: while a session is not up. */
const SLOW_US = 1_000_000
/** RFC 5880 §6.8.7: an interval is shortened by up to a quarter. */
const SHORTENED_MAX = 0.25

/** RFC 5880 §6.8.1. An active end speaks first, at once; a passive one waits. */
export function newSession(parameters: SessionParameters, now: number): Session {
  const idle = idleTx(parameters)
  return {
    state: 'down',
    diagnostic: 'none',
    remote: null,
    desiredMinTxUs: idle,
    requiredMinRxUs: parameters.minRxUs,
    usedMinTxUs: idle,
    usedMinRxUs: parameters.minRxUs,
    polls: 0,
    sentAt: null,
    sendAt: parameters.passive ? null : now,
    detectAt: null,
  }
}

export function step(
  parameters: SessionParameters,
  session: Session,
  event: SessionEvent,
  moment: Moment,
): SessionStep {
  switch (event.kind) {
    case 'timer':
      return onTimer(parameters, session, moment)
    case 'company': {
      const from = mayTransmitFrom(session)
      return from === null || moment.now < from ? unchanged(session) : transmit(parameters, session, moment)
    }
    case 'postpone':
      return unchanged({ ...session, detectAt: session.detectAt === null ? null : event.untilMs })
    case 'packet':
      return onPacket(parameters, session, event.packet, moment)
    case 'changed':
      return [scheduled(parameters, say(parameters, session), moment), []]
    case 'disable':
      return changeState(parameters, session, { to: 'admin-down', diagnostic: 'admin-down' }, moment)
    case 'enable':
      if (session.state !== 'admin-down') return unchanged(session)
      return changeState(parameters, session, { to: 'down', diagnostic: 'none' }, moment)
  }
}

/** When the session wants its next `timer`; null: it waits for packets only. */
export function nextWakeup({ sendAt, detectAt }: Session): number | null {
  if (sendAt === null || detectAt === null) return sendAt ?? detectAt
  return Math.min(sendAt, detectAt)
}

/** RFC 5880 §6.8.4: how long the other end may be silent; null: nobody said what to expect. */
export function detectionMs({ remote, usedMinRxUs }: Session): number | null {
  if (remote === null) return null
  return (remote.multiplier * Math.max(usedMinRxUs, remote.minTxUs)) / 1_000
}

/** RFC 5880 §6.8.2: what we send at, before jitter; null: the other end wants nothing sent. */
export function transmitMs({ remote, usedMinTxUs }: Session): number | null {
  if (remote?.minRxUs === 0) return null
  return Math.max(usedMinTxUs, remote?.minRxUs ?? 1) / 1_000
}

/** RFC 5880 §6.8.7: the earliest moment of the next periodic packet; null: none is due. */
function mayTransmitFrom(session: Session): number | null {
  const interval = transmitMs(session)
  if (session.sendAt === null || session.sentAt === null || interval === null) return null
  return session.sentAt + (1 - SHORTENED_MAX) * interval
}

function onTimer(parameters: SessionParameters, session: Session, moment: Moment): SessionStep {
  const { now } = moment
  if (session.detectAt !== null && now >= session.detectAt) return expire(parameters, session, moment)
  if (session.sendAt === null || now < session.sendAt) return [session, []]
  return transmit(parameters, session, moment)
}

/** RFC 5880 §6.8.1 (bfd.RemoteDiscr), §6.8.4. */
function expire(parameters: SessionParameters, session: Session, moment: Moment): SessionStep {
  const forgotten: Session = { ...session, remote: null, detectAt: null, polls: 0 }
  if (session.state !== 'init' && session.state !== 'up')
    return [scheduled(parameters, forgotten, moment), []]
  const change: Change = {
    to: 'down',
    diagnostic: 'detection-time-expired',
    before: session,
  }
  return changeState(parameters, forgotten, change, moment)
}

/** RFC 5880 §6.8.6, from where a packet has a session. */
function onPacket(
  parameters: SessionParameters,
  session: Session,
  packet: ControlPacket,
  moment: Moment,
): SessionStep {
  const heard = hear(session, packet)
  const detection = detectionMs(heard)
  const next: Session = {
    ...scheduled(parameters, heard, moment),
    detectAt: detection === null ? null : moment.now + detection,
  }
  if (session.state === 'admin-down') return [next, []]
  const change = transition(next.state, packet.state)
  const [after, actions] = change === null ? unchanged(next) : changeState(parameters, next, change, moment)
  if (!packet.poll) return [after, actions]
  // RFC 5880 §6.8.7: the answer to a poll waits for no timer, and tells of a change as well as any other packet.
  const answer: SessionAction = { do: 'send', packet: compose(parameters, after, true) }
  return [{ ...after, sentAt: moment.now }, [answer, ...actions.filter((action) => action.do !== 'send')]]
}

function unchanged(session: Session): SessionStep {
  return [session, []]
}

function hear(session: Session, packet: ControlPacket): Session {
  const { state, multiplier, demand, desiredMinTxUs, requiredMinRxUs, myDiscriminator } = packet
  const remote: Remote = {
    discriminator: myDiscriminator,
    state,
    minTxUs: desiredMinTxUs,
    minRxUs: requiredMinRxUs,
    multiplier,
    demand,
  }
  if (!packet.final || session.polls === 0) return { ...session, remote }
  // What we said is known there now; if we said something else meanwhile, the next final tells of that.
  if (session.polls === 2) return { ...session, remote, polls: 1 }
  const { desiredMinTxUs: usedMinTxUs, requiredMinRxUs: usedMinRxUs } = session
  return { ...session, remote, polls: 0, usedMinTxUs, usedMinRxUs }
}

interface Change {
  readonly to: BfdState
  readonly diagnostic: Diagnostic
  /** The session as it was, where what it knew is forgotten by now. */
  readonly before?: Session
}

/** RFC 5880 §6.2, §6.8.6: where a packet of that state leads; null: nowhere. */
function transition(state: BfdState, heard: BfdState): Change | null {
  if (heard === 'admin-down') return state === 'down' ? null : { to: 'down', diagnostic: 'neighbor-down' }
  if (state === 'down') {
    if (heard === 'down') return { to: 'init', diagnostic: 'none' }
    return heard === 'init' ? { to: 'up', diagnostic: 'none' } : null
  }
  if (state === 'init') return heard === 'down' ? null : { to: 'up', diagnostic: 'none' }
  return heard === 'down' ? { to: 'down', diagnostic: 'neighbor-down' } : null
}

/** RFC 5880 §6.8.7: a packet that says something new should not wait for its turn. */
function changeState(
  parameters: SessionParameters,
  session: Session,
  change: Change,
  moment: Moment,
): SessionStep {
  const { to, diagnostic } = change
  if (to === session.state) return [session, []]
  const before = change.before ?? session
  const { remote } = before
  const report: SessionAction = {
    do: 'report',
    change: { from: session.state, to, diagnostic, detectionMs: detectionMs(before), remote },
  }
  const changed = say(parameters, { ...session, state: to, diagnostic })
  if (!mayTransmit(parameters, changed)) return [scheduled(parameters, changed, moment), [report]]
  const [sent, actions] = transmit(parameters, changed, moment)
  return [sent, [...actions, report]]
}

/**
 * RFC 5880 §6.8.3: what we say of our timing. A change begins a poll sequence. Until the other end has seen it, a
 * longer interval of ours is not used while the session is up (it would take us for dead), nor a shorter one of its.
 */
function say(parameters: SessionParameters, session: Session): Session {
  const desiredMinTxUs = session.state === 'up' ? parameters.minTxUs : idleTx(parameters)
  const requiredMinRxUs = parameters.minRxUs
  if (desiredMinTxUs === session.desiredMinTxUs && requiredMinRxUs === session.requiredMinRxUs) return session
  const isUp = session.state === 'up'
  return {
    ...session,
    desiredMinTxUs,
    requiredMinRxUs,
    usedMinTxUs: isUp ? Math.min(session.usedMinTxUs, desiredMinTxUs) : desiredMinTxUs,
    usedMinRxUs: isUp ? Math.max(session.usedMinRxUs, requiredMinRxUs) : requiredMinRxUs,
    polls: session.remote === null ? 0 : session.polls === 0 ? 1 : 2,
  }
}

function idleTx({ idleTxUs, minTxUs }: SessionParameters): number {
  return Math.max(SLOW_US, idleTxUs, minTxUs)
}

/** RFC 5880 §6.8.7: whether we may send by our own timer. */
function mayTransmit({ passive }: SessionParameters, { remote, state, polls }: Session): boolean {
  if (remote === null) return !passive
  if (remote.minRxUs === 0) return false
  return !(remote.demand && state === 'up' && remote.state === 'up' && polls === 0)
}

function transmit(parameters: SessionParameters, session: Session, moment: Moment): SessionStep {
  const sent = { ...session, sentAt: moment.now, sendAt: null }
  const packet = compose(parameters, session, false)
  return [scheduled(parameters, sent, moment), [{ do: 'send', packet }]]
}

/** Sets the next transmission, from the last one and at the interval that holds now. */
function scheduled(parameters: SessionParameters, session: Session, { now, chance }: Moment): Session {
  const interval = transmitMs(session)
  if (interval === null || !mayTransmit(parameters, session)) return { ...session, sendAt: null }
  if (session.sentAt === null) return session.sendAt === null ? { ...session, sendAt: now } : session
  const latest = session.sentAt + interval
  const { sendAt } = session
  // A turn that fits the interval stays: each packet heard would draw it anew otherwise.
  if (sendAt !== null && sendAt <= latest && sendAt >= latest - SHORTENED_MAX * interval) return session
  return { ...session, sendAt: Math.max(now, session.sentAt + jittered(parameters, interval, chance)) }
}

/** RFC 5880 §6.8.7: shortened by 0 to 25 %, with a multiplier of 1 by 10 to 25 %. */
function jittered({ multiplier }: SessionParameters, interval: number, chance: number): number {
  const least = multiplier === 1 ? 0.1 : 0
  return interval * (1 - least - (SHORTENED_MAX - least) * chance)
}

/** What somebody else may say for us when we no longer can; null: to nobody. */
export function farewell(parameters: SessionParameters, session: Session): ControlPacket | null {
  if (session.remote === null || session.state === 'admin-down') return null
  const gone: Session = { ...session, state: 'admin-down', diagnostic: 'admin-down', polls: 0 }
  return compose(parameters, gone, false)
}

function compose(parameters: SessionParameters, session: Session, final: boolean): ControlPacket {
  return {
    state: session.state,
    diagnostic: DIAGNOSTICS.indexOf(session.diagnostic),
    // RFC 5880 §6.5: never both.
    poll: !final && session.polls > 0,
    final,
    controlPlaneIndependent: false,
    demand: false,
    multiplier: parameters.multiplier,
    myDiscriminator: parameters.discriminator,
    yourDiscriminator: session.remote?.discriminator ?? 0,
    desiredMinTxUs: session.desiredMinTxUs,
    requiredMinRxUs: session.requiredMinRxUs,
    requiredMinEchoRxUs: 0,
  }
}
