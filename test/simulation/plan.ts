/** Which LAN a seed stands for: hosts, clocks, virtual routers, wires. The faults that befall it are in faults.ts. */
import { between, chance, type Entropy, integer, pick } from '@aloft/agent/simulated/entropy'
import type { HostSpec } from '@aloft/agent/simulated/host'
import type { Conditions } from '@aloft/agent/simulated/lan'
import {
  AGENT_DEFAULTS,
  type AgentSettings,
  ROUTER_DEFAULTS,
  type VirtualRouterConfig,
} from '@aloft/shared/config/agent-config'
import { NOTIFY_DEFAULTS } from '@aloft/shared/config/notify-config'
import { type Address, parseAddress } from '@aloft/shared/network/address'
import type { Skew } from './skewed-clock.ts'

export interface NodePlan {
  readonly host: HostSpec
  readonly skew: Skew
  readonly routers: readonly VirtualRouterConfig[]
  /** The defaults unless given. */
  readonly settings?: AgentSettings
}

export interface Plan {
  readonly nodes: readonly NodePlan[]
  readonly segments: readonly string[]
  readonly conditions: Conditions
  /** The longest advertisement interval on these LANs: every other time of a run is a multiple of it. */
  readonly intervalMsMax: number
  /** Two hosts have one primary address, so that no tie between them can be broken. */
  readonly hasTwins: boolean
}

interface Group {
  readonly segment: number
  readonly vrid: number
  readonly version: 2 | 3
  readonly baseIntervalMs: number
  readonly mixesIntervals: boolean
  readonly authentication: VirtualRouterConfig['authentication']
}

const PRIORITIES = [1, 50, 100, 100, 150, 200, 254] as const
/** What every host watches: a number that is added to the priority, and a check that forbids to take part. */
const TRACK: VirtualRouterConfig['track'] = [
  { kind: 'file', name: 'level', weight: 1, reverse: false },
  { kind: 'script', name: 'check', weight: 0, reverse: false },
]
const V3_INTERVALS_MS = [10, 50, 100, 1000, 3000, 40_950] as const

export function makePlan(entropy: Entropy): Plan {
  const segments = chance(entropy, 0.25) ? ['lan1', 'lan2'] : ['lan1']
  const nodeCount = integer(entropy, 2, 5)
  const hasTwins = chance(entropy, 0.06)
  const groups = makeGroups(entropy, segments.length)
  const ownerOf = groups.map(() => (chance(entropy, 0.15) ? integer(entropy, 0, nodeCount - 1) : -1))
  // Hosts that share an address share it on one LAN and not on the other: no group could settle who yields.
  const isGrouped = groups.length > 1 && !hasTwins && chance(entropy, 0.4)
  const nodes = Array.from({ length: nodeCount }, (_, index): NodePlan => {
    const lastOctet = hasTwins && index === 1 ? 1 : index + 1
    return {
      host: {
        name: String.fromCharCode(97 + index),
        interfaces: segments.map((segment, i) => ({
          name: `eth${i}`,
          segment,
          ipv4: address(`10.0.${i}.${lastOctet}`),
        })),
      },
      skew: makeSkew(entropy),
      ...grouped(
        groups.map((group, g) => makeRouter(entropy, group, ownerOf[g] === index)),
        isGrouped,
      ),
    }
  })
  const intervalMsMax = Math.max(
    ...nodes.flatMap(({ routers }) => routers.map(({ advertisementIntervalMs }) => advertisementIntervalMs)),
  )
  const intervalMsMin = Math.min(...groups.map(({ baseIntervalMs }) => baseIntervalMs))
  return { nodes, segments, conditions: makeConditions(entropy, intervalMsMin), intervalMsMax, hasTwins }
}

/** The first two routers as a sync group: then their nodes agree on who is better, as an operator would have it. */
function grouped(routers: readonly VirtualRouterConfig[], isGrouped: boolean) {
  const [first, second, ...others] = routers
  if (!isGrouped || first === undefined || second === undefined) return { routers, settings: AGENT_DEFAULTS }
  const { priority, preempt, track } = first
  const members = [first, { ...second, priority, preempt, track }]
  const names = members.map(({ name }) => name)
  const group = { name: 'group', members: names, track: [], trackWeights: true, notify: NOTIFY_DEFAULTS }
  return { routers: [...members, ...others], settings: { ...AGENT_DEFAULTS, syncGroups: [group] } }
}

function makeGroups(entropy: Entropy, segmentCount: number): Group[] {
  const perSegment = integer(entropy, 1, segmentCount > 1 ? 2 : 3)
  // Intervals of one run stay within a factor, or the fast routers' events would crowd out the slow ones' time.
  const v3IntervalMs = pick(entropy, V3_INTERVALS_MS)
  return Array.from({ length: segmentCount * perSegment }, (_, i): Group => {
    const version = v3IntervalMs >= 1000 && v3IntervalMs < 10_000 && chance(entropy, 0.5) ? 2 : 3
    return {
      segment: i % segmentCount,
      // The same VRID on two segments is two virtual routers.
      vrid: 51 + Math.floor(i / segmentCount),
      version,
      baseIntervalMs: version === 2 ? pick(entropy, [1000, 2000]) : v3IntervalMs,
      mixesIntervals: version === 3 && v3IntervalMs < 10_000 && chance(entropy, 0.3),
      authentication:
        version === 2 && chance(entropy, 0.5) ? { type: 'simple', password: 'plain' } : { type: 'none' },
    }
  })
}

function makeRouter(entropy: Entropy, group: Group, isOwner: boolean): VirtualRouterConfig {
  const factor = group.mixesIntervals ? pick(entropy, [1, 1, 2, 3]) : 1
  const vip = address(`10.0.${group.segment}.${100 + group.vrid}`)
  const advertisementIntervalMs = group.baseIntervalMs * factor
  return {
    ...ROUTER_DEFAULTS,
    name: `vr${group.segment}-${group.vrid}`,
    interface: `eth${group.segment}`,
    vrid: group.vrid,
    version: group.version,
    family: 'ipv4',
    priority: isOwner ? 255 : pick(entropy, PRIORITIES),
    advertisementIntervalMs,
    preempt: {
      enabled: chance(entropy, 0.75),
      delayMs: chance(entropy, 0.25) ? advertisementIntervalMs * integer(entropy, 1, 8) : 0,
    },
    addresses: [{ address: vip, prefixLength: 24 }],
    authentication: group.authentication,
    checksum: chance(entropy, 0.8) ? 'pseudo-header' : 'message-only',
    track: chance(entropy, 0.5) ? TRACK : [],
  }
}

/** Crystals are within 0.02 %; half a percent covers virtual machines on a bad day. */
function makeSkew(entropy: Entropy): Skew {
  return {
    rate: between(entropy, 0.995, 1.005),
    offsetMs: between(entropy, 0, 1e9),
    wallOffsetMs: between(entropy, -1e8, 1e8),
  }
}

function makeConditions(entropy: Entropy, intervalMs: number): Conditions {
  return {
    loss: chance(entropy, 0.3) ? 0 : between(entropy, 0, 0.1),
    duplication: chance(entropy, 0.5) ? 0 : between(entropy, 0, 0.1),
    delayMs: [0, Math.min(20, between(entropy, 0, 0.2) * intervalMs)],
  }
}

export function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === null) throw new RangeError(`not an address: ${text}`)
  return parsed
}
