/**
 * Our requests against those of iproute2, for the same words: `ip` is run under strace in a namespace of its own, and
 * what it gave to sendmsg is compared attribute by attribute. What it accepts, and what the kernel makes of it, is so
 * the same.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeAddress, lifetimesOf } from '../../agent/src/linux/holdings/address-request.ts'
import { encodeRoute } from '../../agent/src/linux/holdings/route-request.ts'
import { encodeRule } from '../../agent/src/linux/holdings/rule-request.ts'
import { ip } from '../../agent/src/linux/namespace.ts'
import { readAttributes, textOf } from '../../agent/src/linux/netlink-message.ts'
import { encodeNewLink, type NewLink } from '../../agent/src/linux/virtual-links/link-messages.ts'
import { macBytes } from '../../agent/src/packets/ethernet.ts'
import type { HeldAddress } from '../../agent/src/world/holdings.ts'
import type { Route, RoutingRule } from '../../shared/src/config/holdings-config.ts'
import { parseAddress } from '../../shared/src/network/address.ts'
import { parsePrefix } from '../../shared/src/network/prefix.ts'

const namespace = `holdbytes${process.pid}`
const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-bytes-'))
let index = 0

beforeAll(async () => {
  await ip('netns', 'add', namespace)
  await ip('-n', namespace, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1')
  await ip('-n', namespace, 'link', 'set', 'eth0', 'up')
  const [link] = JSON.parse(await ip('-j', '-n', namespace, 'link', 'show', 'eth0'))
  index = link.ifindex
})

afterAll(async () => {
  rmSync(folder, { recursive: true })
  await ip('netns', 'del', namespace)
})

/** Body and attributes of the last request that `ip WORDS` wrote with that message type: first, it tries an empty one. */
function askedBy(words: string, type: number): Message {
  const log = path.join(folder, 'strace')
  try {
    const strace = ['-xx', '-s', '65536', '-e', 'trace=sendmsg,sendto', '-e', 'write=all', '-o', log]
    execFileSync('strace', [...strace, 'ip', '-n', namespace, ...words.split(' ')], { stdio: 'ignore' })
  } catch {
    // Refused by the kernel: the request was written all the same.
  }
  const isOfType = (bytes: Buffer) => bytes.length >= 16 && bytes.readUInt16LE(4) === type
  const asked = writesIn(readFileSync(log, 'utf8')).findLast(isOfType)
  if (asked === undefined) throw new Error(`ip ${words} wrote no message of type ${type}`)
  return messageOf(asked)
}

/** The hexadecimal dumps that strace prints after a call: ` | 00000  30 00 …  |`. */
function writesIn(log: string): Buffer[] {
  const writes: Buffer[] = []
  for (const line of log.split('\n')) {
    const [, offset, hex] = /^ \| ([0-9a-f]{5}) {2}((?:[0-9a-f]{2} {1,2}){1,16})/.exec(line) ?? []
    if (offset === undefined || hex === undefined) continue
    if (offset === '00000') writes.push(Buffer.alloc(0))
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    writes.push(Buffer.concat([writes.pop() ?? Buffer.alloc(0), bytes]))
  }
  return writes
}

interface Message {
  readonly body: string
  readonly attributes: Readonly<Record<number, string>>
}

const BODY_BYTES: Readonly<Record<number, number>> = { 16: 16, 20: 8, 21: 8, 24: 12, 25: 12, 32: 12, 33: 12 }

/** Attributes without an order; nested ones are compared as the attributes they hold. */
function messageOf(bytes: Uint8Array): Message {
  const type = Buffer.from(bytes).readUInt16LE(4)
  const size = 16 + (BODY_BYTES[type] ?? 0)
  const attributes = [...readAttributes(bytes.subarray(size))].map(([key, value]) => {
    const isNested = (type === 24 || type === 25) && key === 8
    return [key, isNested ? JSON.stringify([...readAttributes(value)].map(hexPair).toSorted()) : hex(value)]
  })
  return { body: hex(bytes.subarray(16, size)), attributes: Object.fromEntries(attributes) }
}

/** Of a request for a link: what IFLA_LINKINFO holds. `ip` ends the kind without a zero, which the kernel takes either way. */
function linkOf(message: Message) {
  const { 18: info = '', ...attributes } = message.attributes
  const { 1: kind = '', 2: data, ...others } = attributesIn(info)
  const name = textOf(Buffer.from(kind, 'hex'))
  return { body: message.body, attributes, kind: name, data: attributesIn(data), others }
}

function attributesIn(hexText = ''): Readonly<Record<number, string>> {
  const pairs = [...readAttributes(Buffer.from(hexText, 'hex'))]
  return Object.fromEntries(pairs.map(([key, value]) => [key, hex(value)]))
}

/** Without IFA_PROTO, which this iproute2 may be too old to know. */
function unmarked(bytes: Uint8Array): Message {
  const { body, attributes } = messageOf(bytes)
  const { 11: proto, ...rest } = attributes
  expect(proto).toBe('70')
  return { body, attributes: rest }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
function hexPair([key, value]: [number, Uint8Array]): string {
  return `${key}=${hex(value)}`
}

function address(text: string) {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(text)
  return parsed
}
function prefix(text: string) {
  const parsed = parsePrefix(text)
  if (parsed === null) throw new Error(text)
  return parsed
}

const indexOf = () => index

const addresses: readonly (readonly [words: string, held: Partial<HeldAddress>, prefix: string])[] = [
  ['192.0.2.100/24', {}, '192.0.2.100/24'],
  ['192.0.2.100/24 brd 192.0.2.255', { broadcast: address('192.0.2.255') }, '192.0.2.100/24'],
  ['192.0.2.100/32 scope link', { scope: 253 }, '192.0.2.100/32'],
  ['192.0.2.100/24 label eth0:vip', { label: 'eth0:vip' }, '192.0.2.100/24'],
  ['192.0.2.100 peer 198.51.100.1/30', { peer: prefix('198.51.100.1/30') }, '192.0.2.100/32'],
  ['192.0.2.100/24 noprefixroute', { noprefixroute: true }, '192.0.2.100/24'],
  ['224.1.2.3/32 autojoin', { autojoin: true }, '224.1.2.3/32'],
  ['2001:db8::1/64 nodad', {}, '2001:db8::1/64'],
  ['2001:db8::1/64', { dad: true }, '2001:db8::1/64'],
  ['2001:db8::1/64 nodad home', { home: true }, '2001:db8::1/64'],
  ['2001:db8::1/64 nodad mngtmpaddr', { mngtmpaddr: true }, '2001:db8::1/64'],
  ['2001:db8::1/128 nodad preferred_lft 0 valid_lft forever', { preferredLifetimeMs: 0 }, '2001:db8::1/128'],
]

describe('a request for an address', () => {
  it.each(addresses)('is that of `ip address add %s`', (words, held, text) => {
    const item: HeldAddress = { ...prefix(text), device: 'eth0', ...held }
    const lifetimes = lifetimesOf(item, null, 0)
    const ours = unmarked(encodeAddress('add', { address: item, index, lifetimes }))
    const asked = askedBy(`address add ${words} dev eth0`, 20)
    expect(ours).toEqual(asked)
  })

  it('is leased as `valid_lft 2 preferred_lft 2` is', () => {
    const item: HeldAddress = { ...prefix('192.0.2.100/24'), device: 'eth0' }
    const ours = unmarked(
      encodeAddress('replace', { address: item, index, lifetimes: lifetimesOf(item, 2000, 0) }),
    )
    const words = 'address replace 192.0.2.100/24 valid_lft 2 preferred_lft 2 dev eth0'
    expect(ours).toEqual(askedBy(words, 20))
  })

  it('to be removed is that of `ip address del`', () => {
    const item: HeldAddress = { ...prefix('192.0.2.100/24'), device: 'eth0' }
    const ours = messageOf(
      encodeAddress('remove', { address: item, index, lifetimes: lifetimesOf(item, null, 0) }),
    )
    expect(ours).toEqual(askedBy('address del 192.0.2.100/24 dev eth0', 21))
  })
})

const V4: Omit<Route, 'to'> = {
  ...{ family: 'ipv4', type: 'unicast', table: 254, metric: 0, tos: 0, protocol: 112, place: 'prepend' },
}
const V6: Omit<Route, 'to'> = { ...V4, family: 'ipv6' }
const via = address('192.0.2.254')

const routes: readonly (readonly [words: string, route: Omit<Route, 'to'>, to: string])[] = [
  ['198.51.100.0/24 dev eth0', { ...V4, device: 'eth0' }, '198.51.100.0/24'],
  ['198.51.100.0/24 via 192.0.2.254 dev eth0', { ...V4, via, device: 'eth0' }, '198.51.100.0/24'],
  ['default via 192.0.2.254 metric 100', { ...V4, via, metric: 100 }, '0.0.0.0/0'],
  [
    '198.51.100.0/24 via 192.0.2.254 dev eth0 onlink src 192.0.2.100 table 100 tos 0x10',
    { ...V4, via, device: 'eth0', onlink: true, source: address('192.0.2.100'), table: 100, tos: 16 },
    '198.51.100.0/24',
  ],
  ['198.51.100.0/24 dev eth0 table 1000', { ...V4, device: 'eth0', table: 1000 }, '198.51.100.0/24'],
  ['blackhole 198.51.100.0/24', { ...V4, type: 'blackhole' }, '198.51.100.0/24'],
  ['unreachable 198.51.100.0/24', { ...V4, type: 'unreachable' }, '198.51.100.0/24'],
  ['prohibit 198.51.100.0/24', { ...V4, type: 'prohibit' }, '198.51.100.0/24'],
  ['throw 198.51.100.0/24 table 7', { ...V4, type: 'throw', table: 7 }, '198.51.100.0/24'],
  ['local 198.51.100.7 dev eth0', { ...V4, type: 'local', table: 255, device: 'eth0' }, '198.51.100.7/32'],
  ['198.51.100.0/24 dev eth0 scope host', { ...V4, device: 'eth0', scope: 254 }, '198.51.100.0/24'],
  [
    '198.51.100.0/24 dev eth0 mtu lock 1400 advmss 1360 window 8 rtt 30ms rttvar 8ms cwnd 9 ssthresh 7 initcwnd 20 initrwnd 30 quickack 1 hoplimit 9 rto_min 200ms reordering 4 fastopen_no_cookie 1',
    {
      ...V4,
      device: 'eth0',
      metrics: {
        ...{ mtu: 1400, advmss: 1360, window: 8, rtt: 240, rttvar: 32, cwnd: 9, ssthresh: 7 },
        ...{ initcwnd: 20, initrwnd: 30, quickack: 1, hoplimit: 9, rtoMin: 200, reordering: 4 },
        fastopenNoCookie: 1,
      },
      locked: ['mtu'],
    },
    '198.51.100.0/24',
  ],
  [
    '198.51.100.0/24 dev eth0 congctl reno features ecn realms 3/5',
    {
      ...{ ...V4, device: 'eth0', congestionControl: 'reno', metrics: { features: 1 } },
      realms: { from: 3, to: 5 },
    },
    '198.51.100.0/24',
  ],
  [
    '198.51.100.0/24 nexthop via 192.0.2.254 dev eth0 weight 3 nexthop via 192.0.2.253 dev eth0 onlink',
    {
      ...V4,
      nexthops: [
        { via, device: 'eth0', weight: 3 },
        { via: address('192.0.2.253'), device: 'eth0', onlink: true },
      ],
    },
    '198.51.100.0/24',
  ],
  [
    '198.51.100.0/24 via inet6 fe80::1 dev eth0',
    { ...V4, via: address('fe80::1'), device: 'eth0' },
    '198.51.100.0/24',
  ],
  [
    '2001:db8:1::/48 via fe80::1 dev eth0',
    { ...V6, via: address('fe80::1'), device: 'eth0' },
    '2001:db8:1::/48',
  ],
  [
    '2001:db8:1::/48 via fe80::1 dev eth0 pref high expires 300 metric 10',
    { ...V6, via: address('fe80::1'), device: 'eth0', preference: 'high', expiresMs: 300_000, metric: 10 },
    '2001:db8:1::/48',
  ],
]

/** Nexthops stand last. */
function withProtocol(words: string): string {
  return words.includes(' nexthop') ? words.replace(' nexthop', ' proto 112 nexthop') : `${words} proto 112`
}

describe('a request for a route', () => {
  it.each(routes)('is that of `ip route prepend %s`', (words, route, to) => {
    const ours = messageOf(encodeRoute('add', { ...route, to: prefix(to) }, indexOf))
    const family = route.family === 'ipv6' ? '-6 ' : ''
    expect(ours).toEqual(askedBy(`${family}route prepend ${withProtocol(words)}`, 24))
  })

  it('to be removed names no scope, as that of `ip route del`', () => {
    const route: Route = { ...V4, device: 'eth0', to: prefix('198.51.100.0/24') }
    const ours = messageOf(encodeRoute('remove', route, indexOf))
    expect(ours).toEqual(askedBy('route del unicast 198.51.100.0/24 dev eth0 proto 112', 25))
  })
})

const RULE: RoutingRule = { family: 'ipv4', action: 'table', priority: 1000, table: 100, protocol: 112 }

const rules: readonly (readonly [words: string, rule: RoutingRule])[] = [
  ['from 192.0.2.100/32 table 100', { ...RULE, from: prefix('192.0.2.100/32') }],
  ['to 198.51.100.0/24 table 1000', { ...RULE, to: prefix('198.51.100.0/24'), table: 1000 }],
  [
    'not from 192.0.2.0/24 fwmark 7/255 table 100',
    { ...RULE, not: true, from: prefix('192.0.2.0/24'), mark: { value: 7, mask: 255 } },
  ],
  ['iif eth0 oif eth1 table 100', { ...RULE, incoming: 'eth0', outgoing: 'eth1' }],
  ['tos 0x10 table 100', { ...RULE, from: prefix('0.0.0.0/0'), tos: 16 }],
  [
    'from 192.0.2.0/24 realms 3/5 table 100',
    { ...RULE, from: prefix('192.0.2.0/24'), realms: { from: 3, to: 5 } },
  ],
  [
    'from 192.0.2.0/24 table 100 suppress_prefixlength 0',
    { ...RULE, from: prefix('192.0.2.0/24'), suppressPrefixLength: 0 },
  ],
  [
    'from 192.0.2.0/24 table 100 suppress_ifgroup 4',
    { ...RULE, from: prefix('192.0.2.0/24'), suppressInterfaceGroup: 4 },
  ],
  ['tun_id 77 table 100', { ...RULE, tunnelId: 77 }],
  ['uidrange 100-200 table 100', { ...RULE, users: { first: 100, last: 200 } }],
  [
    'ipproto 6 sport 1000-2000 dport 443 table 100',
    {
      ...RULE,
      ipProtocol: 6,
      sourcePorts: { first: 1000, last: 2000 },
      destinationPorts: { first: 443, last: 443 },
    },
  ],
  ['from 192.0.2.0/24 goto 2000', { ...RULE, action: 'goto', goto: 2000, from: prefix('192.0.2.0/24') }],
  ['from 192.0.2.0/24 nop', { ...RULE, action: 'nop', from: prefix('192.0.2.0/24') }],
  ['from 192.0.2.0/24 blackhole', { ...RULE, action: 'blackhole', from: prefix('192.0.2.0/24') }],
  ['from 192.0.2.0/24 unreachable', { ...RULE, action: 'unreachable', from: prefix('192.0.2.0/24') }],
  ['from 192.0.2.0/24 prohibit', { ...RULE, action: 'prohibit', from: prefix('192.0.2.0/24') }],
  ['l3mdev', { ...RULE, l3mdev: true }],
]

const links: readonly (readonly [words: string, link: NewLink])[] = [
  [
    'address 00:00:5e:00:01:33 type macvlan mode private',
    { kind: 'macvlan', name: 'vrrp.51', parent: 0, mac: macBytes('00:00:5e:00:01:33') },
  ],
  ['type ipvlan mode l2 bridge', { kind: 'ipvlan', name: 'vrrp.51', parent: 0, mode: 'bridge' }],
  ['type ipvlan mode l2 private', { kind: 'ipvlan', name: 'vrrp.51', parent: 0, mode: 'private' }],
  ['type ipvlan mode l2 vepa', { kind: 'ipvlan', name: 'vrrp.51', parent: 0, mode: 'vepa' }],
]

describe('a request for a device', () => {
  // Written whether or not this kernel has ipvlan.
  it.each(links)('is that of `ip link add link eth0 name vrrp.51 %s`', (words, link) => {
    const ours = linkOf(messageOf(encodeNewLink(1, { ...link, parent: index })))
    expect(ours).toEqual(linkOf(askedBy(`link add link eth0 name vrrp.51 ${words}`, 16)))
  })
})

describe('a request for a rule', () => {
  it.each(rules)('is that of `ip rule add %s`', (words, rule) => {
    const asked = askedBy(`-4 rule add priority 1000 ${words} protocol 112`, 32)
    expect(messageOf(encodeRule('add', rule))).toEqual(asked)
  })
})
