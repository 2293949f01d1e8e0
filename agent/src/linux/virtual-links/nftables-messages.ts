/**
 * The bytes of nfnetlink (linux/netfilter/nf_tables.h) for the one table that keeps packets out. Pure: no socket here.
 * Everything in a batch happens at once or not at all. Numbers in attributes are big-endian.
 *
 *   table inet NAME {
 *     set ipv4 { type ipv4_addr }   set ipv6 { type ipv6_addr }   set linkLocal { type ipv6_addr . iface_index }
 *     set silent { type iface_index }
 *     chain input { type filter hook input priority PRIORITY; policy accept
 *       ip daddr @ipv4 drop
 *       icmpv6 type 135-136 accept
 *       ip6 daddr @ipv6 drop
 *       ip6 daddr . iif @linkLocal drop }
 *     chain before { type filter hook prerouting priority raw; policy accept
 *       iif @silent drop }
 *     chain output { type filter hook output priority raw; policy accept
 *       oif @silent drop } }
 */
import { LITTLE_ENDIAN } from '../kernel-numbers.ts'
import {
  align,
  attribute,
  HEADER_BYTES,
  message,
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_REQUEST,
  nest,
  readAttributes,
  text,
  textOf,
  viewOf,
} from '../netlink-message.ts'

const NLM_F_ACK = 0x4
const NFNL_SUBSYS_NFTABLES = 10
const BATCH_BEGIN = 0x10
const BATCH_END = 0x11
const NFPROTO_INET = 1
const NFPROTO_IPV4 = 2
const NFPROTO_IPV6 = 10
const NF_INET_PRE_ROUTING = 0
const NF_INET_LOCAL_IN = 1
const NF_INET_LOCAL_OUT = 3
/** Before connection tracking and everything else. */
const PRIORITY_RAW = -300
const NF_DROP = 0
const NF_ACCEPT = 1
const IPPROTO_ICMPV6 = 58

const NEWTABLE = 0
const DELTABLE = 2
const NEWCHAIN = 3
const NEWRULE = 6
const DELRULE = 8
const NEWSET = 9
const NEWSETELEM = 12
const DELSETELEM = 14

/** nft's own numbers for the types of keys, so that `nft list` shows addresses as addresses. */
const TYPE_IPV4 = 7
const TYPE_IPV6 = 8
const TYPE_INTERFACE_INDEX = 20
const TYPE_BITS = 6

export type SetName = 'ipv4' | 'ipv6' | 'linkLocal' | 'silent'

interface SetShape {
  readonly id: number
  readonly keyType: number
  readonly keyBytes: number
}

const SETS: Readonly<Record<SetName, SetShape>> = {
  ipv4: { id: 1, keyType: TYPE_IPV4, keyBytes: 4 },
  ipv6: { id: 2, keyType: TYPE_IPV6, keyBytes: 16 },
  linkLocal: { id: 3, keyType: (TYPE_IPV6 << TYPE_BITS) | TYPE_INTERFACE_INDEX, keyBytes: 20 },
  silent: { id: 4, keyType: TYPE_INTERFACE_INDEX, keyBytes: 4 },
}

/** Something a batch does; it is numbered when the batch is made. */
export interface Request {
  readonly type: number
  readonly flags: number
  readonly body: readonly Uint8Array[]
}

export interface TableShape {
  readonly table: string
  readonly priority: number
  readonly counters: boolean
}

/** An element of a set: a key of `SETS[set].keyBytes` bytes. */
export interface Element {
  readonly set: SetName
  readonly key: Uint8Array
}

/** What goes in one write; the requests are numbered from `sequence`, and each is answered. */
export function encodeBatch(sequence: number, requests: readonly Request[]): Uint8Array {
  const edge = (type: number) =>
    message({ type, flags: NLM_F_REQUEST, sequence: 0 }, [familyHeader(0, NFNL_SUBSYS_NFTABLES)])
  const middle = requests.map(({ type, flags, body }, i) =>
    message(
      {
        type: (NFNL_SUBSYS_NFTABLES << 8) | type,
        flags: flags | NLM_F_REQUEST | NLM_F_ACK,
        sequence: sequence + i,
      },
      [familyHeader(NFPROTO_INET, 0), ...body],
    ),
  )
  return Buffer.concat([edge(BATCH_BEGIN), ...middle, edge(BATCH_END)])
}

/** Makes the table as above with these elements and no others, whether or not there was one before. */
export function makeTable(shape: TableShape, elements: readonly Element[]): Request[] {
  const { table } = shape
  const names = Object.keys(SETS) as SetName[]
  const chains = chainsOf(shape)
  return [
    create(NEWTABLE, [attribute(1, text(table)), attribute(2, big32(0))]),
    ...chains.map(({ name, hook, priority }) => newChain(table, name, [hook, priority])),
    ...names.map((name) => newSet(table, name)),
    ...chains.flatMap(({ name, rules }) => replaceRules(table, name, rules)),
    ...names.map((name) => flushSet(table, name)),
    ...addElements(table, elements),
  ]
}

interface Chain {
  readonly name: string
  readonly hook: number
  readonly priority: number
  readonly rules: readonly (readonly Uint8Array[])[]
}

function chainsOf({ priority, counters }: TableShape): readonly Chain[] {
  const silenced = (key: number) => [meta(key, FIRST), lookup('silent'), verdict(NF_DROP)]
  return [
    { name: 'input', hook: NF_INET_LOCAL_IN, priority, rules: inputRules(counters) },
    { name: 'before', hook: NF_INET_PRE_ROUTING, priority: PRIORITY_RAW, rules: [silenced(META_IIF)] },
    { name: 'output', hook: NF_INET_LOCAL_OUT, priority: PRIORITY_RAW, rules: [silenced(META_OIF)] },
  ]
}

function newChain(table: string, name: string, [hook, priority]: readonly [number, number]): Request {
  return create(NEWCHAIN, [
    attribute(1, text(table)),
    attribute(3, text(name)),
    nest(4, [attribute(1, big32(hook)), attribute(2, big32(priority))], true),
    attribute(5, big32(NF_ACCEPT)),
    attribute(7, text('filter')),
  ])
}

function replaceRules(table: string, chain: string, rules: Chain['rules']): Request[] {
  const place = [attribute(1, text(table)), attribute(2, text(chain))]
  const added = rules.map((expressions) =>
    create(NEWRULE, [...place, nest(4, expressions, true)], NLM_F_APPEND),
  )
  return [{ type: DELRULE, flags: 0, body: place }, ...added]
}

export function deleteTable(table: string): Request {
  return { type: DELTABLE, flags: 0, body: [attribute(1, text(table))] }
}

/** One request for each set that gets elements; elements that are there already are fine. */
export function addElements(table: string, elements: readonly Element[]): Request[] {
  return changeElements(NEWSETELEM, NLM_F_CREATE, { table, elements })
}

/** Elements that are not there make the whole batch fail. */
export function removeElements(table: string, elements: readonly Element[]): Request[] {
  return changeElements(DELSETELEM, 0, { table, elements })
}

function changeElements(
  type: number,
  flags: number,
  { table, elements }: { table: string; elements: readonly Element[] },
): Request[] {
  return (Object.keys(SETS) as SetName[]).flatMap((set) => {
    const keys = elements.filter((each) => each.set === set).map(({ key }) => key)
    if (keys.length === 0) return []
    const list = keys.map((key) => nest(1, [nest(1, [attribute(1, key)], true)], true))
    return [{ type, flags, body: [attribute(1, text(table)), attribute(2, text(set)), nest(3, list, true)] }]
  })
}

function flushSet(table: string, set: SetName): Request {
  return { type: DELSETELEM, flags: 0, body: [attribute(1, text(table)), attribute(2, text(set))] }
}

function newSet(table: string, name: SetName): Request {
  const { id, keyType, keyBytes } = SETS[name]
  return create(NEWSET, [
    attribute(1, text(table)),
    attribute(2, text(name)),
    attribute(3, big32(0)),
    attribute(4, big32(keyType)),
    attribute(5, big32(keyBytes)),
    attribute(10, big32(id)),
  ])
}

function create(type: number, body: readonly Uint8Array[], flags = 0): Request {
  return { type, flags: NLM_F_CREATE | flags, body }
}

/** Registers: 0 is the verdict, 1 the first of 16 bytes, 12 the fifth of 4 bytes, which follows the first 16. */
const VERDICT = 0
const FIRST = 1
const AFTER_ADDRESS = 12
const BASE_NETWORK = 1
const BASE_TRANSPORT = 2
const META_IIF = 4
const META_OIF = 5
const META_NFPROTO = 15
const META_L4PROTO = 16
const NEIGHBOR_SOLICITATION = 135
const NEIGHBOR_ADVERTISEMENT = 136
const EQUAL = 0
const AT_MOST = 3
const AT_LEAST = 5

function inputRules(counters: boolean): Uint8Array[][] {
  const drop = [...(counters ? [expression('counter', [])] : []), verdict(NF_DROP)]
  const isFamily = (family: number) => [meta(META_NFPROTO, FIRST), compare(EQUAL, family)]
  const ipv6Destination = payload({ base: BASE_NETWORK, offset: 24, length: 16 })
  return [
    [
      ...isFamily(NFPROTO_IPV4),
      payload({ base: BASE_NETWORK, offset: 16, length: 4 }),
      lookup('ipv4'),
      ...drop,
    ],
    [
      meta(META_L4PROTO, FIRST),
      compare(EQUAL, IPPROTO_ICMPV6),
      payload({ base: BASE_TRANSPORT, offset: 0, length: 1 }),
      compare(AT_LEAST, NEIGHBOR_SOLICITATION),
      compare(AT_MOST, NEIGHBOR_ADVERTISEMENT),
      verdict(NF_ACCEPT),
    ],
    [...isFamily(NFPROTO_IPV6), ipv6Destination, lookup('ipv6'), ...drop],
    [...isFamily(NFPROTO_IPV6), ipv6Destination, meta(META_IIF, AFTER_ADDRESS), lookup('linkLocal'), ...drop],
  ]
}

function expression(name: string, data: readonly Uint8Array[]): Uint8Array {
  return nest(1, [attribute(1, text(name)), nest(2, data, true)], true)
}

function meta(key: number, into: number): Uint8Array {
  return expression('meta', [attribute(1, big32(into)), attribute(2, big32(key))])
}

function payload({ base, offset, length }: { base: number; offset: number; length: number }): Uint8Array {
  const numbers = [FIRST, base, offset, length].map((value, i) => attribute(i + 1, big32(value)))
  return expression('payload', numbers)
}

/** Compares the first byte of the first register. */
function compare(how: number, value: number): Uint8Array {
  return expression('cmp', [
    attribute(1, big32(FIRST)),
    attribute(2, big32(how)),
    nest(3, [attribute(1, Uint8Array.of(value))], true),
  ])
}

function lookup(set: SetName): Uint8Array {
  return expression('lookup', [
    attribute(1, text(set)),
    attribute(2, big32(FIRST)),
    attribute(4, big32(SETS[set].id)),
  ])
}

function verdict(code: number): Uint8Array {
  const value = nest(2, [attribute(1, big32(code))], true)
  return expression('immediate', [attribute(1, big32(VERDICT)), nest(2, [value], true)])
}

function familyHeader(family: number, subsystem: number): Uint8Array {
  return Uint8Array.of(family, 0, subsystem >> 8, subsystem & 0xff)
}

function big32(value: number): Uint8Array {
  return Uint8Array.of((value >> 24) & 0xff, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff)
}

/** Names of the tables that a notice of the kernel's says were removed. */
export function deletedTables(bytes: Uint8Array): string[] {
  const names: string[] = []
  const view = viewOf(bytes)
  for (let offset = 0; offset + HEADER_BYTES + 4 <= bytes.length; ) {
    const length = view.getUint32(offset, LITTLE_ENDIAN)
    if (length < HEADER_BYTES + 4 || offset + length > bytes.length) break
    if (view.getUint16(offset + 4, LITTLE_ENDIAN) === ((NFNL_SUBSYS_NFTABLES << 8) | DELTABLE)) {
      const name = readAttributes(bytes.subarray(offset + HEADER_BYTES + 4, offset + length)).get(1)
      if (name !== undefined && bytes[offset + HEADER_BYTES] === NFPROTO_INET) names.push(textOf(name))
    }
    offset += align(length)
  }
  return names
}
