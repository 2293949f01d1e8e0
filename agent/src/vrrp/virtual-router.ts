/**
 * The vocabulary of the VRRP state machine: what it is told, what it remembers, what it asks for. RFC 9568 §6.
 * All of it is plain JSON, so that a recording replays and a state file resumes a restarted process.
 */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { type Address, type Family, knownAddress } from '@aloft/shared/network/address'
import type { Heard, TransitionReason } from '@aloft/shared/protocol/events'
import type { ActiveLost } from './active-lost.ts'
import type { AnnouncementReason } from './announcement-schedule.ts'

/** Milliseconds on a monotonic clock, fractional. */
export type Milliseconds = number

/** RFC 9568 §5.2.4: this router owns the addresses. */
export const OWNER = 255
/** RFC 9568 §5.2.4: the active router stops taking part. */
export const RESIGN = 0

/** Where advertisements are sent (RFC 9568 §5.1.1.2, §5.1.2.2): also part of the pseudo-header of what we send. */
export const GROUP: Readonly<Record<Family, Address>> = {
  ipv4: knownAddress('224.0.0.18'),
  ipv6: knownAddress('ff02::12'),
}

/** An advertisement's content, whichever version carried it. v2 intervals are whole seconds, v3 centiseconds. */
export interface Advertisement {
  readonly version: 2 | 3
  readonly vrid: number
  readonly priority: number
  readonly intervalMs: Milliseconds
  readonly addresses: readonly Address[]
}

/** What the machine needs to know of its router. */
export interface Parameters {
  readonly config: VirtualRouterConfig
  /** Our primary address, null while the interface has none. */
  readonly source: Address | null
  /** The priority now: `config.priority` is the written one, which trackers raise and lower (`priority.ts`). */
  readonly priority: number
  /** It becomes active, and stops being it, together with others (`sync-group.ts`). */
  readonly isGrouped?: boolean
}

/** Why a router may not take part: one reason of perhaps several. */
export type FaultReason = Extract<
  TransitionReason,
  | 'interface-down'
  | 'no-primary-ip-address'
  | 'no-virtual-ip-addresses'
  | 'no-peers'
  | 'tracker'
  | 'sync-group'
>

export type Event =
  /** Interface ready; take part (RFC 9568 §6.4.1). `startup` of the process unless a config change added the router. */
  | { readonly kind: 'startup'; readonly reason?: 'startup' | 'configuration' }
  /** Stop taking part, politely. */
  | { readonly kind: 'shutdown'; readonly reason: 'shutdown' | 'configuration' }
  /** Some deadline may have passed: the machine looks at its own. */
  | { readonly kind: 'timer' }
  /** An advertisement that passed every receive check. */
  | { readonly kind: 'advertisement'; readonly source: Address; readonly advertisement: Advertisement }
  /** The first reason not to take part: the interface can carry no advertisements, a tracker says so, … */
  | { readonly kind: 'fault'; readonly reason: FaultReason }
  /** The last such reason has gone; `reason`: which, `interface-up` unless given. */
  | { readonly kind: 'fault-cleared'; readonly reason?: TransitionReason }
  /** `parameters.priority` is another one now; it was `before`. */
  | { readonly kind: 'priority-changed'; readonly before: number }
  /** `parameters.config` is another one now, of the same router; it was `before`. */
  | { readonly kind: 'reconfigured'; readonly before: VirtualRouterConfig }
  /** Every member of its sync group is willing: become active. */
  | { readonly kind: 'group-active' }
  /** A member of its sync group is not active any more: neither are we. */
  | { readonly kind: 'group-backup' }
  /** It was not running for longer than its peers wait, and `yieldAfterStall` says that this ends its role. */
  | { readonly kind: 'stalled' }
  /** Something quicker than the advertisements has noticed that the active is gone. */
  | ({ readonly kind: 'active-lost' } & ActiveLost)
  /** The active at that address was not gone after all. */
  | { readonly kind: 'active-found'; readonly source: Address }
  /** Somebody took away what it holds, and `whenLost` says that this ends its role. */
  | { readonly kind: 'holding-lost' }
  /** A successor process goes on as active: the predecessor was, so recently that no peer has given up on it. */
  | { readonly kind: 'resume-active' }

/** The last advertisement heard from the router we hold for active. */
export interface LastHeard {
  readonly source: Address
  readonly priority: number
  readonly at: Milliseconds
}

export interface InitializeState {
  readonly role: 'initialize'
}
export interface FaultState {
  readonly role: 'fault'
}
export interface BackupState {
  readonly role: 'backup'
  readonly activeDownAt: Milliseconds
  /** Active_Adver_Interval: learned from the active (v3), ours before (RFC 9568 §6.1). */
  readonly activeIntervalMs: Milliseconds
  readonly lastHeard: LastHeard | null
  /** Preemption is held off until then: counted from taking part, else from the first lower-priority active heard. */
  readonly preemptAt: Milliseconds | null
  /** The active resigned (priority 0) and nobody has advertised since. */
  readonly resigned: boolean
  /** We outrank the active we hear and let the timer run out under it. */
  readonly preempting: boolean
  /** Its Active_Down_Timer has fired, and it becomes active as soon as its whole sync group can. */
  readonly isWilling: boolean
  /** What ended the patience with the active, where that was not its silence. */
  readonly lostBy?: 'bfd'
}
export interface ActiveState {
  readonly role: 'active'
  readonly advertiseAt: Milliseconds
  /** When we last re-asserted ourselves at once against a losing advertisement; limits how often we do. */
  readonly reassertedAt: Milliseconds | null
}
export type State = InitializeState | BackupState | ActiveState | FaultState

/** One role change, ready to be recorded. `heard.agoMs` counts back from `at`. */
export interface Transition {
  readonly from: State['role']
  readonly to: State['role']
  readonly reason: TransitionReason
  readonly priority: number
  readonly heard: Heard | null
  readonly detectedBy?: 'bfd'
  readonly at: Milliseconds
}

/** What the world must do, in this order. */
export type Action =
  | { readonly do: 'advertise'; readonly priority: number }
  | { readonly do: 'acquire-addresses' }
  | { readonly do: 'release-addresses' }
  /** Tell the LAN where the addresses are now; how often, and when again, is for `announcement-schedule.ts` to say. */
  | { readonly do: 'announce'; readonly because: AnnouncementReason }
  | { readonly do: 'transition'; readonly transition: Transition }

export type Step = readonly [State, readonly Action[]]
