/**
 * keepalived-and-vrrp.md §1.5, "derived/validation rules": what keepalived changes or ignores by itself is told here, each by
 * a code of its own. Rules that are tests elsewhere have their rows in docs/KNOBS.md.
 */
import { describe, expect, it } from 'vitest'
import { findings, written } from './config-text.fixture.ts'

// biome-ignore format: one case a line is a table
const cases: [what: string, changes: Parameters<typeof written>[0], expected: string[]][] = [
  ['state MASTER with nopreempt', { more: '    state: MASTER\n    nopreempt: true' }, ['7:5 error keepalived-state state is a word of keepalived’s | leave it out: priority decides who is active, and 255 owns the addresses and begins as active', '8:5 error keepalived-nopreempt nopreempt is a word of keepalived’s | write preempt: false']],
  ['preempt_delay with nopreempt', { more: '    preempt: false\n    preempt_delay: 30s' }, ['8:5 error keepalived-preempt-delay preempt_delay is a word of keepalived’s | write preempt: { delay: 30s }; it stands in the place of preempt: false, not beside it']],
  ['priority 255 with nopreempt', { more: '    priority: 255\n    preempt: false' }, ['8:14 warning owner-preempts priority 255 owns the addresses and always preempts; preempt is ignored | remove preempt, or write a priority of 254 or less']],
  ['priority 255 with a delay', { more: '    priority: 255\n    preempt: { delay: 3s }' }, ['8:14 warning owner-preempts priority 255 owns the addresses and always preempts; preempt is ignored | remove preempt, or write a priority of 254 or less']],
  ['state MASTER, not the owner, strict', { more: '    strict: true\n    state: MASTER' }, ['8:5 error keepalived-state state is a word of keepalived’s | leave it out: priority decides who is active, and 255 owns the addresses and begins as active']],
  ['AH over IPv6 in version 2', { addresses: '    addresses: ["fe80::100/64"]', more: '    version: 2\n    authentication: { type: ah, password: x }' }, ['7:14 error version-family VRRP version 2 carries IPv4 only | write version: 3']],
  ['AH with state MASTER', { more: '    version: 2\n    authentication: { type: ah, password: x }\n    state: MASTER' }, ['9:5 error keepalived-state state is a word of keepalived’s | leave it out: priority decides who is active, and 255 owns the addresses and begins as active']],
  ['the loopback interface, multicast', { interface: '    interface: lo' }, ['4:16 error loopback-interface lo reaches no other router; every node would be active | write the interface of the LAN']],
  ['the loopback interface, unicast', { interface: '    interface: lo', more: '    unicast: { peers: [192.0.2.12] }' }, ['4:16 error loopback-interface lo reaches no other router; every node would be active | write the interface of the LAN']],
  ['unicast without an interface', { interface: '', more: '    sourceAddress: 192.0.2.11\n    unicast: { peers: [192.0.2.12] }' }, ['3:5 error missing-key interface is missing | add `interface: eth0`']],
  ['one VRID, disjoint peers', { more: '    unicast: { peers: [192.0.2.12] }\n  - { name: b, interface: eth0, vrid: 51, addresses: [192.0.2.101/24], unicast: { peers: [192.0.2.13] } }' }, []],
  ['one VRID, a peer in common', { more: '    unicast: { peers: [192.0.2.12] }\n  - { name: b, interface: eth0, vrid: 51, addresses: [192.0.2.101/24], unicast: { peers: [192.0.2.12] } }' }, ['8:39 error duplicate-vrid vrid 51 on eth0 with peer 192.0.2.12 is already used by virtual router web | routers on one LAN need different VRIDs']],
  ['no_virtual_ipaddress', { addresses: '', more: '    addresses: []\n    no_virtual_ipaddress: true' }, ['6:16 error no-address addresses is empty; a virtual router needs at least one address | for example [192.0.2.100/24]', '7:5 error keepalived-no-virtual-ipaddress no_virtual_ipaddress is a word of keepalived’s | leave it out: a virtual router has at least one address']],
]

describe('keepalived-and-vrrp.md §1.5: a derived rule', () => {
  it.each(cases)('%s', (_, changes, expected) => expect(findings(written(changes))).toEqual(expected))

  it('a word of keepalived’s in a list that has none of its own', () => {
    const more = 'bfd: [{ name: core1, neighbor: 192.0.2.1, state: MASTER }]'
    expect(findings(written({ more }))[0]).toMatch(/unknown-key unknown key state/)
  })
})
