import { describe, expect, it } from 'vitest'
import { findings, written } from './config-text.fixture.ts'
import { loadAgentConfig } from './load-agent-config.ts'

type Case = readonly [what: string, text: string, expected: readonly string[]]

const session = (more: string, ends = 'neighbor: 192.0.2.1') => `bfd: [{ name: core1, ${ends}, ${more} }]`

// biome-ignore format: one case a line
const cases: readonly Case[] = [
  ['minTx of nothing', session('minTx: 0ms'), ['bfd-interval-range minTx must be from 1ms to 1000s, not 0ms']],
  ['minRx beyond what is useful', session('minRx: 11s'), ['bfd-slow minRx 11s: a dead neighbour goes unnoticed for long']],
  ['minRx beyond the range', session('minRx: 1h'), ['bfd-interval-range minRx must be from 1ms to 1000s, not 1h']],
  ['idleTx below a second', session('idleTx: 500ms'), ['bfd-idle-range idleTx must be from 1s to 1000s, not 500ms']],
  ['a slow idleTx', session('idleTx: 30s'), ['bfd-idle-slow idleTx 30s: a neighbour that comes back waits as long for its session']],
  ['a high multiplier', session('multiplier: 11'), ['bfd-multiplier-high multiplier 11: the neighbour gives up on us after 11 intervals of silence']],
  ['multiplier 0', session('multiplier: 0'), ['out-of-range multiplier must be a whole number from 1 to 255, not 0']],
  ['a neighbour that is no host', session('minTx: 50ms', 'neighbor: 224.0.0.1'), ['bfd-neighbor 224.0.0.1 is no address of a host']],
  ['a source of the other family', session('source: "2001:db8::1"'), ['bfd-families source 2001:db8::1 and neighbor 192.0.2.1 are of different families']],
  ['ourselves as a neighbour', session('source: 192.0.2.1'), ['bfd-own-neighbor 192.0.2.1 is on both ends']],
  ['a link-local neighbour of no interface', session('minTx: 50ms', 'neighbor: "fe80::1"'), ['bfd-interface-missing fe80::1 is link-local: every interface has such neighbours']],
  ['a TTL in a single hop', session('ttl: 64'), ['bfd-single-hop-ttl ttl must be 255 in a single hop (RFC 5881 §5), not 64']],
  ['hops in a single hop', session('maxHops: 2'), ['bfd-max-hops maxHops has no meaning in a single hop']],
  ['an interface for many hops', session('multihop: true, interface: eth0'), ['bfd-multihop-interface a multihop session is bound to no interface']],
  ['many hops to a link-local neighbour', session('multihop: true', 'neighbor: "fe80::1"'), ['bfd-interface-missing fe80::1 is link-local: every interface has such neighbours', 'bfd-multihop-link-local fe80::1 is not to be reached over routers']],
  ['a name twice', 'bfd: [{ name: core1, neighbor: 192.0.2.1 }, { name: core1, neighbor: 192.0.2.9 }]', ['duplicate-bfd-name the name core1 is already there']],
  ['a session twice', 'bfd: [{ name: core1, neighbor: 192.0.2.1 }, { name: core2, neighbor: 192.0.2.1 }]', ['duplicate-bfd-session the session with 192.0.2.1 is already there']],
  ['an unknown key', session('echo: true'), ['unknown-key unknown key echo']],
  ['no neighbour', 'bfd: [{ name: core1 }]', ['missing-key neighbor is missing']],
  ['pairing faster than sense', '    pairing: { interval: 1ms }', ['pairing-interval-range interval must be from 5ms to 1s, not 1ms']],
  ['pairing slower than the advertisements', '    pairing: { interval: 1s, multiplier: 4 }', ['pairing-slow pairing notices a dead active after 4s, advertisements sooner']],
  ['pairing: on', '    pairing: on', ['bad-value pairing must be true or false or { interval: 50ms, multiplier: 3 }, not "on"']],
]

describe('mistakes in what a config says of BFD', () => {
  it.each(cases)('%s', (_what, more, expected) => {
    const told = findings(written({ more })).map((line) =>
      line.replace(/^\d+:\d+ (error|warning) /, '').replace(/ \|.*$/, ''),
    )
    expect(told).toEqual(expected)
  })
})

describe('what a config may say of BFD', () => {
  it('keepalived-and-vrrp.md §1.10: a session has defaults for all but its name and neighbour', () => {
    const loaded = loadAgentConfig(written({ more: 'bfd: [{ name: core1, neighbor: 192.0.2.1 }]' }))
    expect('config' in loaded && loaded.config.bfd).toEqual([
      {
        ...{ name: 'core1', neighbor: '192.0.2.1', source: null, interface: null },
        ...{ minTxMs: 50, minRxMs: 50, idleTxMs: 1_000, multiplier: 3 },
        ...{ passive: false, multihop: false, ttl: 255, maxHops: null },
      },
    ])
  })

  it.each([
    ['', { intervalMs: 50, multiplier: 3 }],
    ['    pairing: false', null],
    ['    pairing: { interval: 20ms }', { intervalMs: 20, multiplier: 3 }],
  ])('pairing is on by itself, and can be timed or switched off: %j', (more, expected) => {
    const loaded = loadAgentConfig(written({ more }))
    expect('config' in loaded && loaded.config.virtualRouters[0]?.pairing).toEqual(expected)
  })
})
