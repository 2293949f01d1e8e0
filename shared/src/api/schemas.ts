import { z } from 'zod'
import { COMMAND_KINDS } from '../protocol/commands.ts'
import { EventBody, FamilyName, Observed, Role, TransitionReason } from '../protocol/events.ts'

/** What `/api/v1` answers. Instants are ISO 8601 with milliseconds, UTC; durations carry their unit in the name. */

export const Site = z
  .object({
    id: z.string(),
    name: z.string(),
    agents: z.object({
      total: z.int(),
      connected: z.int(),
      silent: z.int(),
      down: z.int(),
      unknown: z.int(),
    }),
    virtualRouters: z.object({
      total: z.int(),
      served: z.int(),
      splitBrain: z.int(),
      noActive: z.int(),
      unknown: z.int(),
    }),
    lastFailoverAt: z.string().nullable(),
  })
  .meta({ id: 'Site' })
export type Site = z.infer<typeof Site>

/** `KEY=VALUE`, as labels are written in queries and on command lines. */
export const LABEL = /^[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?=[A-Za-z0-9._/-]{1,63}$/

/** What sets agents apart, given by the enrolment token. */
export const Labels = z
  .record(
    z
      .string()
      .regex(/^[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits, `.`, `/`, `_`, `-`'),
    z.string().regex(/^[A-Za-z0-9._/-]{1,63}$/, 'letters, digits, `.`, `/`, `_`, `-`; 63 at most'),
  )
  .refine((labels) => Object.keys(labels).length <= 16, 'sixteen labels at most')

/**
 * `connected`: a live session, or one that ended within the last ten seconds. Without one, by what its peers say:
 * `silent`: a peer still hears its advertisements; `down`: a peer took over because they ceased; `unknown`: nobody can
 * tell, or the centre itself was away. `enrolled`: never connected. Refused at the door: `pending`: its token asks for
 * approval; `quarantined`: a clone, or a history that was rewound; `revoked`: shut out. In every state the node goes
 * on doing VRRP.
 */
export const AgentState = z
  .enum(['pending', 'enrolled', 'connected', 'silent', 'down', 'unknown', 'quarantined', 'revoked'])
  .meta({ id: 'AgentState' })
export type AgentState = z.infer<typeof AgentState>

export const Agent = z
  .object({
    id: z.string(),
    site: z.string(),
    node: z.string(),
    state: AgentState,
    /** What `silent` and `down` stand on: which peer says so, of which virtual router, and as of when. */
    evidence: z.object({ node: z.string(), virtualRouter: z.string(), at: z.string() }).nullable(),
    software: z.string().nullable(),
    enrolledAt: z.string(),
    connectedSince: z.string().nullable(),
    lastSeenAt: z.string().nullable(),
    clock: z.object({ offsetMs: z.number(), errorMs: z.number() }).nullable(),
    spoolBacklog: z.int().nullable(),
    routerAlive: z.boolean().nullable(),
    labels: z.record(z.string(), z.string()),
    /** Why it is quarantined, pending or revoked; null when it is none of these. */
    reason: z.string().nullable(),
    /** Of its key, as the node itself shows it (`aloft status`): who approves a node compares the two. */
    keyFingerprint: z.string(),
    /** Since when it has its key. */
    keySince: z.string(),
    /** The address its enrolment came from; null when that is not known. */
    enrolledFrom: z.string().nullable(),
    /** Somebody asked for a new key, and it has not made one yet. */
    keyRotationAsked: z.boolean(),
    credentialExpiresAt: z.string().nullable(),
  })
  .meta({ id: 'Agent' })
export type Agent = z.infer<typeof Agent>

/**
 * One node's part in a virtual router. `role` is null when the node itself cannot say it now; `heard` is true when a
 * peer hears it as the active all the same.
 */
export const Member = z
  .object({
    agentId: z.string(),
    node: z.string(),
    role: Role.nullable(),
    lastKnownRole: Role,
    heard: z.boolean(),
    since: z.string(),
    priority: z.int(),
    interface: z.string(),
  })
  .meta({ id: 'Member' })
export type Member = z.infer<typeof Member>

/**
 * `served`: exactly one node says that it is active, or none does and a backup hears one (`witness`). `split-brain`:
 * more than one is. `no-active`: every node is known and none is active. `unknown`: nodes that cannot be seen could be active. Unknown is never shown as good.
 */
export const VirtualRouterState = z
  .enum(['served', 'split-brain', 'no-active', 'unknown'])
  .meta({ id: 'VirtualRouterState' })
export type VirtualRouterState = z.infer<typeof VirtualRouterState>

export const VirtualRouter = z
  .object({
    id: z.string(),
    site: z.string(),
    name: z.string(),
    vrid: z.int(),
    family: FamilyName,
    addresses: z.array(z.string()),
    state: VirtualRouterState,
    /** The node that is active; null when nobody can say, or when it is none of ours. */
    active: z.string().nullable(),
    /** The backup that hears the active, where the active cannot be asked itself; its address, as of when. */
    witness: z.object({ node: z.string(), address: z.string(), at: z.string() }).nullable(),
    members: z.array(Member),
    lastFailoverAt: z.string().nullable(),
  })
  .meta({ id: 'VirtualRouter' })
export type VirtualRouter = z.infer<typeof VirtualRouter>

export const Event = z
  .object({
    id: z.string(),
    agentId: z.string(),
    site: z.string(),
    node: z.string(),
    epoch: z.string(),
    seq: z.int(),
    occurredAt: z.string(),
    occurredAtErrorMs: z.number().nullable(),
    receivedAt: z.string(),
    late: z.boolean(),
    observed: Observed,
    body: EventBody,
  })
  .meta({ id: 'Event' })
export type Event = z.infer<typeof Event>

export const Failover = z
  .object({
    id: z.string(),
    site: z.string(),
    virtualRouter: z.string(),
    vrid: z.int(),
    family: FamilyName,
    /** The node that was active before; null when the centre never knew one. */
    from: z.string().nullable(),
    to: z.string(),
    reason: TransitionReason,
    planned: z.boolean(),
    occurredAt: z.string(),
    occurredAtErrorMs: z.number().nullable(),
    receivedAt: z.string(),
    late: z.boolean(),
    outageMs: z.number().nullable(),
    evidence: z.array(Event),
  })
  .meta({ id: 'Failover' })
export type Failover = z.infer<typeof Failover>

export const CentreKey = z
  .object({
    /** Ed25519, SPKI DER, base64. */
    key: z.string(),
    previous: z.array(z.object({ key: z.string(), acceptedUntil: z.string() })),
  })
  .meta({ id: 'CentreKey' })
export type CentreKey = z.infer<typeof CentreKey>

/** Body of what changes an agent. */
export const AgentReason = z.object({ reason: z.string().min(1).max(200).optional() })

export const EnrolmentToken = z
  .object({
    id: z.string(),
    site: z.string(),
    /** Only in the answer that created it; the centre keeps a hash. */
    token: z.string().optional(),
    createdAt: z.string(),
    expiresAt: z.string(),
    maxUses: z.int(),
    uses: z.int(),
    labels: z.record(z.string(), z.string()),
    needsApproval: z.boolean(),
  })
  .meta({ id: 'EnrolmentToken' })
export type EnrolmentToken = z.infer<typeof EnrolmentToken>

/** Of a site: short enough for a label of the DNS, and the same in every shell. */
export const SiteName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits and hyphens, 63 at most')

export const NameSite = z.object({ name: SiteName })
export type NameSite = z.infer<typeof NameSite>

export const CreateEnrolmentToken = z.object({
  site: SiteName,
  ttlMs: z
    .int()
    .min(1_000)
    .max(30 * 86_400_000)
    .default(3_600_000),
  maxUses: z.int().min(1).max(10_000).default(1),
  labels: Labels.default({}),
  needsApproval: z.boolean().default(false),
})
export type CreateEnrolmentToken = z.infer<typeof CreateEnrolmentToken>

export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() })

/** RFC 9457. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof Problem>

/**
 * `GET /api/v1/stream` (SSE). `event:` is the kind, `id:` the cursor to resume from, `data:` the object as its own
 * endpoint would return it now. `hello` comes first and says where the stream stands.
 */
export const StreamKind = z.enum(['hello', 'event', 'failover', 'virtual-router', 'agent'])
export type StreamKind = z.infer<typeof StreamKind>

/**
 * `waiting`: not sent yet. `sent`: the agent has it and has not answered. `expired`: it was not done before its deadline
 * and will not be. `no-answer`: it was sent, and whether it was done is not known. `unsupported`: the agent does not know it.
 */
export const CommandState = z.enum([
  'waiting',
  'sent',
  'done',
  'failed',
  'unsupported',
  'expired',
  'no-answer',
])
export type CommandState = z.infer<typeof CommandState>

export const AgentCommand = z
  .object({
    id: z.string(),
    agentId: z.string(),
    kind: z.string(),
    state: CommandState,
    /** What the agent said of it, for people. */
    detail: z.string().nullable(),
    createdAt: z.string(),
    createdBy: z.string(),
    expiresAt: z.string(),
    sentAt: z.string().nullable(),
    finishedAt: z.string().nullable(),
  })
  .meta({ id: 'AgentCommand' })
export type AgentCommand = z.infer<typeof AgentCommand>

export const CreateCommand = z.object({
  /** `report`: show the state of all virtual routers anew. `rotate-key`: begin with a new key. */
  kind: z.enum(COMMAND_KINDS),
  ttlMs: z.int().min(1_000).max(86_400_000).default(60_000),
})
export type CreateCommand = z.infer<typeof CreateCommand>

/** The last line of a whole NDJSON export, or of one that reached its limit. A file without a last line was cut. */
export const ExportEnd = z
  .object({ end: z.object({ items: z.int(), nextCursor: z.string().nullable() }) })
  .meta({ id: 'ExportEnd' })
export type ExportEnd = z.infer<typeof ExportEnd>

/** The last line of an NDJSON export that could not be finished. */
export const ExportFailed = z.object({ failed: Problem }).meta({ id: 'ExportFailed' })
export type ExportFailed = z.infer<typeof ExportFailed>
