/**
 * The centre's half of one agent's session (`shared/protocol/frames`): which frame may come when, who is let in, what
 * is answered, and how it ends. No clock, no socket, no database: the shell performs the actions in order and
 * reports back with events.
 *
 *   challenged ──hello──▶ admitting ──admitted──▶ snapshot ──snapshot, synced──▶ live ──▶ closed
 *                                                      └──── superseded from another host ──▶ probed ──┘
 */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { Command, CommandResult } from '@aloft/shared/protocol/commands'
import type {
  AgentFrame,
  Events,
  Goaway,
  Heartbeat,
  Hello,
  MalformedFrame,
  Renew,
  ServerFrame,
  Snapshot,
  Welcome,
} from '@aloft/shared/protocol/frames'
import type { CentreName, Credential } from '@aloft/shared/protocol/identity'
import { PROTOCOL_VERSION } from '@aloft/shared/protocol/version'
import type { ClockOffset, Instant } from './clocks.ts'
import { spendToken } from './frame-rate.ts'
import { type Heard, heard } from './heard.ts'

export type { ClockOffset, Instant }

export interface SessionLimits {
  readonly heartbeatMs: number
  /** No frame for so long: the agent is gone (three heartbeats). */
  readonly silenceMs: number
  /** From the challenge to a hello. From a welcome to `synced` an agent has the time of a silence. */
  readonly patienceMs: number
  readonly framesPerSecond: number
  readonly burstFrames: number
  /** From a goaway to the close: time for the agent to open its next session first. */
  readonly drainMs: number
  /** What a host that is there needs at most to say so. */
  readonly probeMs: number
}

export const SESSION_LIMITS: SessionLimits = {
  heartbeatMs: 15_000,
  silenceMs: 45_000,
  patienceMs: 10_000,
  framesPerSecond: 100,
  burstFrames: 400,
  drainMs: 1_000,
  probeMs: 5_000,
}

export interface Session {
  readonly phase: 'challenged' | 'admitting' | 'snapshot' | 'live' | 'probed' | 'closed'
  readonly limits: SessionLimits
  readonly nonce: string
  readonly challengedAt: Instant
  readonly lastFrameAtMs: number
  /** When the phase must be over; null while only silence ends it. */
  readonly phaseEndsAtMs: number | null
  /** Token bucket of the frame rate limit. */
  readonly tokens: number
  readonly closesAtMs: number | null
  readonly hello: Heard | null
  readonly clock: ClockOffset | null
  /** A snapshot came, so that `synced` is due. */
  readonly syncDue: boolean
  /** Where the agent was last sent back to; all that it had in flight then says the same hole again. */
  readonly sentBackTo: number | null
  /** What the host at the other end of a superseded session is to repeat. */
  readonly probe: string | null
}

export type SessionEvent =
  | { readonly kind: 'frame'; readonly frame: AgentFrame | MalformedFrame }
  /** The agent is who it says, and its session is on record. `resumeAfterSeq`: the last event of its epoch held. */
  | {
      readonly kind: 'admitted'
      readonly sessionId: string
      readonly resumeAfterSeq: number
      readonly spreadMs: number
      readonly greeting: Pick<Welcome, 'proof' | 'credential' | 'rotateKey'>
      /** Only a key was tried: it holds, and that was all. */
      readonly trial: boolean
    }
  | { readonly kind: 'refused'; readonly code: CloseCode; readonly reason: string }
  /** Everything of `epoch` up to `seq` is committed. */
  | { readonly kind: 'held'; readonly epoch: string; readonly seq: number }
  /** What came next was not what is missing: the agent must go back. */
  | { readonly kind: 'hole'; readonly epoch: string; readonly afterSeq: number }
  /** To be sent on, if the session stands; the agent named it among those it knows. */
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'ended'; readonly code: CloseCode; readonly reason: string }
  /**
   * A newer session of this agent took over. From another host, if there is a `probe`: then it matters whether ours is
   * still there too (`agents/rival.ts`).
   */
  | { readonly kind: 'superseded'; readonly probe: string | null }
  /** Answer to `renew`. */
  | {
      readonly kind: 'credential'
      readonly credential: Credential
      readonly candidate: boolean
      readonly rotateKey: boolean
    }
  /** `lingerMs`: from the goaway to the close, if not `drainMs`. */
  | ({ readonly kind: 'drain'; readonly lingerMs?: number } & Pick<Goaway, 'reason' | 'reconnectWithinMs'>)
  | { readonly kind: 'tick' }

/** A hello, and the challenge it answers. */
interface Answered {
  readonly hello: Hello
  readonly nonce: string
  readonly clock: ClockOffset
  readonly challengedAtMs: number
}

export type SessionAction =
  | { readonly do: 'send'; readonly frame: ServerFrame }
  /** Check the signature over (nonce, agent), and open the session on record: `admitted` or `refused` follows. */
  | ({ readonly do: 'admit' } & Answered)
  | {
      readonly do: 'show'
      readonly snapshot: Snapshot
      readonly epoch: string
      readonly clock: ClockOffset | null
    }
  | { readonly do: 'synced' }
  /** `liveAfterSeq`: events up to it were observed before this session. */
  | {
      readonly do: 'ingest'
      readonly batch: Events
      readonly clock: ClockOffset | null
      readonly liveAfterSeq: number
    }
  | { readonly do: 'renew'; readonly candidate: Renew['candidate'] }
  /** Two hosts answer for this agent: one over a newer session, and one over this. `ended` follows. */
  | { readonly do: 'rival' }
  | { readonly do: 'note'; readonly heartbeat: Heartbeat; readonly clock: ClockOffset | null }
  | { readonly do: 'finish'; readonly result: CommandResult }
  | { readonly do: 'close'; readonly code: CloseCode; readonly reason: string }

export type SessionStep = readonly [Session, readonly SessionAction[]]

/** A new connection: the agent must prove itself over `nonce`, and `centre` says who wants to know. */
export function openSession(
  nonce: string,
  limits: SessionLimits,
  now: Instant,
  centre: CentreName | null = null,
): SessionStep {
  const session: Session = {
    phase: 'challenged',
    limits,
    nonce,
    challengedAt: now,
    lastFrameAtMs: now.monoMs,
    phaseEndsAtMs: now.monoMs + limits.patienceMs,
    tokens: limits.burstFrames,
    closesAtMs: null,
    hello: null,
    clock: null,
    syncDue: false,
    sentBackTo: null,
    probe: null,
  }
  const name = centre === null ? {} : { centre }
  return [session, [send({ kind: 'challenge', nonce, protocolVersion: PROTOCOL_VERSION, ...name })]]
}

export function stepSession(session: Session, event: SessionEvent, now: Instant): SessionStep {
  if (session.phase === 'closed') return [session, []]
  switch (event.kind) {
    case 'frame':
      return hear(session, event.frame, now)
    case 'admitted':
      return admitted(session, event, now)
    case 'refused':
    case 'ended':
      return close(session, event.code, event.reason)
    case 'held':
      return [{ ...session, sentBackTo: null }, [send({ kind: 'ack', epoch: event.epoch, seq: event.seq })]]
    case 'hole':
      return sendBack(session, event)
    case 'superseded':
      return superseded(session, event, now)
    case 'credential': {
      const { credential, candidate, rotateKey } = event
      const order = rotateKey ? ({ rotateKey: true } as const) : {}
      return [session, [send({ kind: 'credential', credential, candidate, ...order })]]
    }
    case 'command':
      return [session, session.phase === 'live' ? [send(event.command)] : []]
    case 'drain':
      return drain(session, event, now)
    case 'tick':
      return tick(session, now)
  }
}

function hear(before: Session, frame: AgentFrame | MalformedFrame, now: Instant): SessionStep {
  const session = { ...before, ...spendToken(before, now) }
  if (session.tokens < 0)
    return close(session, CloseCode.tryLater, `more than ${session.limits.framesPerSecond} frames a second`)
  if ('malformed' in frame) return close(session, codeOf(frame), `malformed frame: ${frame.malformed}`)
  switch (session.phase) {
    case 'challenged':
      return frame.kind === 'hello' ? hello(session, frame, now) : outOfOrder(session, frame.kind)
    case 'snapshot':
    case 'live':
      return converse(session, frame, now)
    case 'probed':
      // What a superseded session reports is reported by the newer one, or of another host: it is not heard.
      if (frame.kind !== 'alive' || frame.nonce !== session.probe) return [session, []]
      return [{ ...session, probe: null }, [{ do: 'rival' }]]
    default:
      return outOfOrder(session, frame.kind)
  }
}

/**
 * The agent read its clock between our challenge and its hello's arrival, so the offset lies between the two: its
 * middle, wrong by at most half the round trip. Heartbeats refine it.
 */
function hello(session: Session, frame: Hello, now: Instant): SessionStep {
  if (frame.protocolVersion !== PROTOCOL_VERSION)
    return close(
      session,
      CloseCode.unsupportedVersion,
      `this centre speaks protocol ${PROTOCOL_VERSION}, not ${frame.protocolVersion}`,
    )
  if (frame.firstSeq > frame.lastSeq + 1)
    return close(session, CloseCode.protocolError, 'hello: firstSeq is beyond lastSeq + 1')
  // Over HTTP requests another replica may have sent the challenge, by a clock a little ahead of this one.
  const roundTripMs = Math.max(0, now.monoMs - session.challengedAt.monoMs)
  const { nonce, challengedAt } = session
  const clock = { offsetMs: now.wallMs - roundTripMs / 2 - frame.wallMs, errorMs: roundTripMs / 2 }
  return [
    { ...session, phase: 'admitting', hello: heard(frame), clock, phaseEndsAtMs: null },
    [{ do: 'admit', hello: frame, nonce, clock, challengedAtMs: challengedAt.wallMs }],
  ]
}

function admitted(
  session: Session,
  event: Extract<SessionEvent, { kind: 'admitted' }>,
  now: Instant,
): SessionStep {
  if (session.phase !== 'admitting') return [session, []]
  const { sessionId, resumeAfterSeq, spreadMs, greeting, trial } = event
  const { heartbeatMs, silenceMs } = session.limits
  const welcome = send({ kind: 'welcome', sessionId, resumeAfterSeq, heartbeatMs, spreadMs, ...greeting })
  if (trial) {
    const [closed, farewell] = close(session, CloseCode.normal, 'the key holds')
    return [closed, [welcome, ...farewell]]
  }
  return [
    // Admission may have waited for the database: silence counts from the welcome.
    { ...session, phase: 'snapshot', phaseEndsAtMs: now.monoMs + silenceMs, lastFrameAtMs: now.monoMs },
    [welcome],
  ]
}

function converse(session: Session, frame: AgentFrame, now: Instant): SessionStep {
  switch (frame.kind) {
    case 'hello':
      return outOfOrder(session, frame.kind)
    case 'heartbeat':
      return heartbeat(session, frame, now)
    case 'snapshot':
      return [
        { ...session, syncDue: true },
        [{ do: 'show', snapshot: frame, epoch: session.hello?.epoch ?? '', clock: session.clock }],
      ]
    case 'synced':
      if (!session.syncDue) return outOfOrder(session, frame.kind)
      return [{ ...session, phase: 'live', phaseEndsAtMs: null, syncDue: false }, [{ do: 'synced' }]]
    case 'events':
      return events(session, frame)
    case 'renew':
      return [session, [{ do: 'renew', candidate: frame.candidate }]]
    case 'alive':
      return outOfOrder(session, frame.kind)
    case 'command-result':
      return [session, [{ do: 'finish', result: frame }]]
  }
}

const SUPERSEDED = 'a newer session of this agent took over'

/** An agent that sent no nonce for the centre does not know probes, and cannot be asked. */
function superseded(
  session: Session,
  { probe }: Extract<SessionEvent, { kind: 'superseded' }>,
  { monoMs }: Instant,
): SessionStep {
  if (session.phase === 'probed') return [session, []]
  if (probe === null || session.hello?.knowsProbes !== true)
    return close(session, CloseCode.superseded, SUPERSEDED)
  const phaseEndsAtMs = monoMs + session.limits.probeMs
  return [{ ...session, phase: 'probed', probe, phaseEndsAtMs }, [send({ kind: 'probe', nonce: probe })]]
}

function heartbeat(session: Session, frame: Heartbeat, now: Instant): SessionStep {
  const clock = frame.clock ?? session.clock
  return [
    { ...session, clock },
    [
      send({
        kind: 'pong',
        agentSentWallMs: frame.sentWallMs,
        receivedWallMs: now.wallMs,
        sentWallMs: now.wallMs,
      }),
      { do: 'note', heartbeat: frame, clock },
    ],
  ]
}

function events(session: Session, frame: Events): SessionStep {
  if (session.phase !== 'live') return outOfOrder(session, frame.kind)
  if (frame.epoch !== session.hello?.epoch)
    return close(session, CloseCode.protocolError, 'events: not of the epoch the hello named')
  for (const [i, { seq }] of frame.events.entries()) {
    if (seq !== (frame.events[0]?.seq ?? 0) + i)
      return close(session, CloseCode.protocolError, `events: seq ${seq} does not follow the one before it`)
  }
  return [
    session,
    [{ do: 'ingest', batch: frame, clock: session.clock, liveAfterSeq: session.hello.lastSeq }],
  ]
}

function sendBack(
  session: Session,
  { epoch, afterSeq }: Extract<SessionEvent, { kind: 'hole' }>,
): SessionStep {
  if (session.sentBackTo === afterSeq) return [session, []]
  return [{ ...session, sentBackTo: afterSeq }, [send({ kind: 'resume', epoch, afterSeq })]]
}

function drain(
  session: Session,
  { reason, reconnectWithinMs, lingerMs }: Extract<SessionEvent, { kind: 'drain' }>,
  now: Instant,
): SessionStep {
  if (session.closesAtMs !== null) return [session, []]
  return [
    { ...session, closesAtMs: now.monoMs + (lingerMs ?? session.limits.drainMs) },
    [send({ kind: 'goaway', reason, reconnectWithinMs })],
  ]
}

function tick(session: Session, { monoMs }: Instant): SessionStep {
  if (session.closesAtMs !== null && monoMs >= session.closesAtMs)
    return close(session, CloseCode.restart, 'this replica is stopping')
  // While the centre itself is slow to admit, the agent has nothing to say.
  if (session.phase === 'admitting') return [session, []]
  if (session.phase === 'probed' && session.phaseEndsAtMs !== null && monoMs >= session.phaseEndsAtMs)
    return close(session, CloseCode.superseded, SUPERSEDED)
  if (session.phaseEndsAtMs !== null && monoMs >= session.phaseEndsAtMs)
    return close(
      session,
      CloseCode.protocolError,
      `no ${session.phase === 'challenged' ? 'hello' : 'synced'} in time`,
    )
  if (monoMs - session.lastFrameAtMs >= session.limits.silenceMs)
    return close(session, CloseCode.tryLater, `nothing heard for ${session.limits.silenceMs / 1000} s`)
  return [session, []]
}

/** A kind we do not know is a protocol we do not speak (`shared/protocol/version`); anything else is an error. */
function codeOf({ unknownKind }: MalformedFrame): CloseCode {
  return unknownKind ? CloseCode.unsupportedVersion : CloseCode.protocolError
}

function outOfOrder(session: Session, kind: AgentFrame['kind']): SessionStep {
  const expected: Record<Session['phase'], string> = {
    challenged: 'a hello is due',
    admitting: 'the welcome has not been sent',
    snapshot: session.syncDue ? 'synced is due' : 'a snapshot is due',
    live: 'the session is under way',
    probed: 'the session is superseded',
    closed: 'the session is over',
  }
  return close(session, CloseCode.protocolError, `${kind}: ${expected[session.phase]}`)
}

/** A close reason may have 123 bytes (RFC 6455 §5.5.1); ours are ASCII but for what an agent's frame put in. */
function close(session: Session, code: CloseCode, reason: string): SessionStep {
  const short = reason.replace(/[^\x20-\x7e]/g, '?').slice(0, 123)
  return [{ ...session, phase: 'closed' }, [{ do: 'close', code, reason: short }]]
}

function send(frame: ServerFrame): SessionAction {
  return { do: 'send', frame }
}
