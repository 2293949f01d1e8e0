/**
 * The agent's half of the conversation (`shared/protocol/frames`), from the dial to the welcome and back:
 *
 *   stopped ─start─▶ connecting ─opened─▶ opened ─challenge─▶ proving ─welcome─▶ live (`live.ts`)
 *                        ▲                                                        │
 *                        └──────────────────── waiting ◀──── every kind of end ───┘
 *
 * No clock, no socket, no randomness: the shell performs the actions in order and reports back with events. Events of
 * a socket that `close` or `closed` ended must not reach the machine any more.
 */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { MalformedFrame, ServerFrame, Welcome } from '@aloft/shared/protocol/frames'
import type { Credential } from '@aloft/shared/protocol/identity'
import { FRAME_BYTES_MAX, PROTOCOL_VERSION } from '@aloft/shared/protocol/version'
import { type Ending, FIRST_RETRY, waitAfter, waitAsTold } from './back-off.ts'
import { endingOf, type Farewell, farewellTo } from './farewell.ts'
import { beginLive, stepLive } from './live.ts'
import type { Moment, SessionConfig, SessionEvent, SessionState, SessionStep, SpoolRange } from './state.ts'

/** From the dial to the challenge, and from the hello to the welcome: a busy centre may take its time to admit. */
const PATIENCE_MS = 30_000
/** Frames of events are made no smaller than this, however often one is too large for something on the way. */
const FRAME_BYTES_MIN = 8_192

export function initialSession(
  spool: SpoolRange,
  heldSeq: number,
  credential: Credential | null = null,
): SessionState {
  return {
    phase: { name: 'stopped' },
    retry: FIRST_RETRY,
    spool,
    heldSeq,
    routerAlive: false,
    credential,
    doubted: false,
    frameBytesMax: FRAME_BYTES_MAX,
    problem: null,
  }
}

export function stepSession(
  config: SessionConfig,
  state: SessionState,
  event: SessionEvent,
  moment: Moment,
): SessionStep {
  switch (event.kind) {
    case 'start':
      return state.phase.name === 'stopped' ? dial(state, moment) : [state, []]
    case 'stop':
      return stop(state)
    case 'closed':
      return closed(state, event, moment)
    default:
      return state.phase.name === 'live'
        ? endIfAsked(stepLive(state, state.phase, event, moment), moment)
        : approach(config, note(state, event), event, moment)
  }
}

/** When the machine next wants a `tick`; null when only an event can move it. */
export function nextDeadlineMs({ phase }: SessionState): number | null {
  switch (phase.name) {
    case 'stopped':
      return null
    case 'waiting':
      return phase.untilMs
    case 'live':
      return Math.min(
        phase.heartbeatAtMs,
        phase.silentAtMs,
        phase.batchAtMs ?? Number.POSITIVE_INFINITY,
        (phase.leaving ? null : phase.leaveAtMs) ?? Number.POSITIVE_INFINITY,
        (phase.synced ? phase.renewAtMs : null) ?? Number.POSITIVE_INFINITY,
      )
    default:
      return phase.deadlineMs
  }
}

/** What must be remembered in every phase. */
function note(state: SessionState, event: SessionEvent): SessionState {
  if (event.kind === 'spooled') return { ...state, spool: event.range }
  if (event.kind === 'router') return { ...state, routerAlive: event.alive }
  if (event.kind === 'key-changed') return { ...state, credential: event.credential, doubted: false }
  return state
}

function approach(
  config: SessionConfig,
  state: SessionState,
  event: SessionEvent,
  moment: Moment,
): SessionStep {
  const { phase } = state
  if (event.kind === 'tick') return tick(state, moment)
  if (event.kind === 'opened' && phase.name === 'connecting')
    return [{ ...state, phase: { name: 'opened', deadlineMs: moment.nowMs + PATIENCE_MS } }, []]
  if (event.kind === 'frame' && (phase.name === 'opened' || phase.name === 'proving'))
    return greet(config, state, event.frame, moment)
  if (event.kind === 'distrusted' && (phase.name === 'opened' || phase.name === 'proving'))
    return end(
      state,
      { code: CloseCode.wrongCentre, reason: event.reason },
      endingOf(CloseCode.wrongCentre),
      moment,
    )
  return [state, []]
}

function tick(state: SessionState, moment: Moment): SessionStep {
  const { phase } = state
  if (phase.name === 'stopped' || phase.name === 'live') return [state, []]
  if (phase.name === 'waiting') return moment.nowMs >= phase.untilMs ? dial(state, moment) : [state, []]
  if (moment.nowMs < phase.deadlineMs) return [state, []]
  const missing = { connecting: 'no connection', opened: 'no challenge', proving: 'no welcome' }[phase.name]
  return end(
    state,
    { code: CloseCode.tryLater, reason: `${missing} within ${PATIENCE_MS / 1_000} s` },
    { kind: 'failed' },
    moment,
  )
}

function greet(
  config: SessionConfig,
  state: SessionState,
  frame: ServerFrame | MalformedFrame,
  moment: Moment,
): SessionStep {
  if ('malformed' in frame) return end(state, farewellTo(frame), endingOf(farewellTo(frame).code), moment)
  if (frame.kind === 'challenge' && state.phase.name === 'opened') {
    if (frame.protocolVersion !== PROTOCOL_VERSION) {
      const reason = `the centre speaks protocol ${frame.protocolVersion}, this agent ${PROTOCOL_VERSION}`
      return end(state, { code: CloseCode.unsupportedVersion, reason }, { kind: 'incompatible' }, moment)
    }
    const proving: SessionState = {
      ...state,
      phase: { name: 'proving', deadlineMs: moment.nowMs + PATIENCE_MS },
    }
    const hello = {
      kind: 'hello' as const,
      protocolVersion: PROTOCOL_VERSION,
      ...config,
      ...state.spool,
      wallMs: moment.wallMs,
      ...(state.credential !== null && !state.doubted && { credential: state.credential }),
    }
    return [proving, [{ do: 'hello', nonce: frame.nonce, hello }]]
  }
  if (frame.kind === 'welcome' && state.phase.name === 'proving') return welcome(state, frame, moment)
  const reason = `${frame.kind}: ${state.phase.name === 'opened' ? 'a challenge' : 'a welcome'} is due`
  return end(state, { code: CloseCode.protocolError, reason }, { kind: 'failed' }, moment)
}

function welcome(state: SessionState, frame: Welcome, moment: Moment): SessionStep {
  if (frame.resumeAfterSeq > state.spool.lastSeq) {
    const reason = `the centre holds ${frame.resumeAfterSeq} events, this spool ends at ${state.spool.lastSeq}`
    return end(state, { code: CloseCode.protocolError, reason }, { kind: 'incompatible' }, moment)
  }
  return beginLive(state, frame, moment)
}

function dial(state: SessionState, { nowMs }: Moment): SessionStep {
  return [{ ...state, phase: { name: 'connecting', deadlineMs: nowMs + PATIENCE_MS } }, [{ do: 'dial' }]]
}

function stop(state: SessionState): SessionStep {
  const isOpen = state.phase.name !== 'stopped' && state.phase.name !== 'waiting'
  return [
    { ...state, phase: { name: 'stopped' } },
    isOpen ? [{ do: 'close', code: CloseCode.normal, reason: 'the agent stops' }] : [],
  ]
}

function closed(
  state: SessionState,
  event: Extract<SessionEvent, { kind: 'closed' }>,
  moment: Moment,
): SessionStep {
  const { phase } = state
  if (phase.name === 'stopped' || phase.name === 'waiting') return [state, []]
  const problem = { code: event.code, text: event.reason }
  const [retry, waitMs] = waitAfter(state.retry, endingAt(state, event.code, moment), moment.random)
  const told = event.retryAfterMs === null ? waitMs : waitAsTold(event.retryAfterMs, moment.random)
  // Told to go and then cut off: the instant chosen within the goaway's time still spreads the fleet.
  const leaveAtMs = phase.name === 'live' ? phase.leaveAtMs : null
  const untilMs = Math.max(moment.nowMs + told, leaveAtMs ?? 0)
  // A credential that was spoilt on this disk must not shut out a key that is good: every other try goes without it.
  const doubted = event.code === CloseCode.unauthorised ? !state.doubted : state.doubted
  const frameBytesMax =
    event.code === CloseCode.tooBig
      ? Math.max(FRAME_BYTES_MIN, Math.floor(state.frameBytesMax / 2))
      : state.frameBytesMax
  return [{ ...state, retry, problem, doubted, frameBytesMax, phase: { name: 'waiting', untilMs } }, []]
}

/** We end it ourselves: close, and wait as this kind of end asks. */
function end(state: SessionState, farewell: Farewell, ending: Ending, moment: Moment): SessionStep {
  const [retry, waitMs] = waitAfter(state.retry, ending, moment.random)
  const problem = ending.kind === 'planned' ? null : { code: farewell.code, text: farewell.reason }
  return [
    { ...state, retry, problem, phase: { name: 'waiting', untilMs: moment.nowMs + waitMs } },
    [{ do: 'close', ...farewell }],
  ]
}

/** A live session that asked to be closed is over as soon as it asked. */
function endIfAsked(step: SessionStep, moment: Moment): SessionStep {
  const [state, actions] = step
  const last = actions.at(-1)
  if (last?.do !== 'close') return step
  const { code, reason } = last
  // Code 1000 is the machine's own wish to say hello anew, with a spool that begins elsewhere.
  const ending: Ending = code === CloseCode.normal ? { kind: 'planned' } : endingAt(state, code, moment)
  const [ended, farewell] = end(state, { code, reason }, ending, moment)
  return [ended, [...actions.slice(0, -1), ...farewell]]
}

/** Of a live session: a goaway makes every end a planned one, and otherwise it counts how long it lasted. */
function endingAt(state: SessionState, code: number, { nowMs }: Moment): Ending {
  const ending = endingOf(code)
  if (state.phase.name !== 'live' || ending.kind !== 'failed') return ending
  if (state.phase.leaveAtMs !== null) return { kind: 'planned' }
  return { kind: 'lost', lastedMs: nowMs - state.phase.sinceMs }
}
