import { z } from 'zod'
import { FamilyName, Role, SpooledEvent } from './events.ts'
import { BATCH_EVENTS_MAX } from './version.ts'

/**
 * The frames of a session, JSON text, one frame a message:
 *
 *   server  challenge            a nonce to sign
 *   agent   hello                who, which boot, which spool, signed
 *   server  welcome              the resume point: the last event of that epoch the server holds
 *   agent   snapshot, synced     the state now, then the marker after which only changes come
 *   agent   events …             everything after the resume point, in order
 *   server  ack …                cumulative, sent after commit
 *   agent   heartbeat / server pong   liveness and the four timestamps of the clock offset
 */

/** What the agent proves itself with: Ed25519 over `challengeText(...)`, base64. */
export const Hello = z.object({
  kind: z.literal('hello'),
  protocolVersion: z.int(),
  agentId: z.string(),
  signature: z.string(),
  node: z.string(),
  software: z.string(),
  bootId: z.string(),
  runId: z.string(),
  epoch: z.string(),
  firstSeq: z.int().min(1),
  lastSeq: z.int().min(0),
  wallMs: z.number(),
})
export type Hello = z.infer<typeof Hello>

/** One virtual router as the agent sees it at the moment of the snapshot. */
export const RouterState = z.object({
  virtualRouter: z.string(),
  vrid: z.int(),
  family: FamilyName,
  interface: z.string(),
  version: z.int(),
  role: Role,
  sinceWallMs: z.number(),
  priority: z.int(),
  advertisementIntervalMs: z.number(),
  addresses: z.array(z.string()),
  active: z.object({ address: z.string(), priority: z.int() }).nullable(),
})
export type RouterState = z.infer<typeof RouterState>

/** `asOfSeq`: the last event whose effect the snapshot shows. `routers: null`: the router process is not answering. */
export const Snapshot = z.object({
  kind: z.literal('snapshot'),
  asOfSeq: z.int(),
  routers: z.array(RouterState).nullable(),
})
export type Snapshot = z.infer<typeof Snapshot>

export const Synced = z.object({ kind: z.literal('synced') })

export const Events = z.object({
  kind: z.literal('events'),
  epoch: z.string(),
  events: z.array(SpooledEvent).min(1).max(BATCH_EVENTS_MAX),
})
export type Events = z.infer<typeof Events>

/** `clock`: the last measured offset (server − agent) and its error, for events of this session; null before the first pong. */
export const Heartbeat = z.object({
  kind: z.literal('heartbeat'),
  sentWallMs: z.number(),
  spoolBacklog: z.int(),
  routerAlive: z.boolean(),
  clock: z.object({ offsetMs: z.number(), errorMs: z.number() }).nullable(),
})
export type Heartbeat = z.infer<typeof Heartbeat>

export const AgentFrame = z.discriminatedUnion('kind', [Hello, Snapshot, Synced, Events, Heartbeat])
export type AgentFrame = z.infer<typeof AgentFrame>

export const Challenge = z.object({
  kind: z.literal('challenge'),
  nonce: z.string(),
  protocolVersion: z.int(),
})

/** `resumeAfterSeq`: 0 when the server holds nothing of this epoch. `spreadMs`: first retry is random within it. */
export const Welcome = z.object({
  kind: z.literal('welcome'),
  sessionId: z.string(),
  resumeAfterSeq: z.int().min(0),
  heartbeatMs: z.number(),
  spreadMs: z.number(),
})
export type Welcome = z.infer<typeof Welcome>

export const Ack = z.object({ kind: z.literal('ack'), epoch: z.string(), seq: z.int() })
/** The server lacks events before those it was sent: go back and send everything after `afterSeq`. */
export const Resume = z.object({ kind: z.literal('resume'), epoch: z.string(), afterSeq: z.int().min(0) })
/** `agentSentWallMs` echoes the heartbeat; the other two are the server's receive and send times. */
export const Pong = z.object({
  kind: z.literal('pong'),
  agentSentWallMs: z.number(),
  receivedWallMs: z.number(),
  sentWallMs: z.number(),
})
export const Goaway = z.object({
  kind: z.literal('goaway'),
  reason: z.string(),
  reconnectWithinMs: z.number(),
})

export const ServerFrame = z.discriminatedUnion('kind', [Challenge, Welcome, Ack, Resume, Pong, Goaway])
export type ServerFrame = z.infer<typeof ServerFrame>

/** A frame could not be read: what was wrong, in one line. */
export interface MalformedFrame {
  readonly malformed: string
  /** A frame, or something in it, is of a kind this version does not know: the other side is newer than we are. */
  readonly unknownKind: boolean
}

/** Reads one frame an agent sent. Never throws. */
export function decodeAgentFrame(text: string): AgentFrame | MalformedFrame {
  return decode(AgentFrame, text)
}

/** Reads one frame a server sent. Never throws. */
export function decodeServerFrame(text: string): ServerFrame | MalformedFrame {
  return decode(ServerFrame, text)
}

function decode<T>(schema: z.ZodType<T>, text: string): T | MalformedFrame {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { malformed: 'not JSON', unknownKind: false }
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const malformed = `${issue?.path.join('.') || 'frame'}: ${issue?.message ?? 'invalid'}`
  return { malformed, unknownKind: issue !== undefined && isUnknownKind(value, issue.path) }
}

/** Everything with variants is told apart by its `kind`; a `kind` that is a word and yet wrong is one we do not know. */
function isUnknownKind(frame: unknown, path: readonly PropertyKey[]): boolean {
  if (path.at(-1) !== 'kind') return false
  const kind = path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), frame)
  return typeof kind === 'string'
}

function isRecord(value: unknown): value is Readonly<Record<PropertyKey, unknown>> {
  return typeof value === 'object' && value !== null
}

/** The text an agent signs to open a session: bound to the nonce, the agent and this purpose. */
export function challengeText(nonce: string, agentId: string): string {
  return `aloft.v1 connect ${agentId} ${nonce}`
}

/** `POST /agent/v1/enrol`. The signature is over `enrolmentText(...)`: it proves the key is the agent's own. */
export const EnrolRequest = z.object({
  token: z.string().min(1),
  node: z.string().min(1).max(253),
  publicKey: z.string().min(1),
  signature: z.string().min(1),
  software: z.string(),
})
export type EnrolRequest = z.infer<typeof EnrolRequest>

export const EnrolResponse = z.object({ agentId: z.string(), site: z.string(), node: z.string() })
export type EnrolResponse = z.infer<typeof EnrolResponse>

/** The text an agent signs to enrol: it proves the key, and binds it to the token and the name. */
export function enrolmentText(token: string, node: string, publicKey: string): string {
  return `aloft.v1 enrol ${node} ${publicKey} ${token}`
}
