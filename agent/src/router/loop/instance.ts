/** One virtual router as the loop keeps it: what it was told, the state of its machine, and what it has counted. */

import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'

import { type Address, familyOf } from '@aloft/shared/network/address'
import { isLinkLocal } from '@aloft/shared/network/scope'

import type { Standing } from '../../tracking/standing.ts'

import { type Departure, NO_DEPARTURE } from '../../vrrp/departure.ts'
import { INITIAL } from '../../vrrp/machine.ts'
import { OWNER, type Parameters, type State } from '../../vrrp/virtual-router.ts'
import { isOwnAddress, type LinkState } from '../../world/links.ts'
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
  /** Trackers that a reload has added while it took part: they have until their first report. */
  awaited: ReadonlySet<string>
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
  /** Whom it speaks to when it has peers. */
  peers: readonly Address[]
  /** Those of them that sum as keepalived before 1.3.7. */
  readonly oldPeers: Set<Address>
  /** Of authentication headers: the highest number sent or heard. */
  sequence: number | null
  readonly counters: { -readonly [K in keyof RouterCounters]: RouterCounters[K] }
}

export function newInstance(config: VirtualRouterConfig, now: number): Instance {
  return {
    config,
    parameters: { config, source: null, priority: config.priority },
    state: INITIAL,
    standing: { priority: config.priority, faults: [], effects: [] },
    awaited: new Set(),
    faults: new Map(),
    departure: NO_DEPARTURE,
    roleSince: now,
    isPatient: false,
    startAt: null,
    encoded: null,
    peers: [],
    oldPeers: new Set(),
    sequence: null,
    dueAt: 0,
    heapIndex: -1,
    counters: {
      advertisementsSent: 0,
      advertisementsReceived: 0,
      sendErrors: 0,
      becameActive: 0,
      checksumWithPseudoHeader: 0,
      checksumMessageOnly: 0,
      firstAddressNotLinkLocal: 0,
    },
  }
}

export { keyOf, wireKey } from '../../vrrp/router-key.ts'

export type LinkFault = 'interface-down' | 'no-primary-ip-address' | 'no-peers'

/** Why a router may not take part on a link in that state; null when it may. */
export function faultOf(config: VirtualRouterConfig, link: LinkState | null): LinkFault | null {
  if (config.trackPrimary && !link?.up) return 'interface-down'
  const { sourceAddress, trackSourceAddress, unicast } = config
  const isSourceLost =
    trackSourceAddress && sourceAddress !== null && (link === null || !isOwnAddress(link, sourceAddress))
  if (isSourceLost || sourceOf(config, link) === null) return 'no-primary-ip-address'
  return unicast !== null && peersOn(config, link).length === 0 ? 'no-peers' : null
}

/** The address it advertises from. The owner's addresses are the interface's own, so that one of them will do. */
function sourceOf(config: VirtualRouterConfig, link: LinkState | null): Address | null {
  const given = config.ipvlan?.address?.address ?? config.sourceAddress
  const primary = given ?? routableOf(config, link) ?? link?.[config.family] ?? null
  if (primary !== null || config.priority !== OWNER) return primary
  return config.addresses[0]?.address ?? null
}

/** A peer beyond the link cannot answer to a link-local address. */
function routableOf({ family, unicast }: VirtualRouterConfig, link: LinkState | null): Address | null {
  if (family === 'ipv4' || !unicast?.peers.some(({ address }) => !isLinkLocal(address))) return null
  return link?.others?.find((each) => familyOf(each) === 'ipv6' && !isLinkLocal(each)) ?? null
}

/** Whom it speaks to on a link in that state: itself it leaves out, so that one list of peers serves every node. */
function peersOn(config: VirtualRouterConfig, link: LinkState | null): readonly Address[] {
  const source = sourceOf(config, link)
  return (config.unicast?.peers ?? [])
    .map(({ address }) => address)
    .filter((address) => address !== source && !(link !== null && isOwnAddress(link, address)))
}

/** From now on it speaks from and to what it has on a link in that state. */
export function takeAddresses(instance: Instance, link: LinkState | null): void {
  const { config } = instance
  instance.parameters = { ...instance.parameters, source: sourceOf(config, link) }
  instance.peers = peersOn(config, link)
  instance.encoded = null
}

/** An Active_Down_Timer that rings this late may only mean that we were not running: unread datagrams come first. */
const PATIENCE_MS = 1

export function deservesPatience({ state, isPatient }: Instance, now: number): boolean {
  return state.role === 'backup' && !isPatient && now - state.activeDownAt > PATIENCE_MS
}
