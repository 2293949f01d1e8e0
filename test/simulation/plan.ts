/** Which LAN a seed stands for: hosts, clocks, virtual routers, wires. The faults that befall it are in faults.ts. */
import { between, chance, type Entropy, integer } from '@aloft/agent/simulated/entropy'
import type { HostSpec } from '@aloft/agent/simulated/host'
import type { Conditions } from '@aloft/agent/simulated/lan'
import {
  AGENT_DEFAULTS,
  type AgentSettings,
  type VirtualRouterConfig,
} from '@aloft/shared/config/agent-config'
import { NOTIFY_DEFAULTS } from '@aloft/shared/config/notify-config'
import { hostAddresses } from './addresses.ts'
import { makeGroups, makePairing, makeRouters, pairingOf } from './router-plan.ts'
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

export function makePlan(entropy: Entropy): Plan {
  const segments = chance(entropy, 0.25) ? ['lan1', 'lan2'] : ['lan1']
  const nodeCount = integer(entropy, 2, 5)
  const hasTwins = chance(entropy, 0.06)
  const groups = makeGroups(entropy, segments.length, hasTwins)
  const owners = groups.map(() => (chance(entropy, 0.15) ? integer(entropy, 0, nodeCount - 1) : -1))
  // Hosts that share an address share it on one LAN and not on the other: no group could settle who yields.
  const isGrouped = groups.length > 1 && !hasTwins && chance(entropy, 0.4)
  const pairing = makePairing(entropy, groups)
  const numbers = Array.from({ length: nodeCount }, (_, index) => (hasTwins && index === 1 ? 1 : index + 1))
  const nodes = numbers.map((number, index): NodePlan => {
    const paired = pairingOf(entropy, pairing)
    const routers = groups.map((group, g) => {
      const place = { isOwner: owners[g] === index, hosts: numbers, pairing: paired }
      return makeRouters(entropy, group, place)
    })
    return {
      host: makeHost(segments, String.fromCharCode(97 + index), number),
      skew: makeSkew(entropy),
      ...grouped(routers, isGrouped),
    }
  })
  const intervalMsMax = Math.max(
    ...nodes.flatMap(({ routers }) => routers.map(({ advertisementIntervalMs }) => advertisementIntervalMs)),
  )
  const intervalMsMin = Math.min(...groups.map(({ baseIntervalMs }) => baseIntervalMs))
  return { nodes, segments, conditions: makeConditions(entropy, intervalMsMin), intervalMsMax, hasTwins }
}

function makeHost(segments: readonly string[], name: string, number: number): HostSpec {
  const interfaces = segments.map((segment, i) => ({
    name: `eth${i}`,
    segment,
    ...hostAddresses(i, number),
  }))
  return { name, interfaces }
}

/** The first two groups as a sync group: then their nodes agree on who is better, as an operator would have it. */
function grouped(routers: readonly (readonly VirtualRouterConfig[])[], isGrouped: boolean) {
  const [first = [], second = []] = routers
  const [leader] = first
  if (!isGrouped || leader === undefined) return { routers: routers.flat(), settings: AGENT_DEFAULTS }
  const { priority, preempt, track } = leader
  const members = [...first, ...second].map((router) => ({ ...router, priority, preempt, track }))
  const names = [...new Set(members.map(({ name }) => name))]
  const group = { name: 'group', members: names, track: [], trackWeights: true, notify: NOTIFY_DEFAULTS }
  return {
    routers: [...members, ...routers.slice(2).flat()],
    settings: { ...AGENT_DEFAULTS, syncGroups: [group] },
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
