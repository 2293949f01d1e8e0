/** One virtual router as the loop keeps it: what it was told, the state of its machine, and what it has counted. */

import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Address } from '@aloft/shared/network/address'
import type { Standing } from '../../tracking/standing.ts'
import { type Departure, NO_DEPARTURE } from '../../vrrp/departure.ts'
import { INITIAL } from '../../vrrp/machine.ts'
import { OWNER, type Parameters, type State } from '../../vrrp/virtual-router.ts'
import type { LinkState } from '../../world/router-world.ts'
import type { Encoded } from './advertise.ts'
import type { RouterCounters } from './counters.ts'
import type { DeadlineHolder } from './deadlines.ts'
import type { Faults } from './faults.ts'

export interface Instance extends DeadlineHolder {
  config: VirtualRouterConfig
  parameters: Parameters
  state: State
  /** What it follows, and what that does to it. */
  standing: Standing
  /** Why it may not take part, from each side that may say so; in fault while any does. */
  faults: Faults
  /** What it still holds of a role it gave up, and whether it keeps from preempting. */
  departure: Departure
  /** When it entered its role, on the monotonic clock. */
  roleSince: number
  /** Its Active_Down_Timer ran out long ago, and it was given a turn of patience for datagrams still unread. */
  isPatient: boolean
  /** It stays silent until then, because the process, or the host, has only just started. */
  startAt: number | null
  /** The advertisement sent last: the next one is nearly always the same. */
  encoded: Encoded | null
  readonly counters: { -readonly [K in keyof RouterCounters]: RouterCounters[K] }
}

export function newInstance(config: VirtualRouterConfig, now: number): Instance {
  return {
    config,
    parameters: { config, source: null, priority: config.priority },
    state: INITIAL,
    standing: { priority: config.priority, faults: [], effects: [] },
    faults: new Map(),
    departure: NO_DEPARTURE,
    roleSince: now,
    isPatient: false,
    startAt: null,
    encoded: null,
    dueAt: 0,
    heapIndex: -1,
    counters: {
      advertisementsSent: 0,
      advertisementsReceived: 0,
      sendErrors: 0,
      becameActive: 0,
      checksumWithPseudoHeader: 0,
      checksumMessageOnly: 0,
    },
  }
}

export { keyOf, wireKey } from '../../vrrp/router-key.ts'

export type LinkFault = 'interface-down' | 'no-primary-ip-address'

/** Why a router may not take part on a link in that state; null when it may. */
export function faultOf(config: VirtualRouterConfig, link: LinkState | null): LinkFault | null {
  if (config.trackPrimary && !link?.up) return 'interface-down'
  return sourceOf(config, link) === null ? 'no-primary-ip-address' : null
}

/** The address it advertises from. The owner's addresses are the interface's own, so that one of them will do. */
export function sourceOf(config: VirtualRouterConfig, link: LinkState | null): Address | null {
  const primary = config.sourceAddress ?? link?.[config.family] ?? null
  if (primary !== null || config.priority !== OWNER) return primary
  return config.addresses[0]?.address ?? null
}

/** An Active_Down_Timer that rings this late may only mean that we were not running: unread datagrams come first. */
const PATIENCE_MS = 1

export function deservesPatience({ state, isPatient }: Instance, now: number): boolean {
  return state.role === 'backup' && !isPatient && now - state.activeDownAt > PATIENCE_MS
}
