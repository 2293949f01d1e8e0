/**
 * A welcomed session: the snapshot first, then every event after the resume point, in order, at most a window ahead
 * of the acks, with heartbeats between. A step whose last action is `close` is the end; `machine.ts` sees to the rest.
 */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { ServerFrame, Welcome } from '@aloft/shared/protocol/frames'
import type { Credential } from '@aloft/shared/protocol/identity'
import { BATCH_EVENTS_MAX, WINDOW_EVENTS_MAX } from '@aloft/shared/protocol/version'
import { addSample, clockOffset } from './clock-offset.ts'
import { farewellTo } from './farewell.ts'
import { hearCommand, judgeCommands } from './obedience.ts'
import { renewAgainMs, renewalDelayMs, spentMs } from './renewal.ts'
import type { Live, Moment, SessionAction, SessionEvent, SessionState, SessionStep } from './state.ts'

/** Without any frame for so long the session is dead, whatever TCP thinks. */
const WATCHDOG_MS = 60_000
const HEARTBEAT_MS_MIN = 100
const HEARTBEAT_MS_MAX = 45_000
/** How long a small batch waits for company while another is in flight… */
const LINGER_MS = 50
/** …and how far apart small batches are even when none is: at most 40 frames a second. */
const SPACING_MS = 25
/** Room for `{"kind":"events","epoch":"…","events":[]}` around a batch. */
const ENVELOPE_BYTES = 512
const SENT_BACK_MAX = 8
const GOAWAY_MS_MAX = 3_600_000
const GOAWAY_MS_MIN = 1_000

type LiveEvent = Exclude<SessionEvent, { kind: 'start' | 'stop' | 'closed' }>

export function beginLive(state: SessionState, frame: Welcome, moment: Moment): SessionStep {
  const { resumeAfterSeq: seq, sessionId, heartbeatMs, spreadMs } = frame
  const { epoch } = state.spool
  const live: Live = {
    name: 'live',
    sessionId,
    epoch,
    sinceMs: moment.nowMs,
    heartbeatMs: Math.min(Math.max(heartbeatMs, HEARTBEAT_MS_MIN), HEARTBEAT_MS_MAX),
    heartbeatAtMs: moment.nowMs + HEARTBEAT_MS_MIN,
    beat: null,
    silentAtMs: moment.nowMs + WATCHDOG_MS,
    synced: false,
    sentSeq: seq,
    reachedSeq: seq,
    ackedSeq: seq,
    lastSentAtMs: Number.NEGATIVE_INFINITY,
    reading: false,
    batchAtMs: null,
    timesSentBack: 0,
    leaveAtMs: null,
    leaving: false,
    hushed: false,
    samples: [],
    renewAtMs: firstRenewal(state, frame, moment),
    commands: [],
  }
  const retry = { ...state.retry, refusals: 0, spreadMs }
  const credential = frame.credential ?? state.credential
  return [
    { ...state, phase: live, retry, heldSeq: seq, problem: null, credential, doubted: false },
    [
      { do: 'held', epoch, seq },
      { do: 'take-snapshot' },
      ...(frame.credential ? [{ do: 'keep-credential' as const, credential: frame.credential }] : []),
      ...rotation(frame, sessionId),
    ],
  ]
}

function rotation({ rotateKey }: { readonly rotateKey?: true | undefined }, sessionId: string) {
  return rotateKey ? [{ do: 'make-key' as const, sessionId }] : []
}

/** A centre without a key of its own gives no credentials and is not asked for any. */
function firstRenewal(state: SessionState, frame: Welcome, { nowMs, wallMs, random }: Moment): number | null {
  if (frame.credential) return nowMs + renewalDelayMs(frame.credential, 0, random)
  if (frame.proof === undefined || state.credential === null) return null
  return nowMs + renewalDelayMs(state.credential, spentMs(state.credential, wallMs), random)
}

export function stepLive(state: SessionState, live: Live, event: LiveEvent, moment: Moment): SessionStep {
  switch (event.kind) {
    case 'alive':
      return [withLive(state, heardFrom(live, moment)), []]
    case 'frame':
      if ('malformed' in event.frame) return leave(state, farewellTo(event.frame))
      return hear(state, heardFrom(live, moment), event.frame, moment)
    case 'spooled':
      if (event.range.epoch !== live.epoch || event.range.firstSeq > live.sentSeq + 1)
        return leave({ ...state, spool: event.range }, startAnew)
      return pump({ ...state, spool: event.range }, live, moment)
    case 'read':
      return send(state, live, event, moment)
    case 'snapshot':
      return show(state, live, event, moment)
    case 'router':
      // What the router was doing while it did not answer is in no event: the picture is shown anew.
      return [
        { ...state, routerAlive: event.alive },
        event.alive && !state.routerAlive && live.synced ? [{ do: 'take-snapshot' }] : [],
      ]
    case 'obeyed':
      // To another session it is said when the command comes again there.
      return [state, [{ do: 'send', frame: event.result }]]
    case 'leave':
      return succeed(state, live)
    case 'stay':
      return [withLive(state, { ...live, leaving: false }), []]
    case 'hush':
      return pump(state, { ...live, hushed: event.on }, moment)
    case 'tick':
      return tick(state, live, moment)
    case 'candidate': {
      const { publicKey, signature } = event
      return [
        withLive(state, live),
        [{ do: 'send', frame: { kind: 'renew', candidate: { publicKey, signature } } }],
      ]
    }
    case 'key-changed':
      return [renewed(state, live, event.credential, moment), []]
    case 'opened':
    case 'distrusted':
      return [state, []]
  }
}

function hear(state: SessionState, live: Live, frame: ServerFrame, moment: Moment): SessionStep {
  switch (frame.kind) {
    case 'ack':
      return acked(state, live, frame, moment)
    case 'resume':
      return sentBack(state, live, frame, moment)
    case 'pong': {
      const [judged, actions] = judgeCommands(measure(live, frame, moment), moment)
      return [withLive(state, judged), actions]
    }
    case 'command': {
      const [judged, actions] = hearCommand(live, frame, moment)
      return [withLive(state, judged), actions]
    }
    case 'goaway': {
      const withinMs = Math.min(Math.max(frame.reconnectWithinMs, GOAWAY_MS_MIN), GOAWAY_MS_MAX)
      const leaveAtMs = live.leaveAtMs ?? moment.nowMs + moment.random * withinMs
      return [withLive(state, { ...live, leaveAtMs }), []]
    }
    case 'credential': {
      const { credential, candidate } = frame
      if (candidate) return [withLive(state, live), [{ do: 'try-key', credential }]]
      return [
        renewed(state, live, credential, moment),
        [{ do: 'keep-credential', credential }, ...rotation(frame, live.sessionId)],
      ]
    }
    case 'probe':
      return [withLive(state, live), [{ do: 'send', frame: { kind: 'alive', nonce: frame.nonce } }]]
    case 'challenge':
    case 'welcome':
      return leave(state, { code: CloseCode.protocolError, reason: `${frame.kind} in a session under way` })
  }
}

function acked(
  state: SessionState,
  live: Live,
  { epoch, seq }: Extract<ServerFrame, { kind: 'ack' }>,
  moment: Moment,
): SessionStep {
  if (epoch !== live.epoch || seq <= live.ackedSeq) return [withLive(state, live), []]
  if (seq > live.reachedSeq)
    return leave(state, { code: CloseCode.protocolError, reason: `ack of ${seq}, which was not sent` })
  // A read of what came before it is recognised by its place, and dropped.
  const ahead = seq > live.sentSeq ? { sentSeq: seq, reading: false } : {}
  const next = { ...live, ...ahead, ackedSeq: seq, timesSentBack: 0 }
  return after([{ do: 'held', epoch, seq }], pump({ ...state, heldSeq: seq }, next, moment))
}

/** The centre lacks what came before: everything after `afterSeq` is sent again. */
function sentBack(
  state: SessionState,
  live: Live,
  { epoch, afterSeq }: Extract<ServerFrame, { kind: 'resume' }>,
  moment: Moment,
): SessionStep {
  if (epoch !== live.epoch) return [withLive(state, live), []]
  if (afterSeq > live.reachedSeq || live.timesSentBack >= SENT_BACK_MAX)
    return leave(state, {
      code: CloseCode.protocolError,
      reason:
        afterSeq > live.reachedSeq ? `resume after ${afterSeq}, which was not sent` : 'sent back in circles',
    })
  const next: Live = {
    ...live,
    sentSeq: afterSeq,
    ackedSeq: afterSeq,
    timesSentBack: live.timesSentBack + 1,
    // A read under way is of the wrong place now; its answer will be recognised by that and dropped.
    reading: false,
  }
  return after([{ do: 'held', epoch, seq: afterSeq }], pump({ ...state, heldSeq: afterSeq }, next, moment))
}

/**
 * Reads the next batch if one may go now: at once after a quiet moment or when it is full, otherwise when the linger
 * is over. So a single fail-over is not delayed, and a storm of them is not a storm of frames.
 */
function pump(state: SessionState, live: Live, { nowMs }: Moment): SessionStep {
  const idle = { ...live, batchAtMs: null }
  const waiting = state.spool.lastSeq - live.sentSeq
  const inFlight = live.sentSeq - live.ackedSeq
  const countMax = Math.min(waiting, BATCH_EVENTS_MAX, WINDOW_EVENTS_MAX - inFlight)
  if (!live.synced || live.reading || live.hushed || countMax <= 0) return [withLive(state, idle), []]
  const dueMs =
    inFlight === 0
      ? live.lastSentAtMs + SPACING_MS
      : Math.min(live.batchAtMs ?? nowMs + LINGER_MS, nowMs + LINGER_MS)
  if (waiting < BATCH_EVENTS_MAX && nowMs < dueMs) return [withLive(state, { ...live, batchAtMs: dueMs }), []]
  const bytesMax = state.frameBytesMax - ENVELOPE_BYTES
  return [
    withLive(state, { ...idle, reading: true }),
    [{ do: 'read', afterSeq: live.sentSeq, countMax, bytesMax }],
  ]
}

function send(
  state: SessionState,
  live: Live,
  { epoch, afterSeq, events, unreadable }: Extract<SessionEvent, { kind: 'read' }>,
  moment: Moment,
): SessionStep {
  if (epoch !== live.epoch || afterSeq !== live.sentSeq || !live.reading) return [state, []]
  if (unreadable !== null)
    return leave(state, { code: CloseCode.internalError, reason: `the spool cannot be read: ${unreadable}` })
  const [first] = events
  const last = events.at(-1)
  if (first === undefined || last === undefined || first.seq !== afterSeq + 1) return leave(state, startAnew)
  const reachedSeq = Math.max(live.reachedSeq, last.seq)
  const next = { ...live, reading: false, sentSeq: last.seq, reachedSeq, lastSentAtMs: moment.nowMs }
  const frame = { kind: 'events' as const, epoch, events: [...events] }
  return after([{ do: 'send', frame }], pump(state, next, moment))
}

function show(
  state: SessionState,
  live: Live,
  { asOfSeq, routers }: Extract<SessionEvent, { kind: 'snapshot' }>,
  moment: Moment,
): SessionStep {
  const shown: SessionAction[] = [
    { do: 'send', frame: { kind: 'snapshot', asOfSeq, routers: routers === null ? null : [...routers] } },
    { do: 'send', frame: { kind: 'synced' } },
  ]
  const first = live.synced ? withLive(state, live) : null
  if (first !== null) return [first, shown]
  const [beating, beat] = heartbeat(state, { ...live, synced: true }, moment)
  return after([...shown, ...beat], pump(beating, liveOf(beating, live), moment))
}

function tick(state: SessionState, live: Live, moment: Moment): SessionStep {
  const { nowMs } = moment
  if (nowMs >= live.silentAtMs)
    return leave(state, { code: CloseCode.tryLater, reason: `nothing heard for ${WATCHDOG_MS / 1_000} s` })
  if (live.leaveAtMs !== null && nowMs >= live.leaveAtMs && !live.leaving) return succeed(state, live)
  if (live.synced && nowMs >= live.heartbeatAtMs) {
    const [beating, beat] = heartbeat(state, live, moment)
    return after(beat, pump(beating, liveOf(beating, live), moment))
  }
  if (live.synced && live.renewAtMs !== null && nowMs >= live.renewAtMs)
    return [
      withLive(state, { ...live, renewAtMs: nowMs + renewAgainMs(moment.random) }),
      [{ do: 'send', frame: { kind: 'renew', candidate: null } }],
    ]
  // Before the first snapshot nothing may be said; the router's answer is awaited, and bounded, by the shell.
  if (!live.synced && nowMs >= live.heartbeatAtMs)
    return [withLive(state, { ...live, heartbeatAtMs: nowMs + live.heartbeatMs }), []]
  return pump(state, live, moment)
}

function succeed(state: SessionState, live: Live): SessionStep {
  return live.leaving ? [state, []] : [withLive(state, { ...live, leaving: true }), [{ do: 'succeed' }]]
}

function heartbeat(state: SessionState, live: Live, { nowMs, wallMs }: Moment): SessionStep {
  const beat = { wallMs, monoMs: nowMs }
  const frame = {
    kind: 'heartbeat' as const,
    sentWallMs: wallMs,
    spoolBacklog: state.spool.lastSeq - live.ackedSeq,
    routerAlive: state.routerAlive,
    clock: clockOffset(live.samples, wallMs - nowMs),
  }
  return [
    withLive(state, { ...live, beat, heartbeatAtMs: nowMs + live.heartbeatMs }),
    [{ do: 'send', frame }],
  ]
}

function renewed(state: SessionState, live: Live, credential: Credential, moment: Moment): SessionState {
  const renewAtMs = moment.nowMs + renewalDelayMs(credential, 0, moment.random)
  return { ...withLive(state, { ...live, renewAtMs }), credential }
}

function measure(live: Live, pong: Extract<ServerFrame, { kind: 'pong' }>, { nowMs }: Moment): Live {
  if (live.beat === null || pong.agentSentWallMs !== live.beat.wallMs) return live
  const samples = addSample(live.samples, {
    sentMonoMs: live.beat.monoMs,
    serverReceivedWallMs: pong.receivedWallMs,
    serverSentWallMs: pong.sentWallMs,
    receivedMonoMs: nowMs,
  })
  return { ...live, beat: null, samples }
}

function heardFrom(live: Live, { nowMs }: Moment): Live {
  return { ...live, silentAtMs: nowMs + WATCHDOG_MS }
}

/** What the hello said of the spool is no longer so: say it again in a new session, at once. */
const startAnew = { code: CloseCode.normal, reason: 'the spool begins elsewhere now' } as const

function leave(
  state: SessionState,
  farewell: { readonly code: CloseCode; readonly reason: string },
): SessionStep {
  return [state, [{ do: 'close', ...farewell }]]
}

function withLive(state: SessionState, live: Live): SessionState {
  return { ...state, phase: live }
}

function liveOf({ phase }: SessionState, otherwise: Live): Live {
  return phase.name === 'live' ? phase : otherwise
}

function after(first: readonly SessionAction[], [state, then]: SessionStep): SessionStep {
  return [state, [...first, ...then]]
}
