/**
 * By what a route or rule is known again in what the kernel tells: the parts of its message that the kernel repeats as
 * they were asked for. The same function reads our own requests and the kernel's dumps. Pure.
 */
import { AF_INET6, LITTLE_ENDIAN } from '../kernel-numbers.ts'
import { readAttributes, viewOf } from '../netlink-message.ts'

const RTA_DST = 1
const RTA_PRIORITY = 6
const RTA_TABLE = 15
/** IPv6 has no metric 0. */
const IPV6_DEFAULT_METRIC = 1024

/** Of a notice, whichever it is of. */
export function keyOfNotice({
  kind,
  body,
}: {
  readonly kind: 'route' | 'rule'
  readonly body: Uint8Array
}): string {
  return kind === 'route' ? routeKey(body) : ruleKey(body)
}

/** Family, destination, TOS, table, protocol, type and metric: of several with these the kernel uses one. */
export function routeKey(body: Uint8Array): string {
  const attributes = readAttributes(body.subarray(12))
  const [family = 0, prefixLength = 0, , tos = 0, shortTable = 0, protocol = 0, , type = 0] = body
  const table = number(attributes.get(RTA_TABLE)) ?? shortTable
  const metric = number(attributes.get(RTA_PRIORITY)) ?? 0
  const known = family === AF_INET6 && metric === 0 ? IPV6_DEFAULT_METRIC : metric
  const to = prefixLength === 0 ? '' : hex(attributes.get(RTA_DST))
  return `route ${family} ${to}/${prefixLength} ${tos} ${table} ${protocol} ${type} ${known}`
}

export function protocolOfRoute(body: Uint8Array): number {
  return body[5] ?? 0
}

const FRA_SUPPRESS_IFGROUP = 13
const FRA_SUPPRESS_PREFIXLEN = 14
const FRA_TABLE = 15
const FRA_PROTOCOL = 21
/** Attributes that say what a rule is: DST, SRC, IIFNAME, GOTO, PRIORITY, FWMARK, FLOW, TUN_ID, … */
const TELLING = [
  1,
  2,
  3,
  4,
  6,
  10,
  11,
  12,
  FRA_SUPPRESS_IFGROUP,
  FRA_SUPPRESS_PREFIXLEN,
  16,
  17,
  19,
  20,
  22,
  23,
  24,
]
const FLAG_INVERT = 0x2
const NOTHING_SUPPRESSED = 'ffffffff'

export function ruleKey(body: Uint8Array): string {
  const attributes = readAttributes(body.subarray(12))
  const [family = 0, toLength = 0, fromLength = 0, tos = 0, shortTable = 0, , , action = 0] = body
  const table = number(attributes.get(FRA_TABLE)) ?? shortTable
  const isInverted = (viewOf(body).getUint32(8, LITTLE_ENDIAN) & FLAG_INVERT) !== 0
  const telling = TELLING.flatMap((type) => {
    const value = hex(attributes.get(type))
    const isDefault =
      value === '' ||
      (value === NOTHING_SUPPRESSED && (type === FRA_SUPPRESS_IFGROUP || type === FRA_SUPPRESS_PREFIXLEN))
    return isDefault ? [] : [`${type}=${value}`]
  })
  const lengths = `${toLength}/${fromLength}`
  return `rule ${family} ${lengths} ${tos} ${table} ${action} ${isInverted} ${protocolOfRule(body)} ${telling.join(' ')}`
}

export function protocolOfRule(body: Uint8Array): number {
  return readAttributes(body.subarray(12)).get(FRA_PROTOCOL)?.[0] ?? 0
}

function number(bytes: Uint8Array | undefined): number | null {
  return bytes === undefined || bytes.length < 4 ? null : viewOf(bytes).getUint32(0, LITTLE_ENDIAN)
}

function hex(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).toString('hex')
}
