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
 * `no-peers`: it is to speak to peers, and has none;
 * `stall`: it had not been running for longer than its peers wait;
 * `step-down`: an operator had it give its role away;
 * `holding-lost`: somebody took away what it held, and it leaves the role to another.
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
  'no-peers',
  'tracker',
  'sync-group',
  'stall',
  'configuration',
  'step-down',
  'holding-lost',
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
  'authentication-trailer',
  'replay',
  'destination',
  'source',
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
  /** What told of the loss of the active, of a `no-response`: its silence, unless something quicker did. */
  detectedBy: z.enum(['bfd']).optional(),
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

/** Something the host watches is well, or has failed. */
export const TrackerBody = z.object({
  kind: z.literal('tracker'),
  tracker: z.enum(['script', 'file', 'process', 'bfd']),
  name: z.string(),
  state: z.enum(['up', 'down']),
  /** The number in a file; null for everything else. */
  value: z.int().nullable(),
  why: z.string(),
  /** The last lines a script wrote; null when it wrote none. */
  output: z.string().nullable(),
})

/** RFC 5880 §6.1. */
export const BfdStateName = z.enum(['admin-down', 'down', 'init', 'up'])

/** A BFD session came up or went down: one of the config (`session`), or one that pairs us with an active. */
export const BfdBody = z.object({
  kind: z.literal('bfd'),
  session: z.string().nullable(),
  interface: z.string().nullable(),
  local: z.string().nullable(),
  remote: z.string(),
  from: BfdStateName,
  to: BfdStateName,
  diagnostic: z.string(),
  /** How long the neighbour might be silent, as negotiated. */
  detectionMs: z.number().nullable(),
  /** Whether virtual routers took it for the loss of their active. */
  activeLost: z.boolean(),
})

/** An active that BFD had taken for lost was heard again within an interval of its own: it had never been away. */
export const FalseAlarmBody = z.object({
  kind: z.literal('false-alarm'),
  interface: z.string(),
  remote: z.string(),
  /** Virtual routers that had been taken over meanwhile. */
  virtualRouters: z.int().min(0),
  heardAfterMs: z.number(),
  /** How long both were active. */
  twoActivesMs: z.number(),
  /** For how long the session is not believed. */
  distrustedMs: z.number(),
})

export const ConfigBody = z.object({
  kind: z.literal('config'),
  revision: z.string(),
  outcome: z.enum(['running', 'refused']),
  detail: z.string().nullable(),
})

/**
 * The router process was not running for longer than its peers wait: a paused machine, SIGSTOP, no memory. `lateMs`: how
 * late its first deadline was; `virtualRouters`: of how many the peers may have stopped waiting.
 */
export const StallBody = z.object({
  kind: z.literal('stall'),
  lateMs: z.number(),
  virtualRouters: z.int().min(1),
})

/** Events that were observed but could not be kept. A hole in history is itself history. */
export const GapBody = z.object({
  kind: z.literal('gap'),
  count: z.int().min(1).nullable(),
  cause: z.enum(['spool-overflow', 'spool-corrupt', 'journal-overflow', 'journal-corrupt']),
  fromWallMs: z.number().nullable(),
  toWallMs: z.number().nullable(),
})

/** A virtual router's priority changed without a change of its role: what it tracks failed or recovered. */
export const PriorityBody = z.object({
  kind: z.literal('priority'),
  ...RouterRef,
  role: Role,
  from: z.int(),
  to: z.int(),
  /** Which trackers moved it, by how much: `script haproxy 0 → -50`. */
  why: z.string(),
})

/**
 * Something on a LAN that is not as it should be, seen by listening. The first of a kind at once, then at most one
 * event a minute with the count.
 * `foreign-router`: advertisements of a VRID that is none of ours. `address-list`: the active advertises other
 * addresses than ours. `interval`: the active keeps another interval (version 3, which follows it). `twin`: a router of
 * our priority and our source address. `two-owners`: two routers claim to own the addresses. `lower-priority-active`:
 * being active we hear an active that loses against us, so at some time there were two. `unheard`: that one goes on
 * although we answered each time: it does not hear us. `several-actives`: as a backup we hear more than one.
 * `duplicate-address`: somebody else answers for an address that we hold (RFC 5227 §2.4).
 */
export const LanFinding = z.enum([
  'foreign-router',
  'address-list',
  'interval',
  'twin',
  'two-owners',
  'lower-priority-active',
  'unheard',
  'several-actives',
  'duplicate-address',
])
export type LanFinding = z.infer<typeof LanFinding>

export const LanBody = z.object({
  kind: z.literal('lan'),
  finding: LanFinding,
  interface: z.string(),
  family: FamilyName,
  /** Null: it concerns no VRID (`duplicate-address`), or `virtualRouter` is none of ours. */
  vrid: z.int().nullable(),
  virtualRouter: z.string().nullable(),
  /** Who was heard: an IP address, for `duplicate-address` an Ethernet address. */
  source: z.string(),
  /** What was seen, and where it matters what was expected: `priority`, `ours`, `theirs`, `address`. */
  evidence: z.record(z.string(), z.union([z.string(), z.number()])),
  count: z.int().min(1),
  windowMs: z.number(),
})
export type LanBody = z.infer<typeof LanBody>

/** Somebody could not be told: a script failed, a mailbox refused, a pipe overflowed. */
export const NotificationFailedBody = z.object({
  kind: z.literal('notification-failed'),
  /** `script /usr/local/bin/moved`, `fifo /run/aloft/notify`, `email mail.example.org`. */
  channel: z.string(),
  /** `INSTANCE web MASTER`; null when it is not about one. */
  about: z.string().nullable(),
  detail: z.string(),
  count: z.int().min(1),
})

const HolderRef = {
  /** Null: what the node holds whoever is active. */
  virtualRouter: z.string().nullable(),
  vrid: z.int().nullable(),
  family: FamilyName.nullable(),
  interface: z.string().nullable(),
}

/**
 * Addresses, routes or rules that a virtual router held are gone. `removed`: somebody else did it; `lease-expired`: the
 * agent had not been running to renew them. `mended`: they were put back; `reelected`: the router left its role;
 * `listening`: they are put back if nobody else is active by now.
 */
export const HoldingLostBody = z.object({
  kind: z.literal('holding-lost'),
  ...HolderRef,
  /** The first of them, as `ip` prints them. */
  items: z.array(z.string()),
  count: z.int().min(1),
  /** The netlink port that removed them, where the kernel says: for `ip` and the like their pid. */
  byPort: z.int().nullable(),
  cause: z.enum(['removed', 'lease-expired']),
  response: z.enum(['mended', 'reelected', 'listening']),
  windowMs: z.number(),
})
export type HoldingLostBody = z.infer<typeof HoldingLostBody>

/** The kernel refused an address, a route, a rule or an announcement. It is tried again while it is wanted. */
export const HoldingRefusedBody = z.object({
  kind: z.literal('holding-refused'),
  ...HolderRef,
  of: z.enum(['address', 'route', 'rule', 'announcement']),
  what: z.string(),
  error: z.string(),
  remedy: z.string().nullable(),
  count: z.int().min(1),
  windowMs: z.number(),
})
export type HoldingRefusedBody = z.infer<typeof HoldingRefusedBody>

export const EventBody = z.discriminatedUnion('kind', [
  TransitionBody,
  ResumedBody,
  ProcessBody,
  ProtocolErrorBody,
  LinkBody,
  TrackerBody,
  BfdBody,
  FalseAlarmBody,
  ConfigBody,
  GapBody,
  StallBody,
  PriorityBody,
  LanBody,
  NotificationFailedBody,
  HoldingLostBody,
  HoldingRefusedBody,
])
export type EventBody = z.infer<typeof EventBody>

/** When and on which boot of the host something was observed. `monoMs` is CLOCK_MONOTONIC, comparable within a boot. */
export const Observed = z.object({ wallMs: z.number(), monoMs: z.number(), bootId: z.string() })
export type Observed = z.infer<typeof Observed>

export const SpooledEvent = z.object({ seq: z.int().min(1), at: Observed, body: EventBody })
export type SpooledEvent = z.infer<typeof SpooledEvent>
