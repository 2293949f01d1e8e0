/** The agent's half of a session as data: what is remembered, what happens to it, and what it wants done. */
import type { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { Command, CommandResult } from '@aloft/shared/protocol/commands'
import type { SpooledEvent } from '@aloft/shared/protocol/events'
import type {
  AgentFrame,
  Hello,
  MalformedFrame,
  RouterState,
  ServerFrame,
} from '@aloft/shared/protocol/frames'
import type { Credential } from '@aloft/shared/protocol/identity'
import type { Retry } from './back-off.ts'
import type { ClockSample } from './clock-offset.ts'

/** Who is speaking. Constant for one run of the steward. */
export interface SessionConfig {
  readonly agentId: string
  readonly node: string
  readonly software: string
  readonly bootId: string
  readonly runId: string
  /** Tells this host from another that has the same `bootId`; left out where there is nothing to tell it by. */
  readonly machineId?: string
}

/** Now, and a number in [0, 1): all a step may know besides its event. */
export interface Moment {
  readonly nowMs: number
  readonly wallMs: number
  readonly random: number
}

/** What the spool holds on durable storage. `lastSeq` is `firstSeq − 1` when it is empty. */
export interface SpoolRange {
  readonly epoch: string
  readonly firstSeq: number
  readonly lastSeq: number
}

export type Phase =
  | { readonly name: 'stopped' }
  | { readonly name: 'waiting'; readonly untilMs: number }
  /** The socket is being opened, then the challenge is due, then (hello sent) the welcome. */
  | { readonly name: 'connecting' | 'opened' | 'proving'; readonly deadlineMs: number }
  | Live

/** A welcomed session. `reachedSeq` ≥ `sentSeq` ≥ `ackedSeq`; what lies between the last two is in flight. */
export interface Live {
  readonly name: 'live'
  readonly sessionId: string
  readonly epoch: string
  readonly sinceMs: number
  readonly heartbeatMs: number
  readonly heartbeatAtMs: number
  /** Of the last heartbeat, for its pong. */
  readonly beat: { readonly wallMs: number; readonly monoMs: number } | null
  /** No frame until then: the centre or the path to it is gone. */
  readonly silentAtMs: number
  /** False until the first snapshot went out; events wait for it. */
  readonly synced: boolean
  readonly sentSeq: number
  /** As far as was ever sent: who was sent back may still be told of what was under way. */
  readonly reachedSeq: number
  readonly ackedSeq: number
  readonly lastSentAtMs: number
  /** A read of the spool is under way. */
  readonly reading: boolean
  /** When the events that wait are sent even as a small batch; null when none wait. */
  readonly batchAtMs: number | null
  /** Times the centre sent us back without having taken anything since. */
  readonly timesSentBack: number
  /** After a goaway: when to leave. */
  readonly leaveAtMs: number | null
  /** The session that is to follow is being opened. */
  readonly leaving: boolean
  /** That one has said its hello, or is about to: no more events go out over this one. */
  readonly hushed: boolean
  readonly samples: readonly ClockSample[]
  /** When the next credential is asked for; null when this centre gives none. */
  readonly renewAtMs: number | null
  /** Heard, and waiting for the difference of the clocks to be known. */
  readonly commands: readonly Command[]
}

export interface SessionState {
  readonly phase: Phase
  readonly retry: Retry
  readonly spool: SpoolRange
  /** The highest seq the centre is known to hold of this epoch. */
  readonly heldSeq: number
  readonly routerAlive: boolean
  /** The centre's word for this agent's key. */
  readonly credential: Credential | null
  /** We were refused with it: the next hello goes without, and the key has to speak for itself. */
  readonly doubted: boolean
  /** How large a frame of events may be: less than the protocol's where something on the way lets none so large through. */
  readonly frameBytesMax: number
  /** Why the last session ended or none came about, for people. */
  readonly problem: { readonly code: number; readonly text: string } | null
}

export type SessionEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'opened' }
  | { readonly kind: 'tick' }
  /** Something came from the centre that is no frame: a WebSocket ping. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'frame'; readonly frame: ServerFrame | MalformedFrame }
  | {
      readonly kind: 'closed'
      readonly code: number
      readonly reason: string
      readonly retryAfterMs: number | null
    }
  | { readonly kind: 'spooled'; readonly range: SpoolRange }
  /** Answer to `read`: what follows `afterSeq`, as far as it fitted; `unreadable` when the spool could not say. */
  | {
      readonly kind: 'read'
      readonly epoch: string
      readonly afterSeq: number
      readonly events: readonly SpooledEvent[]
      readonly unreadable: string | null
    }
  | {
      readonly kind: 'snapshot'
      readonly asOfSeq: number
      readonly routers: readonly RouterState[] | null
    }
  | { readonly kind: 'router'; readonly alive: boolean }
  /** There may be a better way to the centre: to be tried beside this session. */
  | { readonly kind: 'leave' }
  /** There is none. */
  | { readonly kind: 'stay' }
  /** Events wait, because the session that follows has named what they begin with; or they wait no longer. */
  | { readonly kind: 'hush'; readonly on: boolean }
  /** The challenge or the welcome is not of the centre this agent trusts. */
  | { readonly kind: 'distrusted'; readonly reason: string }
  /** A new key is ready: its signature over `candidateText(...)`. */
  | { readonly kind: 'candidate'; readonly publicKey: string; readonly signature: string }
  /** The new key was tried and is this agent's from now on; so is its credential. */
  | { readonly kind: 'key-changed'; readonly credential: Credential }
  /** What came of an `obey`. */
  | { readonly kind: 'obeyed'; readonly result: CommandResult }

export type UnsignedHello = Omit<Hello, 'signature'>

export type SessionAction =
  | { readonly do: 'dial' }
  | { readonly do: 'close'; readonly code: CloseCode; readonly reason: string }
  /** Open the session that is to follow this one, which goes on meanwhile (`succession.ts`). */
  | { readonly do: 'succeed' }
  /** Sign the nonce and send. */
  | { readonly do: 'hello'; readonly nonce: string; readonly hello: UnsignedHello }
  | { readonly do: 'send'; readonly frame: Exclude<AgentFrame, Hello> }
  | {
      readonly do: 'read'
      readonly afterSeq: number
      readonly countMax: number
      readonly bytesMax: number
    }
  /** Ask the router for its state; a `snapshot` event follows. */
  | { readonly do: 'take-snapshot' }
  /** Do what the centre orders, unless that was done; `obeyed` follows. */
  | { readonly do: 'obey'; readonly command: Command }
  /** The centre holds everything up to `seq`; it may be less than it once held. */
  | { readonly do: 'held'; readonly epoch: string; readonly seq: number }
  /** From now on this is the credential. */
  | { readonly do: 'keep-credential'; readonly credential: Credential }
  /** Make a new key; `candidate` follows. */
  | { readonly do: 'make-key'; readonly sessionId: string }
  /** Try the new key on a connection of its own; `key-changed` follows if it holds. */
  | { readonly do: 'try-key'; readonly credential: Credential }

export type SessionStep = readonly [SessionState, readonly SessionAction[]]
