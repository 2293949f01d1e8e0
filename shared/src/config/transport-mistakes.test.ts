import { describe, expect, it } from 'vitest'
import { findings, written } from './config-text.fixture.ts'
import { loadAgentConfig } from './load-agent-config.ts'

type Case = readonly [what: string, changes: Parameters<typeof written>[0], expected: readonly string[]]

const IPV6 = '    addresses: ["fe80::100/64"]'
const unicast = (text: string, changes: Parameters<typeof written>[0] = {}) => ({
  ...changes,
  more: `    unicast: ${text}`,
})
const many = Array.from({ length: 91 }, (_, i) => `"fe80::1:${i.toString(16)}/64"`).join(', ')

// biome-ignore format: one case a line
const cases: readonly Case[] = [
  // Families.
  ['IPv6', { addresses: IPV6 }, []],
  ['both families', { addresses: '    addresses: [192.0.2.100/24, "fe80::100/64"]' }, []],
  ['both families in version 2', { addresses: '    addresses: [192.0.2.100/24, "fe80::100/64"]', more: '    version: 2' }, ['7:14 error version-family VRRP version 2 carries IPv4 only | write version: 3']],
  ['a first IPv6 address that is not link-local', { addresses: '    addresses: ["2001:db8::1/64", "fe80::1/64"]' }, ['6:17 warning first-address 2001:db8::1 comes first of the IPv6 addresses and is not link-local, which RFC 9568 demands | write a link-local address before it, for example fe80::100/64']],
  ['more IPv6 addresses than fit a frame', { addresses: `    addresses: [${many}]` }, [expect.stringMatching(/^6:\d+ warning too-many-addresses an advertisement has room for 90 IPv6 addresses; 1 from here on are held, and not advertised/)]],
  ['a form of checksum that IPv6 does not have', { addresses: IPV6, more: '    checksum: message-only' }, ['7:15 warning checksum-family checksum has no effect on IPv6 | remove it']],
  // Authentication.
  ['AH in version 3', { more: '    authentication: { type: ah, password: x }' }, ['7:21 error authentication-version VRRP version 3 has no authentication | remove it, or write version: 2']],
  ['AH with IPv6', { addresses: IPV6, more: '    authentication: { type: ah, password: x }' }, ['7:21 error authentication-version VRRP version 3 has no authentication | remove it, or write version: 2']],
  ['AH with a long password', { more: '    version: 2\n    authentication: { type: ah, password: 123456789a }' }, ['8:43 error password-too-long password is 10 bytes long; VRRP version 2 carries 8 at most | shorten it on every router of the group']],
  ['authentication without a password', { more: '    version: 2\n    authentication: { type: ah }' }, ['8:21 error missing-key password is missing | add `password: s3cret`']],
  ['AH to peers', { more: '    version: 2\n    authentication: { type: ah, password: x }\n    unicast: { peers: [192.0.2.12] }' }, []],
  // Groups.
  ['another group', { more: '    multicastGroup: 224.0.0.99' }, []],
  ['another IPv6 group', { addresses: IPV6, more: '    multicastGroup: "ff02::99"' }, []],
  ['a group that is none', { more: '    multicastGroup: 192.0.2.1' }, ['7:21 error not-multicast 192.0.2.1 is not a multicast group | for example 224.0.0.18']],
  ['an IPv6 group that is none', { addresses: IPV6, more: '    multicastGroup: "fe80::12"' }, ['7:21 error not-multicast fe80::12 is not a multicast group | for example ff02::12']],
  ['a group of the other family', { more: '    multicastGroup: "ff02::12"' }, ['7:21 error mixed-families ff02::12 is not of the family of the addresses']],
  ['an IPv6 group of a wider scope', { addresses: IPV6, more: '    multicastGroup: "ff05::12"' }, ['7:21 error group-scope ff05::12 is not of link-local scope; advertisements must not leave the link | write a group that begins with ff02:']],
  ['an IPv4 group that is forwarded', { more: '    multicastGroup: 239.1.2.3' }, ['7:21 warning group-scope 239.1.2.3 is outside 224.0.0.0/24; routers forward such groups, and switches may hold them back | write a group of 224.0.0.0/24']],
  ['a group beside unicast', { more: '    multicastGroup: 224.0.0.99\n    unicast: { peers: [192.0.2.12] }' }, ['7:21 warning unicast-group multicastGroup has no effect beside unicast | remove one of the two']],
  ['a group that is no address', { more: '    multicastGroup: all' }, ['7:21 error bad-value multicastGroup must be an IP address, not "all" | for example 224.0.0.18']],
  // Sources.
  ['a source that is followed but not written', { more: '    trackSourceAddress: true' }, ['7:25 error track-source trackSourceAddress follows sourceAddress, which is not written | write sourceAddress, or remove it']],
  ['a source that is virtual', { more: '    sourceAddress: 192.0.2.100' }, ['7:20 error virtual-source 192.0.2.100 is a virtual address, which a backup does not have | write an address of the host itself']],
  ['a source that is the owner’s', { more: '    sourceAddress: 192.0.2.100\n    priority: 255' }, []],
  ['too small a receive buffer', { more: '    receiveBufferBytes: 100' }, ['7:25 error out-of-range receiveBufferBytes must be a whole number from 2304 to 1073741823, not 100']],
  // Peers.
  ['peers', unicast('{ peers: [192.0.2.12, { address: 192.0.2.13, minTtl: 254 }], ttl: 64, checkSource: true, oldChecksum: never }'), []],
  ['one peer where a list belongs', unicast('{ peers: 192.0.2.12 }'), ['7:23 error wrong-type peers must be a list, not "192.0.2.12" | for example [192.0.2.12]']],
  ['a list where the map belongs', unicast('[192.0.2.12]'), ['7:14 error wrong-type unicast must be a map, not a list | for example { peers: [192.0.2.12] }']],
  ['a peer that is no address', unicast('{ peers: [lb2] }'), ['7:24 error bad-value peers must be an IP address, not "lb2" | for example 192.0.2.12']],
  ['a peer twice', unicast('{ peers: [192.0.2.12, 192.0.2.12] }'), ['7:36 error duplicate-peer 192.0.2.12 is a peer already | keep one of the two']],
  ['a peer of the other family', unicast('{ peers: [192.0.2.12, "fe80::2"] }'), ['7:36 error mixed-families fe80::2 is not of the family of the addresses']],
  ['a peer that is a group', unicast('{ peers: [224.0.0.18] }'), ['7:24 error unusable-address 224.0.0.18 is a multicast address | write a unicast address']],
  ['a peer that is a virtual address', unicast('{ peers: [192.0.2.100] }'), ['7:24 error virtual-peer 192.0.2.100 is a virtual address of this router; its peers are hosts | write the address of the host itself']],
  ['TTLs that exclude each other', unicast('{ peers: [{ address: 192.0.2.12, minTtl: 255, maxTtl: 254 }] }'), ['7:24 error ttl-range minTtl 255 is above maxTtl 254 | exchange the two']],
  ['a TTL of 0', unicast('{ peers: [192.0.2.12], ttl: 0 }'), ['7:42 error out-of-range ttl must be a whole number from 1 to 255, not 0']],
  ['no peers', unicast('{ peers: [] }'), ['7:23 warning no-peers peers has no IPv4 address; the virtual router stays in fault | write the addresses of the other nodes']],
  ['peers of one family, addresses of both', unicast('{ peers: [192.0.2.12] }', { addresses: '    addresses: [192.0.2.100/24, "fe80::100/64"]' }), ['7:23 warning no-peers peers has no IPv6 address; its IPv6 part stays in fault | write the addresses of the other nodes']],
  // What two routers may not share.
  ['a VRID twice, in two groups', { more: '  - { name: b, interface: eth0, vrid: 51, multicastGroup: 224.0.0.99, addresses: [192.0.2.101/24] }' }, []],
  ['a VRID twice, for two families', { more: '  - { name: b, interface: eth0, vrid: 51, addresses: ["fe80::1/64"] }' }, []],
  ['a VRID twice, for one family of two', { more: '  - { name: b, interface: eth0, vrid: 51, addresses: ["fe80::1/64", 192.0.2.101/24] }' }, ['7:39 error duplicate-vrid vrid 51 on eth0 is already used by virtual router web | routers on one LAN need different VRIDs']],
  ['a VRID twice, among different peers', unicast('{ peers: [192.0.2.12] }\n  - { name: b, interface: eth0, vrid: 51, unicast: { peers: [192.0.2.13] }, addresses: [192.0.2.101/24] }'), []],
  ['a VRID twice, with a peer in common', unicast('{ peers: [192.0.2.12, 192.0.2.13] }\n  - { name: b, interface: eth0, vrid: 51, unicast: { peers: [192.0.2.13] }, addresses: [192.0.2.101/24] }'), ['8:39 error duplicate-vrid vrid 51 on eth0 with peer 192.0.2.13 is already used by virtual router web | routers on one LAN need different VRIDs']],
]

describe('how advertisements travel, written with a mistake', () => {
  it.each(cases)('%s', (_, changes, expected) => expect(findings(written(changes))).toEqual(expected))
})

describe('a virtual router written once with both families', () => {
  const text = written({
    addresses: '    addresses: [192.0.2.100/24, "fe80::100/64", "2001:db8::100/64", 192.0.2.101/24]',
    more: '    sourceAddress: "fe80::1"\n    unicast: { peers: [192.0.2.12, "fe80::2"], ttl: 64 }',
  })
  const loaded = loadAgentConfig(text)
  const routers = 'config' in loaded ? loaded.config.virtualRouters : []

  it('is two, of one name and VRID', () => {
    expect(routers.map(({ name, vrid, family }) => [name, vrid, family])).toEqual([
      ['web', 51, 'ipv4'],
      ['web', 51, 'ipv6'],
    ])
  })

  it('gives each what is of its family', () => {
    const lists = routers.map(({ addresses, unicast, sourceAddress }) => [
      addresses.map(({ address }) => address),
      unicast?.peers.map(({ address }) => address),
      sourceAddress,
    ])
    expect(lists).toEqual([
      [['192.0.2.100', '192.0.2.101'], ['192.0.2.12'], null],
      [['fe80::100', '2001:db8::100'], ['fe80::2'], 'fe80::1'],
    ])
  })
})
