/**
 * What an active virtual router holds in the kernel besides the addresses it advertises, and what a node holds whoever
 * is active. Resolved: defaults filled in, families known. Left-out properties mean "the kernel's own choice".
 */
import type { Address, Family } from '../network/address.ts'
import type { Prefix } from '../network/prefix.ts'

/** A virtual address with what `ip address` may say of it. */
export interface VirtualAddress extends Prefix {
  /** Another interface than the router's. */
  readonly device?: string
  /** IPv4 alias name, `eth0:1`. */
  readonly label?: string
  /** IPv4: 0 everywhere, 253 the link, 254 this host. */
  readonly scope?: number
  /** IPv4; absent: none. */
  readonly broadcast?: Address
  /** The other end of a point-to-point address. */
  readonly peer?: Prefix
  /** How long the host prefers it as a source, from when it is taken; 0 is deprecated from the start. Absent: ever. */
  readonly preferredLifetimeMs?: number
  /** IPv6: true lets the kernel look for duplicates first, which delays the address. */
  readonly dad?: boolean
  readonly home?: boolean
  readonly mngtmpaddr?: boolean
  readonly noprefixroute?: boolean
  /** Joins the multicast group that the address is. */
  readonly autojoin?: boolean
  /** False: somebody else may take it away, nobody minds. */
  readonly track?: boolean
}

export const ROUTE_TYPES = [
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
] as const
export type RouteType = (typeof ROUTE_TYPES)[number]

/** `RTA_METRICS`, in the kernel's units. */
export const ROUTE_METRICS = [
  'mtu',
  'advmss',
  'rtt',
  'rttvar',
  'window',
  'cwnd',
  'ssthresh',
  'reordering',
  'hoplimit',
  'initcwnd',
  'features',
  'rtoMin',
  'initrwnd',
  'quickack',
  'fastopenNoCookie',
] as const
export type RouteMetric = (typeof ROUTE_METRICS)[number]

export interface Nexthop {
  readonly via?: Address
  readonly device?: string
  /** 1 to 256. */
  readonly weight?: number
  readonly onlink?: boolean
}

export interface Route {
  readonly family: Family
  readonly type: RouteType
  readonly to: Prefix
  readonly table: number
  /** 0: the kernel's own choice (IPv4: 0, IPv6: 1024). */
  readonly metric: number
  readonly tos: number
  readonly scope?: number
  readonly protocol: number
  readonly via?: Address
  readonly device?: string
  readonly source?: Address
  readonly onlink?: boolean
  readonly nexthops?: readonly Nexthop[]
  readonly metrics?: Readonly<Partial<Record<RouteMetric, number>>>
  /** Those of the metrics that path MTU discovery and the like may not change. */
  readonly locked?: readonly RouteMetric[]
  readonly congestionControl?: string
  readonly preference?: 'low' | 'medium' | 'high'
  readonly expiresMs?: number
  readonly realms?: { readonly from?: number; readonly to: number }
  /** Among routes of the same destination and metric. */
  readonly place: 'prepend' | 'append' | 'add'
  readonly track?: boolean
}

export interface PortRange {
  readonly first: number
  readonly last: number
}

export type RuleAction = 'table' | 'goto' | 'nop' | 'blackhole' | 'unreachable' | 'prohibit'

export interface RoutingRule {
  readonly family: Family
  readonly action: RuleAction
  /** Smaller is looked at earlier. */
  readonly priority: number
  readonly table?: number
  readonly goto?: number
  readonly not?: boolean
  readonly from?: Prefix
  readonly to?: Prefix
  readonly tos?: number
  readonly mark?: { readonly value: number; readonly mask: number }
  readonly incoming?: string
  readonly outgoing?: string
  readonly realms?: { readonly from?: number; readonly to: number }
  readonly suppressPrefixLength?: number
  readonly suppressInterfaceGroup?: number
  readonly tunnelId?: number
  readonly users?: PortRange
  readonly l3mdev?: boolean
  readonly ipProtocol?: number
  readonly sourcePorts?: PortRange
  readonly destinationPorts?: PortRange
  readonly protocol: number
  readonly track?: boolean
}

/** Part of `VirtualRouterSettings`. */
export interface RouterHoldingsSettings {
  /** Held while active, never advertised; of either family. */
  readonly excludedAddresses: readonly VirtualAddress[]
  readonly routes: readonly Route[]
  readonly rules: readonly RoutingRule[]
  /** Whether addresses vanish by themselves soon after the agent no longer runs. */
  readonly lease: boolean
  readonly promoteSecondaries: boolean
  /** When somebody else removes what we hold: put it back, or leave the role to another. */
  readonly whenLost: 'mend' | 'reelect'
}

export const ROUTER_HOLDINGS_DEFAULTS: RouterHoldingsSettings = {
  excludedAddresses: [],
  routes: [],
  rules: [],
  lease: true,
  promoteSecondaries: false,
  whenLost: 'mend',
}

/** Names of virtual routers that do not stay active when it is lost. */
export interface WithRouters {
  readonly withRouters?: readonly string[]
}

export interface StaticHoldings {
  readonly addresses: readonly (VirtualAddress & { readonly device: string } & WithRouters)[]
  readonly routes: readonly (Route & WithRouters)[]
  readonly rules: readonly (RoutingRule & WithRouters)[]
}

/** Part of `AgentSettings`. */
export interface AgentHoldingsSettings {
  readonly static: StaticHoldings
}

export const AGENT_HOLDINGS_DEFAULTS: AgentHoldingsSettings = {
  static: { addresses: [], routes: [], rules: [] },
}

/** Marks what Aloft puts into the kernel (IFA_PROTO, rtm_protocol, FRA_PROTOCOL): VRRP's own protocol number. */
export const OUR_PROTOCOL = 112
