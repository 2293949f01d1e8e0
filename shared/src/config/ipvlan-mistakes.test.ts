import { describe, expect, it } from 'vitest'
import { findings, written } from './config-text.fixture.ts'
import { loadAgentConfig } from './load-agent-config.ts'
import { homeDevice } from './virtual-link-config.ts'

type Case = readonly [what: string, changes: Parameters<typeof written>[0], expected: readonly string[]]

const web2 = (more: string, on = 'eth0') =>
  `  - { name: web2, interface: ${on}, vrid: 52, addresses: [192.0.2.101/24], ${more} }`
const BOTH = '    addresses: [192.0.2.100/24, "fe80::100/64"]'

// biome-ignore format: one case a line
const cases: readonly Case[] = [
  ['ipvlan: true', { more: '    ipvlan: true' }, []],
  ['ipvlan: false', { more: '    ipvlan: false' }, []],
  ['all of it', { more: '    ipvlan: { name: front, address: 192.0.2.11/24, mode: vepa }' }, []],
  ['no map', { more: '    ipvlan: bridge' }, ['7:13 error wrong-type ipvlan must be true, false or a map, not "bridge" | for example { mode: bridge }']],
  ['an unknown mode', { more: '    ipvlan: { mode: l3 }' }, ['7:21 error bad-value mode must be bridge or private or vepa, not "l3"']],
  ['a name of 16 characters', { more: '    ipvlan: { name: abcdefghijklmnop }' }, ['7:21 error bad-value name must be the name of a network interface: 1 to 15 characters, no space, slash or colon, not "abcdefghijklmnop" | for example eth0']],
  ['a name too long with the 6 of IPv6', { addresses: BOTH, more: '    ipvlan: { name: abcdefghijklmno }' }, ['7:21 error ipvlan-name-too-long the device of the IPv6 addresses would be called abcdefghijklmno6; names have 15 characters at most | write a shorter name']],
  ['the name of the interface itself', { more: '    ipvlan: { name: eth0 }' }, ['7:21 error ipvlan-name-taken eth0 is the interface itself; the ipvlan is another device | write another name']],
  ['the name of another’s device', { more: `    ipvlan: true\n${web2('ipvlan: { name: vrrp.51 }')}` }, ['8:83 error ipvlan-name-taken the device vrrp.51 of ipvlan is already used by virtual router web | write ipvlan: { name: … } with a name of its own']],
  ['beside virtualMac', { more: '    virtualMac: { name: other }\n    ipvlan: true' }, ['8:13 error ipvlan-beside-virtual-mac the addresses are on one device: that of virtualMac, or that of ipvlan | remove one of the two']],
  ['virtualMac: false beside it', { more: '    virtualMac: false\n    ipvlan: true' }, []],
  ['the loopback interface', { interface: '    interface: lo', more: '    ipvlan: true' }, ['4:16 error ipvlan-interface lo has no Ethernet below it; an ipvlan needs an Ethernet interface | write an Ethernet interface']],
  ['an address that is none', { more: '    ipvlan: { address: 192.0.2 }' }, ['7:24 error bad-value address must be an IPv4 address with a prefix length, not "192.0.2" | for example 192.0.2.11/24']],
  ['an IPv6 address', { more: '    ipvlan: { address: "2001:db8::1/64" }' }, ['7:24 error bad-value address must be an IPv4 address with a prefix length, not "2001:db8::1/64" | for example 192.0.2.11/24']],
  ['an address that no host has', { more: '    ipvlan: { address: 224.0.0.1/24 }' }, ['7:24 error unusable-address 224.0.0.1 is a multicast address | write the address of a host']],
  ['the virtual address as its own', { more: '    ipvlan: { address: 192.0.2.100/24 }' }, ['7:24 error ipvlan-address 192.0.2.100 is a virtual address, which a backup does not have | write an address that is this node’s alone']],
  ['another’s address as its own', { more: `    ipvlan: { address: 192.0.2.101/24 }\n${web2('ipvlan: true')}` }, ['8:58 error duplicate-address the address 192.0.2.101 is already used by virtual router web | an address belongs to one virtual router, once']],
  ['an address where there is only IPv6', { addresses: '    addresses: ["fe80::100/64"]', more: '    ipvlan: { address: 192.0.2.11/24 }' }, ['7:24 error ipvlan-address 192.0.2.11 advertises nothing: IPv6 speaks from the link-local address of eth0 | remove ipvlan.address']],
  ['two sources', { more: '    ipvlan: { address: 192.0.2.11/24 }\n    sourceAddress: 192.0.2.12' }, ['8:20 error ipvlan-source advertisements come from ipvlan.address; sourceAddress is about an address of the interface | remove one of the two']],
  ['a source that is followed', { more: '    ipvlan: { address: 192.0.2.11/24 }\n    trackSourceAddress: true' }, ['8:25 error track-source trackSourceAddress follows sourceAddress, which is not written | write sourceAddress, or remove it', '8:25 error ipvlan-source advertisements come from ipvlan.address; trackSourceAddress is about an address of the interface | remove one of the two']],
  ['peers that speak to the interface', { more: '    ipvlan: { address: 192.0.2.11/24 }\n    unicast: { peers: [192.0.2.2] }' }, ['7:24 error ipvlan-unicast peers speak to the address of the interface; one of its own is for multicast | remove ipvlan.address']],
  ['peers, from the address of the interface', { more: '    ipvlan: true\n    unicast: { peers: [192.0.2.2] }' }, []],
  ['pairing from an address of its own', { more: '    ipvlan: { address: 192.0.2.11/24 }\n    pairing: { interval: 20ms }' }, ['8:14 warning ipvlan-pairing a router with an ipvlan.address of its own is not paired by BFD over IPv4 | remove pairing, or ipvlan.address']],
  ['two modes on one interface', { more: `    ipvlan: true\n${web2('ipvlan: { mode: private }')}` }, ['8:83 error ipvlan-mode all ipvlans of eth0 have one mode, and that of virtual router web is bridge | write ipvlan: { mode: bridge }, or change the other']],
  ['two modes on two interfaces', { more: `    ipvlan: true\n${web2('ipvlan: { mode: private }', 'eth1')}` }, []],
  ['a macvlan on the same interface', { more: `    ipvlan: true\n${web2('virtualMac: true')}` }, ['8:87 error ipvlan-beside-virtual-mac eth0 carries devices with a virtual MAC or ipvlans, and virtual router web has ipvlan | write the same for both']],
  ['a macvlan that was there first', { more: `    virtualMac: { interface: eth1 }\n${web2('ipvlan: true', 'eth1')}` }, ['8:83 error ipvlan-beside-virtual-mac eth1 carries devices with a virtual MAC or ipvlans, and virtual router web has virtualMac | write the same for both']],
]

describe('a config of ipvlans with a mistake', () => {
  it.each(cases)('%s', (_, changes, expected) => expect(findings(written(changes))).toEqual(expected))
})

function routers(changes: Parameters<typeof written>[0]) {
  const loaded = loadAgentConfig(written(changes))
  if (!('config' in loaded)) throw new Error(JSON.stringify(loaded.diagnostics))
  return loaded.config.virtualRouters
}

describe('a virtual router with ipvlan', () => {
  it('has a device for each family, in bridge mode, and no address of its own', () => {
    const ipvlans = routers({ addresses: BOTH, more: '    ipvlan: true' }).map(({ ipvlan }) => ipvlan)
    expect(ipvlans).toEqual([
      { name: 'vrrp.51', mode: 'bridge', address: null },
      { name: 'vrrp6.51', mode: 'bridge', address: null },
    ])
  })

  it('keepalived-and-vrrp.md §1.13: has a name, an address and a mode where they are written; the address is of IPv4', () => {
    const more = '    ipvlan: { name: front, address: 192.0.2.11/24, mode: private }'
    const all = routers({ addresses: BOTH, more })
    expect(all.map(({ ipvlan }) => ipvlan)).toEqual([
      { name: 'front', mode: 'private', address: { address: '192.0.2.11', prefixLength: 24 } },
      { name: 'front6', mode: 'private', address: null },
    ])
    // Only the family that speaks from it is without pairing.
    expect(all.map(({ pairing }) => pairing === null)).toEqual([true, false])
  })

  it('has its addresses there, but those that name another device', () => {
    const [router] = routers({ more: '    ipvlan: true' })
    if (router === undefined) throw new Error('no router')
    expect([homeDevice(router), homeDevice(router, 'eth0'), homeDevice(router, 'eth1')]).toEqual([
      'vrrp.51',
      'vrrp.51',
      'eth1',
    ])
  })
})
