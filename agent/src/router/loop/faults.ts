/**
 * Why may a router not take part? Several may say so at once: its link, its trackers, the other members of its sync
 * group, an address that was taken away. It is in fault while any of them does, and leaves when none does.
 */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { TransitionReason } from '@aloft/shared/protocol/events'
import type { Standing } from '../../tracking/standing.ts'
import type { Event, FaultReason, State } from '../../vrrp/virtual-router.ts'
import type { LinkState } from '../../world/router-world.ts'
import { faultOf } from './instance.ts'

/** Who may say so; each replaces only what it said before. */
export type FaultSource = 'link' | 'virtual-link' | 'tracking' | 'addresses' | 'sync-group'

/** One reason, and what of it a person should know (the tracker's name, the group's); null when there is nothing more. */
export interface Fault {
  readonly reason: FaultReason
  readonly what: string | null
}

export interface SaidFaults {
  readonly source: FaultSource
  readonly faults: readonly Fault[]
}

export type Faults = ReadonlyMap<FaultSource, readonly Fault[]>

export interface SaidFaults {
  readonly source: FaultSource
  readonly faults: readonly Fault[]
}

/** With what `source` says now in the place of what it said before. */
export function withFaults(faults: Faults, source: FaultSource, said: readonly Fault[]): Faults {
  const next = new Map(faults)
  if (said.length === 0) next.delete(source)
  else next.set(source, said)
  return next
}

/** In the order they began, so that the first is why the router is in fault. */
export function allFaults(faults: Faults): readonly Fault[] {
  return [...faults.values()].flat()
}

const WHEN_CLEARED: Readonly<Record<FaultReason, TransitionReason>> = {
  'interface-down': 'interface-up',
  'no-primary-ip-address': 'interface-up',
  'no-virtual-ip-addresses': 'no-virtual-ip-addresses',
  'no-peers': 'interface-up',
  tracker: 'tracker',
  'sync-group': 'sync-group',
}

/** What the machine must be told after a change from `before` to `after`; null when nothing. */
export function faultEvent(role: State['role'], before: Faults, after: Faults): Event | null {
  const [first] = allFaults(after)
  if (first !== undefined) return role === 'fault' ? null : { kind: 'fault', reason: first.reason }
  if (role !== 'fault') return null
  const last = allFaults(before).at(-1)
  return { kind: 'fault-cleared', reason: last ? WHEN_CLEARED[last.reason] : 'interface-up' }
}

export function linkFaults(config: VirtualRouterConfig, link: LinkState | null): readonly Fault[] {
  const reason = faultOf(config, link)
  return reason === null ? [] : [{ reason, what: config.interface }]
}

export function trackedFaults({ faults }: Standing): readonly Fault[] {
  return faults.map((what) => ({ reason: 'tracker', what }))
}
