import { describe, expect, it } from 'vitest'
import { findings, written } from './config-text.fixture.ts'

type Case = readonly [what: string, more: string, expected: readonly string[]]

// biome-ignore format: one case a line
const cases: readonly Case[] = [
  // keepalived-and-vrrp.md §1.6
  ['a label of an IPv6 address', '    excludedAddresses: [{ address: "2001:db8::1/64", label: "eth0:1" }]', ['7:61 error label-family label is of IPv4 addresses only; 2001:db8::1 is IPv6 | remove it']],
  ['a scope of an IPv6 address', '    excludedAddresses: [{ address: "2001:db8::1/64", scope: link }]', ['7:61 error scope-family scope is of IPv4 addresses only; 2001:db8::1 is IPv6 | remove it']],
  ['a broadcast of an IPv6 address', '    excludedAddresses: [{ address: "2001:db8::1/64", broadcast: + }]', ['7:65 error broadcast-family broadcast is of IPv4 addresses only; 2001:db8::1 is IPv6 | remove it']],
  ['dad for an IPv4 address', '    excludedAddresses: [{ address: 192.0.2.7/24, dad: true }]', ['7:55 error dad-family dad is of IPv6 addresses only; 192.0.2.7 is IPv4 | remove it']],
  ['home for an IPv4 address', '    excludedAddresses: [{ address: 192.0.2.7/24, home: true }]', ['7:56 error home-family home is of IPv6 addresses only; 192.0.2.7 is IPv4 | remove it']],
  ['mngtmpaddr for an IPv4 address', '    excludedAddresses: [{ address: 192.0.2.7/24, mngtmpaddr: true }]', ['7:62 error mngtmpaddr-family mngtmpaddr is of IPv6 addresses only; 192.0.2.7 is IPv4 | remove it']],
  ['a label of another interface', '    excludedAddresses: [{ address: 192.0.2.7/24, label: "eth1:1" }]', ['7:57 error label-device label eth1:1 does not begin with the interface, eth0 | write eth0:NAME']],
  ['a label of the interface it is on', '    excludedAddresses: [{ address: 192.0.2.7/24, label: "eth1:1", device: eth1 }]', []],
  ['a peer of the other family', '    excludedAddresses: [{ address: 192.0.2.7/24, peer: "2001:db8::1/128" }]', ['7:56 error mixed-families 2001:db8::1 is not of the family of 192.0.2.7']],
  ['a broadcast of the other family', '    excludedAddresses: [{ address: 192.0.2.7/24, broadcast: "2001:db8::1" }]', ['7:61 error mixed-families 2001:db8::1 is not of the family of 192.0.2.7']],
  ['an excluded address no host can have', '    excludedAddresses: [224.0.0.5]', ['7:25 error unusable-address 224.0.0.5 is a multicast address | write a unicast address']],
  ['a multicast group to join', '    excludedAddresses: [{ address: 224.0.0.5, autojoin: true }]', []],
  ['an address in both lists', '    excludedAddresses: [192.0.2.100/24]', ['7:25 error duplicate-address the address 192.0.2.100 is already used by another virtual router | an address belongs to one virtual router, once']],
  ['an unknown key of an address', '    excludedAddresses: [{ address: 192.0.2.7/24, lable: x }]', ['7:50 error unknown-key unknown key lable | did you mean label?']],
  ['an excluded address of the other family', '    excludedAddresses: ["2001:db8::1/64"]', []],
  // §1.7, routes
  ['a route to nowhere', '    routes: [{ to: 198.51.100.0/24 }]', ['7:20 error route-target the route does not say where to | write via, device or nexthops']],
  ['a blackhole by way of a gateway', '    routes: [{ to: 198.51.100.0/24, type: blackhole, via: 192.0.2.254 }]', ['7:43 error route-type a blackhole route leads nowhere; it has no via, device or nexthops | remove them']],
  ['via beside nexthops', '    routes: [{ to: 198.51.100.0/24, via: 192.0.2.254, nexthops: [{ via: 192.0.2.253 }] }]', ['7:65 error route-nexthops nexthops stand instead of via and device | write all of them under nexthops']],
  ['an IPv4 gateway of an IPv6 route', '    routes: [{ to: "2001:db8:1::/48", via: 192.0.2.254 }]', ['7:44 error mixed-families an IPv6 route has no IPv4 gateway 192.0.2.254']],
  ['an IPv6 gateway of an IPv4 route', '    routes: [{ to: 198.51.100.0/24, via: "fe80::1", device: eth0 }]', []],
  ['a source of the other family', '    routes: [{ to: 198.51.100.0/24, device: eth0, source: "2001:db8::1" }]', ['7:59 error mixed-families 2001:db8::1 is not of the family of the route']],
  ['expires of an IPv4 route', '    routes: [{ to: 198.51.100.0/24, device: eth0, expires: 300s }]', ['7:60 error expires-family expires is of IPv6 routes only | remove it']],
  ['a preference of an IPv4 route', '    routes: [{ to: 198.51.100.0/24, device: eth0, preference: high }]', ['7:63 error preference-family preference is of IPv6 routes only | remove it']],
  ['a route twice', '    routes: [{ to: 198.51.100.0/24, device: eth0 }, { to: 198.51.100.0/24, via: 192.0.2.254 }]', ['7:53 error duplicate-route it is the same as the route at place 1 | remove one, or give them different metrics']],
  ['a route twice with two metrics', '    routes: [{ to: 198.51.100.0/24, device: eth0 }, { to: 198.51.100.0/24, via: 192.0.2.254, metric: 9 }]', []],
  ['an unknown type of route', '    routes: [{ to: 198.51.100.0/24, type: blakhole }]', ['7:43 error bad-value type must be unicast or local or broadcast or anycast or multicast or blackhole or unreachable or prohibit or throw, not "blakhole" | did you mean blackhole?']],
  ['an encapsulation, which is left out', '    routes: [{ to: 198.51.100.0/24, device: eth0, encapsulation: {} }]', ['7:51 error not-supported encapsulation (encap ip, ip6, mpls) is not built into Aloft | make a tunnel interface, and write its name as device']],
  // §1.7, rules
  ['a rule without a target', '    rules: [{ from: 192.0.2.100 }]', ['7:13 error rule-target the rule does not say what to do | write one of table, goto, action and l3mdev']],
  ['a rule with two targets', '    rules: [{ from: 192.0.2.100, table: 7, action: nop }]', ['7:13 error rule-target the rule says several things to do | write one of table, goto, action and l3mdev']],
  ['a goto backwards', '    rules: [{ from: 192.0.2.100, priority: 900, goto: 800 }]', ['7:55 error rule-goto goto 800 does not lead onward from priority 900 | write a larger number']],
  ['a rule of both families', '    rules: [{ from: 192.0.2.100, to: "2001:db8::/32", table: 7 }]', ['7:38 error mixed-families 2001:db8::/32 is not of the family of 192.0.2.100']],
  ['a range of ports backwards', '    rules: [{ sourcePorts: 2000-1000, table: 7 }]', ['7:28 error bad-range sourcePorts ends before it begins']],
  ['a rule twice', '    rules: [{ from: 192.0.2.100, table: 7, priority: 5 }, { from: 192.0.2.100, table: 7, priority: 5 }]', ['7:59 error duplicate-rule it is the same as the rule at place 1 | remove one, or give them different metrics']],
  ['a priority of the kernel’s own', '    rules: [{ from: 192.0.2.100, table: 7, priority: 32766 }]', ['7:54 error out-of-range priority must be a whole number from 1 to 32765, not 32766']],
  // static, lease, whenLost
  ['a static address without a device', 'static: { addresses: [{ address: 192.0.2.9/24 }] }', ['7:23 error missing-key device is missing | add `device: eth0`']],
  ['a static route of an unknown router', 'static: { routes: [{ to: 198.51.100.0/24, device: eth0, withRouters: [wbe] }] }', ['7:71 error unknown-router there is no virtual router wbe | name one of virtualRouters']],
  ['a static route of a router', 'static: { routes: [{ to: 198.51.100.0/24, device: eth0, withRouters: [web] }] }', []],
  ['a lease that is no switch', '    lease: 2s', ['7:12 error bad-value lease must be true or false, not "2s"']],
  ['an unknown answer to a loss', '    whenLost: re-elect', ['7:15 error bad-value whenLost must be mend or reelect, not "re-elect" | did you mean reelect?']],
]

describe('holdings with a mistake', () => {
  it.each(cases)('%s', (_, more, expected) => expect(findings(written({ more }))).toEqual(expected))

  it('keepalived-and-vrrp.md §1.5: more than 255 addresses are a warning, at the first that is not advertised', () => {
    const many = Array.from({ length: 257 }, (_, i) => `10.0.${i >> 8}.${i & 255}/32`).slice(0)
    const usable = many.map((each) => each.replace('10.0.0.0/32', '10.0.9.9/32'))
    const [found, ...others] = findings(written({ addresses: `    addresses: [${usable.join(', ')}]` }))
    expect(found).toMatch(
      /^6:\d+ warning too-many-addresses an advertisement has room for 255 IPv4 addresses; 2 from here on are held, and not advertised/,
    )
    expect(others).toEqual([])
  })
})
