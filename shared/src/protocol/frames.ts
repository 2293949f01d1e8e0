import { z } from 'zod'
import { Command, CommandResult } from './commands.ts'
import { FamilyName, Role, SpooledEvent } from './events.ts'
import { CentreName, Credential } from './identity.ts'
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
 *   server  command / agent command-result   do this, once, until then
 *   agent   heartbeat / server pong   liveness and the four timestamps of the clock offset
 *   agent   renew / server credential   the next credential, or one for a new key
 *   server  probe / agent alive         is the older of two sessions still there?
 */

/**
 * What the agent proves itself with: Ed25519 over `challengeText(...)`, base64. `centreNonce`: what the centre is to prove
 * itself over; an agent that sends one knows credentials and probes. `machineId` tells hosts apart that have one
 * `bootId`. `trial`: nothing but a test of a new key, which opens no session.
 */
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
  machineId: z.string().max(200).optional(),
  centreNonce: z.string().min(16).max(200).optional(),
  credential: Credential.optional(),
  trial: z.literal(true).optional(),
  /** Commands this agent knows; none are sent to one that does not say. */
  obeys: z.array(z.string().max(64)).max(64).optional(),
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
  /** This node's own primary address: what its peers hear it by. Lets the centre match `active` to a node. */
  source: z.string().nullable().optional(),
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

/** A credential is asked for: for the key of this session, or for one that is to follow it (`candidateText`). */
export const Renew = z.object({
  kind: z.literal('renew'),
  candidate: z.object({ publicKey: z.string(), signature: z.string() }).nullable(),
})

export type Renew = z.infer<typeof Renew>

/** The answer to a probe, by whoever is at this end of the session. */
export const Alive = z.object({ kind: z.literal('alive'), nonce: z.string() })

export const AgentFrame = z.discriminatedUnion('kind', [
  Hello,
  Snapshot,
  Synced,
  Events,
  Heartbeat,
  Renew,
  Alive,
  CommandResult,
])
export type AgentFrame = z.infer<typeof AgentFrame>

/** `centre`: which centre this is. It proves it in its welcome; an agent that trusts another leaves at once. */
export const Challenge = z.object({
  kind: z.literal('challenge'),
  nonce: z.string(),
  protocolVersion: z.int(),
  centre: CentreName.optional(),
})

/**
 * `resumeAfterSeq`: 0 when the server holds nothing of this epoch. `spreadMs`: first retry is random within it. `proof`: the
 * centre's signature over `centreProofText(...)`. `credential`: to be used from now on. `rotateKey`: make a new key.
 */
export const Welcome = z.object({
  kind: z.literal('welcome'),
  sessionId: z.string(),
  resumeAfterSeq: z.int().min(0),
  heartbeatMs: z.number(),
  spreadMs: z.number(),
  proof: z.string().optional(),
  credential: Credential.optional(),
  rotateKey: z.literal(true).optional(),
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
export type Goaway = z.infer<typeof Goaway>

/**
 * `candidate`: for the key that was asked about, to be tried on a connection of its own before it is used. `rotateKey`: make
 * a new key.
 */
export const CredentialFrame = z.object({
  kind: z.literal('credential'),
  credential: Credential,
  candidate: z.boolean(),
  rotateKey: z.literal(true).optional(),
})

/** Another host speaks for this agent: who is there says so. Silence is an answer too. */
export const Probe = z.object({ kind: z.literal('probe'), nonce: z.string() })

export const ServerFrame = z.discriminatedUnion('kind', [
  Challenge,
  Welcome,
  Ack,
  Resume,
  Pong,
  Goaway,
  CredentialFrame,
  Probe,
  Command,
])
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

/** The same of a frame that is no text any more: a part of an exchange. */
export function readAgentFrame(value: unknown): AgentFrame | MalformedFrame {
  return read(AgentFrame, value)
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
  return read(schema, value)
}

function read<T>(schema: z.ZodType<T>, value: unknown): T | MalformedFrame {
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

/** `centre`: the key to trust from now on. `pending`: somebody must approve the node before it is let in. */
export const EnrolResponse = z.object({
  agentId: z.string(),
  site: z.string(),
  node: z.string(),
  centre: CentreName.optional(),
  credential: Credential.optional(),
  pending: z.boolean().optional(),
})
export type EnrolResponse = z.infer<typeof EnrolResponse>

/** The text an agent signs to enrol: it proves the key, and binds it to the token and the name. */
export function enrolmentText(token: string, node: string, publicKey: string): string {
  return `aloft.v1 enrol ${node} ${publicKey} ${token}`
}
