import { z } from 'zod'

/**
 * What an agent observes, in the words of RFC 9568 (roles) and RFC 8347 (reasons). An event's key in the whole fleet
 * is (agent, epoch, seq): `epoch` is random per spool, `seq` counts from 1 without holes.
 */

/** RFC 9568 §6.4 roles, and `fault`: the router may not take part (its interface is down). */
export const Role = z.enum(['initialize', 'backup', 'active', 'fault'])
export type Role = z.infer<typeof Role>

export const FamilyName = z.enum(['ipv4', 'ipv6'])

/**
 * Why a virtual router changed its role.
 * `no-response`: the active stopped advertising. `preempted`: we outrank the active we heard, and took over.
 * `priority`: the active resigned (priority 0), or nobody was active since we started. `higher-priority-backup`: we
 * yielded to a better active. `configuration`: a config change started or stopped the router. Not of RFC 8347:
 * `tracker`: something tracked failed, or recovered; `sync-group`: another member of the group made it go along;
 * `stall`: it had not been running for longer than its peers wait;
 * `step-down`: an operator had it give its role away.
 */
export const TransitionReason = z.enum([
  'startup',
  'shutdown',
  'no-response',
  'preempted',
  'priority',
  'higher-priority-backup',
  'interface-up',
  'interface-down',
  'no-primary-ip-address',
  'no-virtual-ip-addresses',
  'tracker',
  'sync-group',
  'stall',
  'configuration',
  'step-down',
])
export type TransitionReason = z.infer<typeof TransitionReason>

/** Why an advertisement was discarded (RFC 9568 §7.1, RFC 3768 §7.1). Each is a counter and an event. */
export const DiscardReason = z.enum([
  'truncated',
  'ip-header',
  'ip-ttl',
  'version',
  'type',
  'packet-length',
  'checksum',
  'zero-interval',
  'zero-count',
  'vrid',
  'family',
  'authentication-type',
  'authentication-failure',
  'interval-mismatch',
  'own-advertisement',
  'address-owner',
])
export type DiscardReason = z.infer<typeof DiscardReason>

const RouterRef = {
  virtualRouter: z.string(),
  vrid: z.int().min(1).max(255),
  family: FamilyName,
  interface: z.string(),
}

/** The last advertisement heard from another router, and how long before the event that was. */
export const Heard = z.object({ address: z.string(), priority: z.int(), agoMs: z.number() })
export type Heard = z.infer<typeof Heard>

export const TransitionBody = z.object({
  kind: z.literal('transition'),
  ...RouterRef,
  from: Role,
  to: Role,
  reason: TransitionReason,
  priority: z.int(),
  heard: Heard.nullable(),
  /** This router's own primary address: what its peers hear it by. Lets the centre match `heard` to a node. */
  source: z.string().nullable().optional(),
  /**
   * Becoming active: milliseconds on this host's monotonic clock from the last advertisement heard from the old
   * active to our announcement sent. Null when nothing was heard, so that nobody could know.
   */
  outageMs: z.number().nullable(),
  addresses: z.array(z.string()),
})
export type TransitionBody = z.infer<typeof TransitionBody>

/** The router process died and its successor went on in the same role: no transition on the wire. */
export const ResumedBody = z.object({
  kind: z.literal('resumed'),
  ...RouterRef,
  role: Role,
  priority: z.int(),
  gapMs: z.number(),
})
export type ResumedBody = z.infer<typeof ResumedBody>

export const ProcessBody = z.object({
  kind: z.literal('process'),
  process: z.enum(['router', 'steward']),
  what: z.enum(['started', 'stopped', 'lost']),
  runId: z.string(),
  detail: z.string().nullable(),
})

/** Advertisements discarded for one reason; the first at once, then at most one event a minute with the count. */
export const ProtocolErrorBody = z.object({
  kind: z.literal('protocol-error'),
  interface: z.string(),
  vrid: z.int().nullable(),
  reason: DiscardReason,
  source: z.string().nullable(),
  count: z.int().min(1),
  windowMs: z.number(),
})

export const LinkBody = z.object({ kind: z.literal('link'), interface: z.string(), up: z.boolean() })

export const ConfigBody = z.object({
  kind: z.literal('config'),
  revision: z.string(),
  outcome: z.enum(['running', 'refused']),
  detail: z.string().nullable(),
})

/** Events that were observed but could not be kept. A hole in history is itself history. */
export const GapBody = z.object({
  kind: z.literal('gap'),
  count: z.int().min(1).nullable(),
  cause: z.enum(['spool-overflow', 'spool-corrupt', 'journal-overflow', 'journal-corrupt']),
  fromWallMs: z.number().nullable(),
  toWallMs: z.number().nullable(),
})

export const EventBody = z.discriminatedUnion('kind', [
  TransitionBody,
  ResumedBody,
  ProcessBody,
  ProtocolErrorBody,
  LinkBody,
  ConfigBody,
  GapBody,
])
export type EventBody = z.infer<typeof EventBody>

/** When and on which boot of the host something was observed. `monoMs` is CLOCK_MONOTONIC, comparable within a boot. */
export const Observed = z.object({ wallMs: z.number(), monoMs: z.number(), bootId: z.string() })
export type Observed = z.infer<typeof Observed>

export const SpooledEvent = z.object({ seq: z.int().min(1), at: Observed, body: EventBody })
export type SpooledEvent = z.infer<typeof SpooledEvent>
