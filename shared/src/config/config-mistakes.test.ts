import { describe, expect, it } from 'vitest'
import { findings, written } from './config-text.fixture.ts'
import { loadAgentConfig } from './load-agent-config.ts'

type Case = readonly [what: string, changes: Parameters<typeof written>[0], expected: readonly string[]]

// biome-ignore format: one case a line
const cases: readonly Case[] = [
  // Keys.
  ['an unknown key', { interface: '    interface: eth0\n    prioritty: 5' }, ['5:5 error unknown-key unknown key prioritty | did you mean priority?']],
  ['a misspelt key that must be there, once', { interface: '    interfce: eth0' }, ['4:5 error unknown-key unknown key interfce | did you mean interface?']],
  ['a key like none', { more: '    preempt: { delay: 3s, colour: blue }' }, ['7:27 error unknown-key unknown key colour | known here: delay']],
  ['a key inside preempt', { more: '    preempt: { dealy: 3s }' }, ['7:16 error unknown-key unknown key dealy | did you mean delay?']],
  ['a merge key', { more: '    <<: { priority: 3 }' }, ['7:5 error unknown-key YAML merge keys (<<) are not supported | write the keys out, or use an alias for one value']],
  ['virtualServers, which are for later', { more: 'virtualServers: []' }, ['7:1 error not-supported-yet virtualServers is not supported by this version yet | remove it']],
  ['no node', { node: '' }, ['1:1 error missing-key node is missing | add `node: lb1`']],
  ['no interface', { interface: '' }, ['3:5 error missing-key interface is missing | add `interface: eth0`']],
  ['no addresses', { addresses: '' }, ['3:5 error missing-key addresses is missing | add `addresses: [192.0.2.100/24]`']],
  // Units.
  ['an interval without a unit', { more: '    advertisementInterval: 100' }, ['7:28 error wrong-unit advertisementInterval is 100 without a unit | write 100ms or 100s']],
  ['an interval without a unit, quoted', { more: '    advertisementInterval: "0.1"' }, ['7:28 error wrong-unit advertisementInterval is 0.1 without a unit | write 0.1ms or 0.1s']],
  ['an unknown unit', { more: '    advertisementInterval: 100msec' }, ['7:28 error wrong-unit advertisementInterval is "100msec"; the units are ms, s, m, h and d, written right after the number | write 100ms']],
  ['a space before the unit', { more: '    advertisementInterval: 1 sec' }, ['7:28 error wrong-unit advertisementInterval is "1 sec"; the units are ms, s, m, h and d, written right after the number | write 1s']],
  ['no duration at all', { more: '    advertisementInterval: fast' }, ['7:28 error wrong-type advertisementInterval must be a duration, not "fast" | write a number and a unit, for example 1s']],
  ['a delay without a unit', { more: '    preempt: { delay: 30 }' }, ['7:23 error wrong-unit delay is 30 without a unit | write 30ms or 30s']],
  // VRID, priority, version.
  ['VRID 0', { vrid: '    vrid: 0' }, ['5:11 error out-of-range vrid must be a whole number from 1 to 255, not 0']],
  ['VRID 256', { vrid: '    vrid: 256' }, ['5:11 error out-of-range vrid must be a whole number from 1 to 255, not 256']],
  ['a fractional VRID', { vrid: '    vrid: 5.5' }, ['5:11 error out-of-range vrid must be a whole number from 1 to 255, not 5.5']],
  ['a quoted VRID', { vrid: '    vrid: "51"' }, ['5:11 error wrong-type vrid must be a whole number from 1 to 255, not "51" | write 51 without quotes']],
  ['no VRID', { vrid: '' }, ['3:5 error missing-key vrid is missing | add `vrid: NUMBER`']],
  ['priority 0', { more: '    priority: 0' }, ['7:15 error out-of-range priority must be a whole number from 1 to 255, not 0']],
  ['priority 256', { more: '    priority: 256' }, ['7:15 error out-of-range priority must be a whole number from 1 to 255, not 256']],
  ['version 4', { more: '    version: 4' }, ['7:14 error bad-value version must be 2 or 3, not 4']],
  ['a misspelt checksum', { more: '    checksum: psuedo-header' }, ['7:15 error bad-value checksum must be pseudo-header or message-only, not "psuedo-header" | did you mean pseudo-header?']],
  ['a checksum where it has no effect', { more: '    version: 2\n    checksum: message-only' }, ['8:15 warning checksum-version checksum has no effect on VRRP version 2 | remove it']],
  // What YAML makes of it.
  ['an octal-looking number', { vrid: '    vrid: 051' }, ['5:11 error ambiguous-number 051 does not mean the same number to every YAML reader | write 51, or "051" if it is text']],
  ['a number with an exponent', { more: '    priority: 1e2' }, ['7:15 error ambiguous-number 1e2 does not mean the same number to every YAML reader | write 100, or "1e2" if it is text']],
  ['a hexadecimal number', { vrid: '    vrid: 0x33' }, ['5:11 error ambiguous-number 0x33 does not mean the same number to every YAML reader | write 51, or "0x33" if it is text']],
  ['preempt: on', { more: '    preempt: on' }, ['7:14 error bad-value preempt must be true or false or { delay: 30s }, not "on" | write true without quotes']],
  ['preempt: "no"', { more: '    preempt: "no"' }, ['7:14 error bad-value preempt must be true or false or { delay: 30s }, not "no" | write false without quotes']],
  ['a name that is a number', { name: '  - name: 12' }, ['3:11 error wrong-type name must be text, not 12 | write it in quotes: "12"']],
  // Names.
  ['a node with a space', { node: 'node: lb 1' }, ['1:7 error bad-value node must be a name of 1 to 63 letters, digits, dots, hyphens and underscores that begins with a letter or digit, not "lb 1" | for example lb1']],
  ['an interface name Linux cannot have', { interface: '    interface: a-very-long-name0' }, ['4:16 error bad-value interface must be the name of a network interface: 1 to 15 characters, no space, slash or colon, not "a-very-long-name0" | for example eth0']],
  // Addresses.
  ['an empty list of addresses', { addresses: '    addresses: []' }, ['6:16 error no-address addresses is empty; a virtual router needs at least one address | for example [192.0.2.100/24]']],
  ['one address where a list belongs', { addresses: '    addresses: 192.0.2.1/24' }, ['6:16 error wrong-type addresses must be a list, not "192.0.2.1/24" | for example [192.0.2.100/24]']],
  ['a prefix too long', { addresses: '    addresses: [192.0.2.100/33]' }, ['6:17 error bad-value addresses must be an IP address with its prefix length, not "192.0.2.100/33" | for example 192.0.2.100/24']],
  ['an octet with a leading zero', { addresses: '    addresses: [192.0.2.010/24]' }, ['6:17 error bad-value addresses must be an IP address with its prefix length, not "192.0.2.010/24" | for example 192.0.2.100/24']],
  ['a multicast address', { addresses: '    addresses: [224.0.0.18/24]' }, ['6:17 error unusable-address 224.0.0.18 is a multicast address | write a unicast address']],
  ['a loopback address', { addresses: '    addresses: [192.0.2.1/24, 127.0.0.1]' }, ['6:31 error unusable-address 127.0.0.1 is a loopback address | write a unicast address']],
  ['IPv6 in version 2', { addresses: '    addresses: ["fe80::1/64"]', more: '    version: 2' }, ['7:14 error version-family VRRP version 2 carries IPv4 only | write version: 3']],
  ['a source of the other family', { more: '    sourceAddress: "2001:db8::1"' }, ['7:20 error mixed-families 2001:db8::1 is not of the family of the addresses']],
  ['a source no host can have', { more: '    sourceAddress: 255.255.255.255' }, ['7:20 error unusable-address 255.255.255.255 is a reserved or broadcast address | write a unicast address']],
  ['a source that is no address', { more: '    sourceAddress: eth0' }, ['7:20 error bad-value sourceAddress must be an IP address, not "eth0" | for example 192.0.2.11']],
  // Intervals.
  ['version 2 with a sub-second interval', { more: '    version: 2\n    advertisementInterval: 100ms' }, ['8:28 error interval-range advertisementInterval must be whole seconds from 1s to 255s in VRRP version 2, not 100ms | write 1s, or version: 3']],
  ['version 2 with a fractional interval', { more: '    version: 2\n    advertisementInterval: 1.5s' }, ['8:28 error interval-range advertisementInterval must be whole seconds from 1s to 255s in VRRP version 2, not 1.5s | write 2s, or version: 3']],
  ['version 2 with too long an interval', { more: '    version: 2\n    advertisementInterval: 5m' }, ['8:28 error interval-range advertisementInterval must be whole seconds from 1s to 255s in VRRP version 2, not 5m | write 255s']],
  ['version 3 between the steps', { more: '    advertisementInterval: 105ms' }, ['7:28 error interval-range advertisementInterval must be 10ms to 40.95s in steps of 10ms in VRRP version 3, not 105ms | write 110ms']],
  ['version 3 below 10 ms', { more: '    advertisementInterval: 5ms' }, ['7:28 error interval-range advertisementInterval must be 10ms to 40.95s in steps of 10ms in VRRP version 3, not 5ms | write 10ms']],
  ['version 3 above 40.95 s', { more: '    advertisementInterval: 41s' }, ['7:28 error interval-range advertisementInterval must be 10ms to 40.95s in steps of 10ms in VRRP version 3, not 41s | write 40.95s']],
  ['the longest of version 3', { more: '    advertisementInterval: 40.95s' }, []],
  ['the longest of version 2', { more: '    version: 2\n    advertisementInterval: 255s' }, []],
  ['30 ms, without a warning', { more: '    advertisementInterval: 30ms' }, []],
  ['20 ms, with a warning', { more: '    advertisementInterval: 20ms' }, ['7:28 warning short-interval advertisementInterval 20ms: a pause of 60ms on the active host is a failover | 30ms or more is safer on a busy host']],
  ['10 ms, with a stronger one', { more: '    advertisementInterval: 10ms' }, ['7:28 warning short-interval advertisementInterval 10ms: a pause of 30ms on the active host is a failover | 10ms is the shortest there is; use it only where the agent may run under SCHED_FIFO']],
  // Preemption, authentication.
  ['an owner that shall not preempt', { more: '    priority: 255\n    preempt: false' }, ['8:14 warning owner-preempts priority 255 owns the addresses and always preempts; preempt is ignored | remove preempt, or write a priority of 254 or less']],
  ['a preempt delay too long', { more: '    preempt: { delay: 1001s }' }, ['7:23 error out-of-range delay must be from 0s to 1000s, not 1001s']],
  ['a password in version 3', { more: '    authentication: { type: simple, password: s3cret }' }, ['7:21 error authentication-version VRRP version 3 has no authentication | remove it, or write version: 2']],
  ['a password of 9 bytes in 5 characters', { more: '    version: 2\n    authentication: { type: simple, password: "éééé1" }' }, ['8:47 error password-too-long password is 9 bytes long; VRRP version 2 carries 8 at most | shorten it on every router of the group']],
  ['a password that YAML reads as a number', { more: '    version: 2\n    authentication: { type: simple, password: 12345678 }' }, ['8:47 error wrong-type password must be text, not 12345678 | write it in quotes: "12345678"']],
  ['an empty password', { more: '    version: 2\n    authentication: { type: simple, password: "" }' }, ['8:47 error bad-value password must be text of 1 to 8 bytes, not "" | for example s3cret']],
  ['a type of authentication that is none', { more: '    version: 2\n    authentication: { type: AH, password: x }' }, ['8:29 error bad-value type must be simple or ah, not "AH" | did you mean ah?']],
  // What two routers may not share.
  ['a VRID twice on an interface', { more: '  - { name: b, interface: eth0, vrid: 51, addresses: [192.0.2.101/24] }' }, ['7:39 error duplicate-vrid vrid 51 on eth0 is already used by virtual router web | routers on one LAN need different VRIDs']],
  ['a name twice', { more: '  - { name: web, interface: eth0, vrid: 52, addresses: [192.0.2.101/24] }' }, ['7:13 error duplicate-name the name web is already used by another virtual router | give each its own name']],
  ['an address in two routers', { more: '  - { name: b, interface: eth1, vrid: 52, addresses: [192.0.2.100/32] }' }, ['7:55 error duplicate-address the address 192.0.2.100 is already used by virtual router web | an address belongs to one virtual router, once']],
  ['an address twice in one router', { addresses: '    addresses: [192.0.2.100/24, 192.0.2.100/32]' }, ['6:33 error duplicate-address the address 192.0.2.100 is already used by another virtual router | an address belongs to one virtual router, once']],
  ['no virtual router at all', { list: 'virtualRouters: []', name: '', interface: '', vrid: '', addresses: '' }, ['2:17 warning no-virtual-router virtualRouters is empty; this node takes part in none']],
]

describe('a config with a mistake', () => {
  it.each(cases)('%s', (_, changes, expected) => expect(findings(written(changes))).toEqual(expected))

  it('reports everything wrong at once, in the order of the file', () => {
    const text = written({ node: 'node: 7', vrid: '    vrid: 0', more: '    priority: high\n  - 5' })
    expect(findings(text).map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      '1:7 error wrong-type',
      '5:11 error out-of-range',
      '7:15 error wrong-type',
      '8:5 error wrong-type',
    ])
  })

  it('reports what depends on two keys where it stands, not after the rest', () => {
    const text = written({ more: '    advertisementInterval: 5ms\ncolour: blue' })
    expect(findings(text).map((line) => line.split(' ')[2])).toEqual(['interval-range', 'unknown-key'])
  })

  it('points through an alias at what the anchor holds', () => {
    const more =
      '    priority: &p 300\n  - { name: b, interface: eth1, vrid: 51, addresses: [192.0.2.101/24], priority: *p }'
    expect(findings(written({ more })).map((line) => line.split(' ')[0])).toEqual(['7:18', '8:82'])
  })

  it('gives the path of each finding', () => {
    const loaded = loadAgentConfig(written({ addresses: '    addresses: [192.0.2.1/24, nonsense]' }))
    expect('diagnostics' in loaded && loaded.diagnostics.map(({ path }) => path)).toEqual([
      'virtualRouters[0].addresses[1]',
    ])
  })

  it('is still a refusal when a router is beside a sound one', () => {
    const more = '  - { name: b, interface: eth0, vrid: 51, addresses: [10.0.0.1/24], prority: 3 }'
    expect(findings(written({ more })).map((line) => line.split(' ')[2])).toEqual(['unknown-key'])
  })
})
