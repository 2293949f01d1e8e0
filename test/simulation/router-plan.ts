/** Which virtual routers a plan has: one group a VRID and segment, with a router (or one of each family) on every node. */
import { chance, type Entropy, integer, pick } from '@aloft/agent/simulated/entropy'
import { ROUTER_DEFAULTS, type VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { PairingConfig } from '@aloft/shared/config/bfd-config'
import type { UnicastSettings } from '@aloft/shared/config/transport-config'
import type { Address, Family } from '@aloft/shared/network/address'
import { hostAddresses } from './addresses.ts'

/** What all nodes agree on. */
export interface GroupPlan {
  readonly segment: number
  readonly vrid: number
  readonly version: 2 | 3
  /** Both: it is written once, and is two routers of one name (decision 0012). */
  readonly families: readonly Family[]
  readonly baseIntervalMs: number
  readonly mixesIntervals: boolean
  readonly authentication: VirtualRouterConfig['authentication']
  /** Null: multicast. */
  readonly unicast: UnicastPlan | null
}

interface UnicastPlan {
  readonly isRoutable: boolean
  readonly checkSource: boolean
  readonly minTtl: number
}

/** The node that a router is planned for. */
export interface Place {
  readonly isOwner: boolean
  /** The numbers of all hosts, this one's included: one list serves every node. */
  readonly hosts: readonly number[]
  /** How BFD pairs it by itself; null: not at all. */
  readonly pairing: PairingConfig | null
}

const PRIORITIES = [1, 50, 100, 100, 150, 200, 254] as const
/** What every host watches: a number that is added to the priority, and a check that forbids to take part. */
const TRACK: VirtualRouterConfig['track'] = [
  { kind: 'file', name: 'level', weight: 1, reverse: false },
  { kind: 'script', name: 'check', weight: 0, reverse: false },
]
/** Most of the LANs are slow ones: what goes wrong on them may take an hour to be seen, and costs as little to run. */
const SLOW_INTERVAL_MS = 40_950
const V3_INTERVALS_MS = [10, 50, 100, 1000, 3000] as const
const FAMILIES = [['ipv4'], ['ipv4'], ['ipv6'], ['ipv4', 'ipv6']] as const

export function makeGroups(entropy: Entropy, segmentCount: number, hasTwins: boolean): GroupPlan[] {
  const perSegment = integer(entropy, 1, segmentCount > 1 ? 2 : 3)
  // Intervals of one run stay within a factor, or the fast routers' events would crowd out the slow ones' time.
  const v3IntervalMs = chance(entropy, 0.6) ? SLOW_INTERVAL_MS : pick(entropy, V3_INTERVALS_MS)
  return Array.from({ length: segmentCount * perSegment }, (_, i): GroupPlan => {
    const version = v3IntervalMs >= 1000 && v3IntervalMs < 10_000 && chance(entropy, 0.5) ? 2 : 3
    return {
      segment: i % segmentCount,
      // The same VRID on two segments is two virtual routers.
      vrid: 51 + Math.floor(i / segmentCount),
      version,
      families: version === 2 ? ['ipv4'] : pick(entropy, FAMILIES),
      baseIntervalMs: version === 2 ? pick(entropy, [1000, 2000]) : v3IntervalMs,
      mixesIntervals: version === 3 && v3IntervalMs < 10_000 && chance(entropy, 0.3),
      authentication:
        version === 2 && chance(entropy, 0.5) ? { type: 'simple', password: 'plain' } : { type: 'none' },
      // Who shares an address with another host cannot be its peer.
      unicast: !hasTwins && chance(entropy, 0.3) ? makeUnicast(entropy) : null,
    }
  })
}

function makeUnicast(entropy: Entropy): UnicastPlan {
  return {
    isRoutable: chance(entropy, 0.5),
    checkSource: chance(entropy, 0.7),
    minTtl: pick(entropy, [0, 255]),
  }
}

/** One router, or two that differ in family only. */
export function makeRouters(entropy: Entropy, group: GroupPlan, place: Place): VirtualRouterConfig[] {
  const { segment, vrid, version, baseIntervalMs, authentication } = group
  const factor = group.mixesIntervals ? pick(entropy, [1, 1, 2, 3]) : 1
  const advertisementIntervalMs = baseIntervalMs * factor
  const common = {
    ...ROUTER_DEFAULTS,
    name: `vr${segment}-${vrid}`,
    interface: `eth${segment}`,
    vrid,
    version,
    priority: place.isOwner ? 255 : pick(entropy, PRIORITIES),
    advertisementIntervalMs,
    preempt: {
      enabled: chance(entropy, 0.75),
      delayMs: chance(entropy, 0.25) ? advertisementIntervalMs * integer(entropy, 1, 8) : 0,
    },
    authentication,
    checksum: chance(entropy, 0.8) ? 'pseudo-header' : 'message-only',
    track: chance(entropy, 0.5) ? TRACK : [],
    pairing: chance(entropy, 0.9) ? place.pairing : null,
  } as const
  return group.families.map((family) => ({
    ...common,
    family,
    addresses: virtualAddresses(group, family),
    unicast: group.unicast && unicastOf(group, group.unicast, family, place.hosts),
  }))
}

/** RFC 9568 §5.2.9: of IPv6 addresses the link-local one comes first. */
function virtualAddresses({ segment, vrid }: GroupPlan, family: Family): VirtualRouterConfig['addresses'] {
  const { ipv4, ipv6, others } = hostAddresses(segment, 100 + vrid)
  if (family === 'ipv4') return [{ address: ipv4, prefixLength: 24 }]
  return [ipv6, ...others].map((each) => ({ address: each, prefixLength: 64 }))
}

function unicastOf(
  { segment }: GroupPlan,
  { isRoutable, checkSource, minTtl }: UnicastPlan,
  family: Family,
  hosts: readonly number[],
): UnicastSettings {
  const peers = hosts.map((host) => peerAddress(segment, host, { family, isRoutable }))
  return {
    peers: peers.map((peer) => ({ address: peer, minTtl, maxTtl: 255 })),
    ttl: 255,
    checkSource,
    oldChecksum: 'detect',
  }
}

function peerAddress(
  segment: number,
  host: number,
  { family, isRoutable }: { family: Family; isRoutable: boolean },
): Address {
  const { ipv4, ipv6, others } = hostAddresses(segment, host)
  if (family === 'ipv4') return ipv4
  return isRoutable ? (others[0] ?? ipv6) : ipv6
}

/**
 * What each node draws from, or null: nobody pairs. Quick enough to tell before advertisements do, and not thwarted by
 * the delays of these wires: an interval and a delay are less than the detection time.
 */
export function makePairing(entropy: Entropy, groups: readonly GroupPlan[]): PairingConfig | null {
  const intervalMs = Math.max(...groups.map(({ baseIntervalMs }) => baseIntervalMs))
  // An hour of BFD is as many packets as a hundred minutes of anything else.
  if (!chance(entropy, intervalMs === SLOW_INTERVAL_MS ? 0.04 : 0.3)) return null
  const isLong = groups.some(({ mixesIntervals }) => mixesIntervals)
  const parts = intervalMs < 1000 || isLong ? 8 : pick(entropy, [8, 20])
  const pairedMs = Math.min(1000, Math.max(5, Math.round(intervalMs / parts)))
  return { intervalMs: pairedMs, multiplier: pick(entropy, [3, 3, 4]) }
}

/** How one node times its sessions: a few are slower, and a few do without. */
export function pairingOf(entropy: Entropy, common: PairingConfig | null): PairingConfig | null {
  if (common === null || chance(entropy, 0.1)) return null
  const isSlower = common.intervalMs > 50 && common.intervalMs < 500 && chance(entropy, 0.3)
  return isSlower ? { ...common, intervalMs: Math.round(1.5 * common.intervalMs) } : common
}
