import { describe, expect, it } from 'vitest'
import { findings, written } from './config-text.fixture.ts'
import { loadAgentConfig } from './load-agent-config.ts'
import { homeDevice } from './virtual-link-config.ts'

type Case = readonly [what: string, changes: Parameters<typeof written>[0], expected: readonly string[]]

const web2 = (more: string, vrid = 51) =>
  `  - { name: web2, interface: eth1, vrid: ${vrid}, addresses: [192.0.2.101/24], ${more} }`

// biome-ignore format: one case a line
const cases: readonly Case[] = [
  ['virtualMac: true', { more: '    virtualMac: true' }, []],
  ['virtualMac, no map', { more: '    virtualMac: 51' }, ['7:17 error wrong-type virtualMac must be true, false or a map, not 51 | for example { name: vrrp.51 }']],
  ['a name of 16 characters', { more: '    virtualMac: { name: abcdefghijklmnop }' }, ['7:25 error bad-value name must be the name of a network interface: 1 to 15 characters, no space, slash or colon, not "abcdefghijklmnop" | for example eth0']],
  ['a name too long with the 6 of IPv6', { addresses: '    addresses: [192.0.2.100/24, "fe80::100/64"]', more: '    virtualMac: { name: abcdefghijklmno }' }, ['7:25 error virtual-mac-name-too-long the device of the IPv6 addresses would be called abcdefghijklmno6; names have 15 characters at most | write a shorter name']],
  ['the name of the interface itself', { more: '    virtualMac: { name: eth0 }' }, ['7:25 error virtual-mac-name-taken eth0 is the interface itself; the device with the virtual MAC is another | write another name']],
  ['one VRID on two interfaces: one name for two devices', { more: `    virtualMac: true\n${web2('virtualMac: true')}` }, ['8:87 error virtual-mac-name-taken the device vrrp.51 of virtualMac is already used by virtual router web | write virtualMac: { name: … } with a name of its own']],
  ['the same with a name of its own', { more: `    virtualMac: true\n${web2('virtualMac: { name: other }')}` }, []],
  ['one MAC address twice on an interface', { more: `    virtualMac: { address: "02:00:00:00:00:01" }\n${web2('virtualMac: { interface: eth0, address: "02:00:00:00:00:01" }', 52)}` }, ['8:87 error virtual-mac-address-taken the MAC address 02:00:00:00:00:01 on eth0 is already used by virtual router web | an interface takes each MAC address once']],
  ['a MAC address that is none', { more: '    virtualMac: { address: "02:00:00:00:01" }' }, ['7:28 error bad-value address must be a MAC address, not "02:00:00:00:01" | for example 02:00:5e:00:01:33']],
  ['a group address as MAC address', { more: '    virtualMac: { address: "01:00:5e:00:00:12" }' }, ['7:28 error virtual-mac-address 01:00:5e:00:00:12 is no MAC address a host may have | write one whose first byte is even, for example 02:00:5e:00:01:33']],
  ['one MAC address for two families', { addresses: '    addresses: [192.0.2.100/24, "fe80::100/64"]', more: '    virtualMac: { address: "02:00:00:00:00:01" }' }, ['7:28 error virtual-mac-families address would be that of two devices, one for each family; an interface takes each MAC address once | remove address, or write a virtual router for each family']],
  ['the loopback interface', { interface: '    interface: lo', more: '    virtualMac: true' }, ['4:16 error virtual-mac-interface lo has no Ethernet below it; a virtual MAC needs an Ethernet interface | write an Ethernet interface']],
  ['the loopback interface below', { more: '    virtualMac: { interface: lo }' }, ['7:30 error virtual-mac-interface lo has no Ethernet below it; a virtual MAC needs an Ethernet interface | write an Ethernet interface']],
  ['an unknown way to transmit', { more: '    virtualMac: { transmitFrom: bas }' }, ['7:33 error bad-value transmitFrom must be virtual or base, not "bas" | did you mean base?']],
  ['nothing that keeps the switches informed', { more: '    virtualMac: { transmitFrom: base }' }, ['7:33 warning virtual-mac-silent nothing leaves from the virtual MAC while the router is active; switches forget where it is | write announcements: { refresh: 60s }, or less than the switches’ ageing time']],
  ['unicast, which leaves from the interface', { more: '    virtualMac: true\n    unicast: { peers: [192.0.2.2] }' }, ['7:17 warning virtual-mac-unicast advertisements to peers leave with the MAC address of the interface, not the virtual one | write virtualMac: { transmitFrom: base } to say that it is meant']],
  ['unicast, and said so', { more: '    virtualMac: { transmitFrom: base }\n    unicast: { peers: [192.0.2.2] }' }, []],
  ['strict with the RFC’s MAC address', { more: '    virtualMac: true\n    strict: true' }, []],
  ['strict with another', { more: '    virtualMac: { address: "02:00:00:00:00:01" }\n    strict: true' }, ['7:28 error strict-virtual-mac-address strict: the MAC address is the one RFC 9568 gives the VRID | remove virtualMac.address, or write strict: false']],
  ['strict, from the interface', { more: '    virtualMac: { transmitFrom: base }\n    strict: true\n    announcements: { refresh: 60s }' }, ['7:33 error strict-transmit-from strict: advertisements carry the virtual MAC address | remove virtualMac.transmitFrom, or write strict: false']],
  ['strict, accepting', { more: '    accept: true\n    strict: true' }, ['7:13 error strict-accept strict: only the owner of the addresses accepts packets to them | remove accept, or write strict: false']],
  ['an owner that shall not accept', { more: '    priority: 255\n    accept: false' }, ['8:13 warning owner-accepts priority 255 owns the addresses and always accepts packets to them; accept is ignored | remove accept, or write a priority of 254 or less']],
  ['a table of no name', { more: 'firewall: { table: 5x }' }, ['7:20 error bad-value table must be the name of an nftables table: a letter, then letters, digits, and _ / . -, not "5x" | for example aloft']],
]

describe('a config of virtual links with a mistake', () => {
  it.each(cases)('%s', (_, changes, expected) => expect(findings(written(changes))).toEqual(expected))
})

function routers(changes: Parameters<typeof written>[0]) {
  const loaded = loadAgentConfig(written(changes))
  if (!('config' in loaded)) throw new Error(JSON.stringify(loaded.diagnostics))
  return loaded.config.virtualRouters
}

describe('a virtual router', () => {
  it('RFC 9568 §7.3: has 00:00:5e:00:01:VRID for IPv4, 00:00:5e:00:02:VRID for IPv6, each on a device of its own', () => {
    const addresses = '    addresses: [192.0.2.100/24, "fe80::100/64"]'
    expect(routers({ addresses, more: '    virtualMac: true' }).map(({ virtualMac }) => virtualMac)).toEqual([
      {
        name: 'vrrp.51',
        address: '00:00:5e:00:01:33',
        parent: 'eth0',
        transmitFrom: 'virtual',
        onOtherInterfaces: false,
      },
      {
        name: 'vrrp6.51',
        address: '00:00:5e:00:02:33',
        parent: 'eth0',
        transmitFrom: 'virtual',
        onOtherInterfaces: false,
      },
    ])
    const named = routers({ addresses, more: '    virtualMac: { name: front }' })
    expect(named.map(({ virtualMac }) => virtualMac?.name)).toEqual(['front', 'front6'])
  })

  it('keepalived-and-vrrp.md §1.5: vmac_xmit_base is forced with unicast', () => {
    const [router] = routers({ more: '    virtualMac: true\n    unicast: { peers: [192.0.2.2] }' })
    expect(router?.virtualMac?.transmitFrom).toBe('base')
  })

  it.each([
    ['', true],
    ['    accept: false', false],
    ['    strict: true', false],
    ['    priority: 255\n    strict: true', true],
    ['    priority: 255\n    accept: false', true],
  ])('RFC 9568 §6.1: with %j accepts: %s', (more, accept) => {
    expect(routers({ more })[0]?.accept).toBe(accept)
  })

  it('keepalived-and-vrrp.md §1.5: use_vmac_addr: addresses on other interfaces are on devices of their own there', () => {
    const [plain] = routers({ more: '    virtualMac: true' })
    const [everywhere] = routers({ more: '    virtualMac: { onOtherInterfaces: true }' })
    if (plain === undefined || everywhere === undefined) throw new Error('no router')
    expect([homeDevice(plain), homeDevice(plain, 'eth0'), homeDevice(plain, 'eth1')]).toEqual([
      'vrrp.51',
      'vrrp.51',
      'eth1',
    ])
    expect(homeDevice(everywhere, 'eth1')).toBe('vrrp.51.eth1')
    const long = [homeDevice(everywhere, 'enp129s0f0np0'), homeDevice(everywhere, 'enp129s0f1np1')]
    expect(new Set(long).size).toBe(2)
    for (const name of long) expect(name.length).toBeLessThanOrEqual(15)
  })
})
