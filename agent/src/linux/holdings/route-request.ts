/** Requests about routes (rtnetlink(7), linux/rtnetlink.h): one `struct rtmsg` with attributes. Pure. */
import {
  type Nexthop,
  ROUTE_METRICS,
  type Route,
  type RouteMetric,
  type RouteType,
} from '@aloft/shared/config/holdings-config'
import { type Address, addressBytes, familyOf } from '@aloft/shared/network/address'
import { AF_INET, AF_INET6, LITTLE_ENDIAN } from '../kernel-numbers.ts'
import {
  attribute,
  joined,
  message,
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REQUEST,
  nest,
  u16,
  u32,
  viewOf,
} from '../netlink-message.ts'

export const RTM_NEWROUTE = 24
export const RTM_DELROUTE = 25
export const RTM_GETROUTE = 26
const RTA_DST = 1
const RTA_OIF = 4
const RTA_GATEWAY = 5
const RTA_PRIORITY = 6
const RTA_PREFSRC = 7
const RTA_METRICS = 8
const RTA_MULTIPATH = 9
const RTA_FLOW = 11
const RTA_TABLE = 15
const RTA_VIA = 18
const RTA_PREF = 20
const RTA_EXPIRES = 23
const RTAX_LOCK = 1
const RTAX_CC_ALGO = 16
const RTNH_F_ONLINK = 4
const SCOPE_LINK = 253
const SCOPE_HOST = 254
const SCOPE_NOWHERE = 255

const TYPES: Readonly<Record<RouteType, number>> = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
}
const METRICS: Readonly<Record<RouteMetric, number>> = {
  mtu: 2,
  window: 3,
  rtt: 4,
  rttvar: 5,
  ssthresh: 6,
  cwnd: 7,
  advmss: 8,
  reordering: 9,
  hoplimit: 10,
  initcwnd: 11,
  features: 12,
  rtoMin: 13,
  initrwnd: 14,
  quickack: 15,
  fastopenNoCookie: 17,
}
const PLACES = { prepend: 0, append: NLM_F_APPEND, add: NLM_F_EXCL }
/** linux/rtnetlink.h, icmpv6.h: ICMPV6_ROUTER_PREF. */
const PREFERENCES = { low: 3, medium: 0, high: 1 }

/** The index of an interface; null: there is none of that name. */
export type IndexOf = (device: string) => number | null

/** A device that a route or rule names and the host does not have. */
export class NoSuchDevice extends Error {}

/** Throws NoSuchDevice. */
export function encodeRoute(change: 'add' | 'remove', route: Route, indexOf: IndexOf): Uint8Array {
  const isAdded = change === 'add'
  const flags = NLM_F_REQUEST | (isAdded ? NLM_F_CREATE | PLACES[route.place] : 0)
  const type = isAdded ? RTM_NEWROUTE : RTM_DELROUTE
  return message({ type, flags, sequence: 0 }, [routeBody(route, isAdded), ...attributesOf(route, indexOf)])
}

function routeBody(route: Route, isAdded: boolean): Uint8Array {
  const body = new Uint8Array(12)
  body[0] = route.family === 'ipv6' ? AF_INET6 : AF_INET
  body[1] = route.to.prefixLength
  body[3] = route.tos
  // Tables above 255 have an attribute of their own, and stand here as "unspecified".
  body[4] = route.table < 256 ? route.table : 0
  body[5] = route.protocol
  body[6] = isAdded ? scopeOf(route) : SCOPE_NOWHERE
  body[7] = TYPES[route.type]
  if (route.onlink) viewOf(body).setUint32(8, RTNH_F_ONLINK, LITTLE_ENDIAN)
  return body
}

/** As `ip route` chooses it: a destination behind a gateway is anywhere, one without is on the link. */
function scopeOf({ family, scope, type, via, nexthops }: Route): number {
  if (scope !== undefined) return scope
  if (family === 'ipv6') return 0
  if (type === 'local') return SCOPE_HOST
  if (type === 'broadcast' || type === 'multicast' || type === 'anycast') return SCOPE_LINK
  if (type !== 'unicast') return 0
  return via === undefined && nexthops === undefined ? SCOPE_LINK : 0
}

function attributesOf(route: Route, indexOf: IndexOf): Uint8Array[] {
  const parts: Uint8Array[] = []
  if (route.to.prefixLength > 0) parts.push(attribute(RTA_DST, addressBytes(route.to.address)))
  if (route.via !== undefined) parts.push(gateway(route, route.via))
  if (route.device !== undefined) parts.push(attribute(RTA_OIF, u32(found(route.device, indexOf))))
  if (route.source !== undefined) parts.push(attribute(RTA_PREFSRC, addressBytes(route.source)))
  if (route.metric > 0) parts.push(attribute(RTA_PRIORITY, u32(route.metric)))
  if (route.table > 255) parts.push(attribute(RTA_TABLE, u32(route.table)))
  if (route.realms !== undefined) parts.push(attribute(RTA_FLOW, u32(flow(route.realms))))
  if (route.preference !== undefined)
    parts.push(attribute(RTA_PREF, Uint8Array.of(PREFERENCES[route.preference])))
  if (route.expiresMs !== undefined)
    parts.push(attribute(RTA_EXPIRES, u32(Math.round(route.expiresMs / 1000))))
  const metrics = metricsOf(route)
  if (metrics.length > 0) parts.push(nest(RTA_METRICS, metrics))
  if (route.nexthops !== undefined) {
    const hops = route.nexthops.map((hop) => nexthop(route, hop, indexOf))
    parts.push(attribute(RTA_MULTIPATH, joined(hops)))
  }
  return parts
}

/** A gateway of the other family (RFC 8950) has an attribute that says which. */
function gateway({ family }: Pick<Route, 'family'>, via: Address): Uint8Array {
  if (familyOf(via) === family) return attribute(RTA_GATEWAY, addressBytes(via))
  const value = new Uint8Array(2 + addressBytes(via).length)
  value.set(u16(familyOf(via) === 'ipv6' ? AF_INET6 : AF_INET))
  value.set(addressBytes(via), 2)
  return attribute(RTA_VIA, value)
}

function metricsOf({ metrics = {}, locked = [], congestionControl }: Route): Uint8Array[] {
  const parts: Uint8Array[] = []
  // Of RTO_MIN, the kernel takes notice only when it is locked.
  const all: readonly RouteMetric[] = metrics.rtoMin === undefined ? locked : [...locked, 'rtoMin']
  const lock = all.reduce((bits, metric) => bits | (1 << METRICS[metric]), 0)
  if (lock !== 0) parts.push(attribute(RTAX_LOCK, u32(lock)))
  for (const metric of ROUTE_METRICS) {
    const value = metrics[metric]
    if (value !== undefined) parts.push(attribute(METRICS[metric], u32(value)))
  }
  if (congestionControl !== undefined)
    parts.push(attribute(RTAX_CC_ALGO, new TextEncoder().encode(congestionControl)))
  return parts
}

/** `struct rtnexthop`, whose weight is one less than what is written. */
function nexthop(route: Route, { via, device, weight = 1, onlink }: Nexthop, indexOf: IndexOf): Uint8Array {
  const attributes = via === undefined ? new Uint8Array(0) : gateway(route, via)
  const bytes = new Uint8Array(8 + attributes.length)
  const view = viewOf(bytes)
  view.setUint16(0, bytes.length, LITTLE_ENDIAN)
  bytes[2] = onlink ? RTNH_F_ONLINK : 0
  bytes[3] = weight - 1
  view.setInt32(4, device === undefined ? 0 : found(device, indexOf), LITTLE_ENDIAN)
  bytes.set(attributes, 8)
  return bytes
}

function found(device: string, indexOf: IndexOf): number {
  const index = indexOf(device)
  if (index === null) throw new NoSuchDevice(`there is no interface ${device}`)
  return index
}

/** The realm it comes from in the upper half, the one it goes to in the lower. */
export function flow({ from = 0, to }: { readonly from?: number; readonly to: number }): number {
  return ((from << 16) | to) >>> 0
}
