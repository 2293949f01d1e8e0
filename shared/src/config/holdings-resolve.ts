/** What is written of holdings → what is held: families known, tables by number, times in the kernel's units. */
import {
  type Address,
  addressBytes,
  addressFromBytes,
  type Family,
  familyOf,
  knownAddress,
} from '../network/address.ts'
import { type Prefix, parsePrefix } from '../network/prefix.ts'
import { parseDuration } from '../time/duration.ts'
import {
  type AgentHoldingsSettings,
  type Nexthop,
  OUR_PROTOCOL,
  type PortRange,
  type Route,
  type RouteMetric,
  type RoutingRule,
  type VirtualAddress,
} from './holdings-config.ts'
import type {
  AddressDocument,
  AddressMapDocument,
  RouteDocument,
  RuleDocument,
  StaticDocument,
} from './holdings-schema.ts'

const SCOPES = { global: 0, site: 200, link: 253, host: 254 }
const TABLES = { main: 254, local: 255, default: 253 }
const IP_PROTOCOLS = { icmp: 1, tcp: 6, udp: 17, sctp: 132 }
/** As keepalived: where automatic priorities are, before the kernel's own rules. */
const FIRST_PRIORITY = 16_384

export function resolveAddress(written: AddressDocument): VirtualAddress {
  if (typeof written === 'string') return withDefaults(prefixOf(written))
  const { address, scope, broadcast, peer, preferredLifetime, label, device, ...flags } = written
  const prefix = prefixOf(address)
  return {
    ...withDefaults(prefix, preferredLifetime),
    ...(device !== undefined && { device }),
    ...(label !== undefined && { label }),
    ...(scope !== undefined && { scope: SCOPES[scope] }),
    ...(broadcast !== undefined && { broadcast: broadcastOf(prefix, broadcast) }),
    ...(peer !== undefined && { peer: prefixOf(peer) }),
    ...flagsOf(flags),
  }
}

/** Only what differs from the default, so that a plain address is a plain address. */
function flagsOf(
  flags: Pick<AddressMapDocument, 'dad' | 'home' | 'mngtmpaddr' | 'noprefixroute' | 'autojoin' | 'track'>,
) {
  const { track, dad, home, mngtmpaddr, noprefixroute, autojoin } = flags
  return {
    ...(dad && { dad }),
    ...(home && { home }),
    ...(mngtmpaddr && { mngtmpaddr }),
    ...(noprefixroute && { noprefixroute }),
    ...(autojoin && { autojoin }),
    ...(!track && { track }),
  }
}

/** keepalived-and-vrrp.md §1.6: an IPv6 /128 is deprecated, so that the host never chooses it as a source by itself. */
function withDefaults(prefix: Prefix, preferred?: string): VirtualAddress {
  if (preferred === 'forever') return prefix
  if (preferred !== undefined) return { ...prefix, preferredLifetimeMs: durationMs(preferred) }
  const isHost = familyOf(prefix.address) === 'ipv6' && prefix.prefixLength === 128
  return isHost ? { ...prefix, preferredLifetimeMs: 0 } : prefix
}

function broadcastOf({ address, prefixLength }: Prefix, written: string): Address {
  if (written !== '+' && written !== '-') return knownAddress(written)
  const bytes = addressBytes(address).map((byte, i) => {
    const hostBits = 0xff >> Math.min(8, Math.max(0, prefixLength - 8 * i))
    return written === '+' ? byte | hostBits : byte & ~hostBits
  })
  return addressFromBytes(bytes)
}

export function resolveRoute(written: RouteDocument): Route {
  const family = familyOfRoute(written)
  const { type, metric, tos, place, table, scope, device, onlink, nexthops, track } = written
  const { congestionControl, preference, expires, realms, lock } = written
  const metrics = metricsOf(written)
  return {
    ...{ family, type, to: destination(written, family), table: tableOf(written), metric, tos, place },
    protocol: OUR_PROTOCOL,
    ...(scope !== undefined && { scope: SCOPES[scope] }),
    ...(written.via !== undefined && { via: knownAddress(written.via) }),
    ...(device !== undefined && { device }),
    ...(written.source !== undefined && { source: knownAddress(written.source) }),
    ...(onlink && { onlink }),
    ...(nexthops !== undefined && { nexthops: nexthops.map(nexthopOf) }),
    ...(Object.keys(metrics).length > 0 && { metrics }),
    ...(lock.length > 0 && { locked: lock }),
    ...(congestionControl !== undefined && { congestionControl }),
    ...(preference !== undefined && { preference }),
    ...(expires !== undefined && { expiresMs: durationMs(expires) }),
    ...(realms !== undefined && { realms: realmsOf(realms) }),
    ...(table === undefined && {}),
    ...(!track && { track }),
  }
}

export function familyOfRoute({ to, via, source, family }: RouteDocument): Family {
  if (to !== 'default') return familyOf(prefixOf(to).address)
  const telling = source ?? via
  return family ?? (telling === undefined ? 'ipv4' : familyOf(knownAddress(telling)))
}

function destination({ to }: RouteDocument, family: Family): Prefix {
  if (to !== 'default') return prefixOf(to)
  return { address: knownAddress(family === 'ipv4' ? '0.0.0.0' : '::'), prefixLength: 0 }
}

function tableOf({ table, type }: Pick<RouteDocument, 'table' | 'type'>): number {
  if (table === undefined) return type === 'local' || type === 'broadcast' || type === 'anycast' ? 255 : 254
  return typeof table === 'number' ? table : TABLES[table]
}

function nexthopOf({ via, device, weight, onlink }: NonNullable<RouteDocument['nexthops']>[number]): Nexthop {
  return {
    ...(via !== undefined && { via: knownAddress(via) }),
    ...(device !== undefined && { device }),
    weight,
    ...(onlink && { onlink }),
  }
}

/** The kernel counts round trips in eighths and their variance in quarters of a millisecond. */
function metricsOf(written: RouteDocument): Partial<Record<RouteMetric, number>> {
  const { rtt, rttvar, rtoMin, quickack, fastopenNoCookie, ecn } = written
  const plain = [
    'mtu',
    'advmss',
    'window',
    'cwnd',
    'ssthresh',
    'reordering',
    'hoplimit',
    'initcwnd',
    'initrwnd',
  ] as const
  const entries = plain.flatMap((key) => (written[key] === undefined ? [] : [[key, written[key]] as const]))
  return {
    ...Object.fromEntries(entries),
    ...(rtt !== undefined && { rtt: 8 * durationMs(rtt) }),
    ...(rttvar !== undefined && { rttvar: 4 * durationMs(rttvar) }),
    ...(rtoMin !== undefined && { rtoMin: durationMs(rtoMin) }),
    ...(quickack !== undefined && { quickack: Number(quickack) }),
    ...(fastopenNoCookie !== undefined && { fastopenNoCookie: Number(fastopenNoCookie) }),
    ...(ecn !== undefined && { features: Number(ecn) }),
  }
}

/** `index` gives a rule without a priority its place among the others. */
export function resolveRule(written: RuleDocument, index: number): RoutingRule {
  const { from, to, tos, mark, incoming, outgoing, suppressPrefixLength, suppressInterfaceGroup } = written
  const { tunnelId, users, l3mdev, ipProtocol, sourcePorts, destinationPorts, realms, track, not } = written
  return {
    ...{ family: familyOfRule(written), ...targetOf(written), protocol: OUR_PROTOCOL },
    priority: written.priority ?? FIRST_PRIORITY + index,
    ...(not && { not }),
    ...(from !== undefined && { from: prefixOf(from) }),
    ...(to !== undefined && { to: prefixOf(to) }),
    ...(tos !== undefined && { tos }),
    ...(mark !== undefined && { mark: markOf(mark) }),
    ...(incoming !== undefined && { incoming }),
    ...(outgoing !== undefined && { outgoing }),
    ...(realms !== undefined && { realms: realmsOf(realms) }),
    ...(suppressPrefixLength !== undefined && { suppressPrefixLength }),
    ...(suppressInterfaceGroup !== undefined && { suppressInterfaceGroup }),
    ...(tunnelId !== undefined && { tunnelId }),
    ...(users !== undefined && { users: rangeOf(users) }),
    ...(l3mdev && { l3mdev }),
    ...(ipProtocol !== undefined && {
      ipProtocol: typeof ipProtocol === 'number' ? ipProtocol : IP_PROTOCOLS[ipProtocol],
    }),
    ...(sourcePorts !== undefined && { sourcePorts: rangeOf(sourcePorts) }),
    ...(destinationPorts !== undefined && { destinationPorts: rangeOf(destinationPorts) }),
    ...(!track && { track }),
  }
}

export function familyOfRule({ from, to, family }: RuleDocument): Family {
  const telling = from ?? to
  return telling === undefined ? (family ?? 'ipv4') : familyOf(prefixOf(telling).address)
}

function targetOf({
  action,
  goto,
  table,
  l3mdev,
}: RuleDocument): Pick<RoutingRule, 'action' | 'goto' | 'table'> {
  if (goto !== undefined) return { action: 'goto', goto }
  if (action !== undefined) return { action }
  return l3mdev ? { action: 'table' } : { action: 'table', table: tableOf({ table, type: 'unicast' }) }
}

function markOf(written: number | string): { value: number; mask: number } {
  const [value = '0', mask = '0xffffffff'] = String(written).split('/')
  return { value: Number(value), mask: Number(mask) }
}

export function rangeOf(written: number | string): PortRange {
  const [first = '0', last = first] = String(written).split('-')
  return { first: Number(first), last: Number(last) }
}

function realmsOf(written: string): { from?: number; to: number } {
  const [first = '0', second] = written.split('/')
  return second === undefined ? { to: Number(first) } : { from: Number(first), to: Number(second) }
}

export function resolveStatic(written: StaticDocument): AgentHoldingsSettings {
  const { addresses = [], routes = [], rules = [] } = written ?? {}
  return {
    static: {
      addresses: addresses.map(({ withRouters, ...each }) => ({
        ...resolveAddress(each),
        device: each.device,
        ...bound(withRouters),
      })),
      routes: routes.map(({ withRouters, ...each }) => ({ ...resolveRoute(each), ...bound(withRouters) })),
      rules: rules.map(({ withRouters, ...each }, i) => ({ ...resolveRule(each, i), ...bound(withRouters) })),
    },
  }
}

function bound(withRouters: readonly string[]) {
  return withRouters.length > 0 ? { withRouters } : {}
}

function prefixOf(written: string): Prefix {
  const prefix = parsePrefix(written)
  if (prefix === null) throw new RangeError(`the schema let a bad address through: ${written}`)
  return prefix
}

function durationMs(written: string): number {
  const ms = parseDuration(written)
  if (ms === null) throw new RangeError(`the schema let a bad duration through: ${written}`)
  return ms
}
