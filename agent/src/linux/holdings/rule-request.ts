/** Requests about rules (linux/fib_rules.h): one `struct fib_rule_hdr` with attributes. Pure. */
import type { PortRange, RoutingRule, RuleAction } from '@aloft/shared/config/holdings-config'
import { addressBytes } from '@aloft/shared/network/address'
import { AF_INET, AF_INET6, LITTLE_ENDIAN } from '../kernel-numbers.ts'
import {
  attribute,
  message,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REQUEST,
  text,
  u16,
  u32,
  viewOf,
} from '../netlink-message.ts'
import { flow } from './route-request.ts'

export const RTM_NEWRULE = 32
export const RTM_DELRULE = 33
export const RTM_GETRULE = 34
const FRA_DST = 1
const FRA_SRC = 2
const FRA_IIFNAME = 3
const FRA_GOTO = 4
const FRA_PRIORITY = 6
const FRA_FWMARK = 10
const FRA_FLOW = 11
const FRA_TUN_ID = 12
const FRA_SUPPRESS_IFGROUP = 13
const FRA_SUPPRESS_PREFIXLEN = 14
const FRA_TABLE = 15
const FRA_FWMASK = 16
const FRA_OIFNAME = 17
const FRA_L3MDEV = 19
const FRA_UID_RANGE = 20
const FRA_PROTOCOL = 21
const FRA_IP_PROTO = 22
const FRA_SPORT_RANGE = 23
const FRA_DPORT_RANGE = 24
const FIB_RULE_INVERT = 0x2

const ACTIONS: Readonly<Record<RuleAction, number>> = {
  table: 1,
  goto: 2,
  nop: 3,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
}

export function encodeRule(change: 'add' | 'remove', rule: RoutingRule): Uint8Array {
  const isAdded = change === 'add'
  const flags = NLM_F_REQUEST | (isAdded ? NLM_F_CREATE | NLM_F_EXCL : 0)
  const body = new Uint8Array(12)
  body[0] = rule.family === 'ipv6' ? AF_INET6 : AF_INET
  body[1] = rule.to?.prefixLength ?? 0
  body[2] = rule.from?.prefixLength ?? 0
  body[3] = rule.tos ?? 0
  body[4] = tableOf(rule) < 256 ? tableOf(rule) : 0
  body[7] = ACTIONS[rule.action]
  if (rule.not) viewOf(body).setUint32(8, FIB_RULE_INVERT, LITTLE_ENDIAN)
  const type = isAdded ? RTM_NEWRULE : RTM_DELRULE
  return message({ type, flags, sequence: 0 }, [body, ...selectorsOf(rule), ...targetOf(rule)])
}

function tableOf({ action, table, l3mdev }: RoutingRule): number {
  return action === 'table' && !l3mdev ? (table ?? 254) : 0
}

function selectorsOf(rule: RoutingRule): Uint8Array[] {
  const parts: Uint8Array[] = []
  if (rule.to !== undefined && rule.to.prefixLength > 0)
    parts.push(attribute(FRA_DST, addressBytes(rule.to.address)))
  if (rule.from !== undefined && rule.from.prefixLength > 0)
    parts.push(attribute(FRA_SRC, addressBytes(rule.from.address)))
  if (rule.incoming !== undefined) parts.push(attribute(FRA_IIFNAME, text(rule.incoming)))
  if (rule.outgoing !== undefined) parts.push(attribute(FRA_OIFNAME, text(rule.outgoing)))
  if (rule.mark !== undefined)
    parts.push(attribute(FRA_FWMARK, u32(rule.mark.value)), attribute(FRA_FWMASK, u32(rule.mark.mask)))
  if (rule.tunnelId !== undefined) parts.push(attribute(FRA_TUN_ID, networkOrder64(rule.tunnelId)))
  if (rule.users !== undefined) parts.push(attribute(FRA_UID_RANGE, range(rule.users, u32)))
  if (rule.ipProtocol !== undefined) parts.push(attribute(FRA_IP_PROTO, Uint8Array.of(rule.ipProtocol)))
  if (rule.sourcePorts !== undefined) parts.push(attribute(FRA_SPORT_RANGE, range(rule.sourcePorts, u16)))
  if (rule.destinationPorts !== undefined)
    parts.push(attribute(FRA_DPORT_RANGE, range(rule.destinationPorts, u16)))
  return parts
}

function targetOf(rule: RoutingRule): Uint8Array[] {
  const parts = [attribute(FRA_PRIORITY, u32(rule.priority))]
  if (tableOf(rule) > 255) parts.push(attribute(FRA_TABLE, u32(tableOf(rule))))
  if (rule.goto !== undefined) parts.push(attribute(FRA_GOTO, u32(rule.goto)))
  if (rule.realms !== undefined) parts.push(attribute(FRA_FLOW, u32(flow(rule.realms))))
  if (rule.suppressPrefixLength !== undefined)
    parts.push(attribute(FRA_SUPPRESS_PREFIXLEN, u32(rule.suppressPrefixLength)))
  if (rule.suppressInterfaceGroup !== undefined)
    parts.push(attribute(FRA_SUPPRESS_IFGROUP, u32(rule.suppressInterfaceGroup)))
  if (rule.l3mdev) parts.push(attribute(FRA_L3MDEV, Uint8Array.of(1)))
  parts.push(attribute(FRA_PROTOCOL, Uint8Array.of(rule.protocol)))
  return parts
}

function range({ first, last }: PortRange, write: (value: number) => Uint8Array): Uint8Array {
  return Uint8Array.of(...write(first), ...write(last))
}

function networkOrder64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  viewOf(bytes).setBigUint64(0, BigInt(value))
  return bytes
}
