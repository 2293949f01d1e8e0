import { ANNOUNCEMENT_DEFAULTS } from '@aloft/shared/config/announcements-config'
import type { Prefix } from '@aloft/shared/network/prefix'
import { describe, expect, it } from 'vitest'
import { address, prefix, routerConfig } from '../../vrrp/examples.test.support.ts'
import { Announcer, type Pacing } from './announcer.ts'

const T = 1_000_000
const ONCE = { ...ANNOUNCEMENT_DEFAULTS, repeat: 1, delayMs: 0 }

/** An announcer with a clock, and each frame it sent as `+ms interface address`. */
function listening(pacing?: Pacing) {
  const sent: string[] = []
  const world = { now: T }
  const announcer = new Announcer({
    announce(name: string, addresses: readonly Prefix[]) {
      for (const { address } of addresses) sent.push(`+${round(world.now - T)} ${name} ${address}`)
    },
  })
  if (pacing) announcer.setPacing(pacing)
  const advance = (ms: number) => {
    const until = world.now + ms
    for (let at = announcer.dueAt(); at !== null && at <= until; at = announcer.dueAt()) {
      world.now = Math.max(world.now, at)
      announcer.ring(world.now)
    }
    world.now = until
  }
  return { announcer, sent, advance, take: () => sent.splice(0) }
}

const round = (ms: number) => Math.round(ms * 1000) / 1000

describe('a takeover', () => {
  it('sends the first announcement of each address within it, and no other', () => {
    const { announcer, take } = listening()
    announcer.announce(
      routerConfig({ addresses: [prefix('192.0.2.100/24'), prefix('192.0.2.101/24')] }),
      'became-active',
      T,
    )
    expect(take()).toEqual(['+0 eth0 192.0.2.100', '+0 eth0 192.0.2.101'])
  })

  it('sends five of each address at first, and five of each after five seconds', () => {
    const { announcer, take, advance } = listening()
    announcer.announce(routerConfig(), 'became-active', T)
    advance(4_999)
    expect(take().map((line) => line.split(' ')[0])).toEqual(['+0', '+0', '+0', '+52', '+100'])
    advance(60_000)
    expect(take().map((line) => line.split(' ')[0])).toEqual(Array(5).fill('+5000'))
  })

  it('of a thousand addresses spreads the repeats, so that no alarm sends more than its budget', () => {
    const { announcer, advance, take } = listening()
    const addresses = Array.from({ length: 1000 }, (_, i) => prefix(`10.0.${i >> 8}.${i & 255}/16`))
    announcer.announce(routerConfig({ addresses }), 'became-active', T)
    expect(take()).toHaveLength(1000)
    advance(4_000)
    const sent = take()
    expect(sent).toHaveLength(4_000)
    const perMoment = new Map<string, number>()
    for (const line of sent) {
      const at = line.split(' ')[0] ?? ''
      perMoment.set(at, (perMoment.get(at) ?? 0) + 1)
    }
    expect(Math.max(...perMoment.values())).toBe(256)
  })

  it('that ends before all was announced says nothing more: it would not be true', () => {
    const { announcer, advance, take } = listening({
      interfaces: [{ name: 'eth0', arpIntervalMs: 10, neighborAdvertisementIntervalMs: 0 }],
      announcementGroups: [],
    })
    announcer.announce(routerConfig(), 'became-active', T)
    advance(15)
    take()
    announcer.silence(routerConfig())
    advance(60_000)
    expect(take()).toEqual([])
    expect(announcer.dueAt()).toBeNull()
  })

  it('garp_extra_if: is announced on the additional interfaces as well', () => {
    const { announcer, take } = listening()
    announcer.announce(routerConfig({ announcements: { ...ONCE, alsoOn: ['eth1'] } }), 'became-active', T)
    expect(take()).toEqual(['+0 eth0 192.0.2.100', '+0 eth1 192.0.2.100'])
  })

  it('garp_extra_if with a period: repeats there alone', () => {
    const { announcer, advance, take } = listening()
    announcer.announce(
      routerConfig({ announcements: { ...ONCE, alsoOn: ['eth1'], alsoOnIntervalMs: 1_000 } }),
      'became-active',
      T,
    )
    take()
    advance(2_000)
    expect(take()).toEqual(['+1000 eth1 192.0.2.100', '+2000 eth1 192.0.2.100'])
  })
})

describe('a pace', () => {
  const pace = { arpIntervalMs: 10, neighborAdvertisementIntervalMs: 40 }

  it('garp_interval: leaves its gap between any two on the interface, but for the first of each address', () => {
    const { announcer, advance, take } = listening({
      interfaces: [{ name: 'eth0', ...pace }],
      announcementGroups: [],
    })
    const addresses = [prefix('192.0.2.100/24'), prefix('192.0.2.101/24')]
    announcer.announce(routerConfig({ addresses, announcements: { ...ONCE, repeat: 4 } }), 'became-active', T)
    advance(1_000)
    expect(take()).toEqual([
      '+0 eth0 192.0.2.100',
      '+0 eth0 192.0.2.101',
      '+10 eth0 192.0.2.100',
      '+20 eth0 192.0.2.101',
      '+62 eth0 192.0.2.100',
      '+72 eth0 192.0.2.101',
      '+110 eth0 192.0.2.100',
      '+120 eth0 192.0.2.101',
    ])
  })

  it('gna_interval: is another one for IPv6', () => {
    const { announcer, advance, take } = listening({
      interfaces: [{ name: 'eth0', ...pace }],
      announcementGroups: [],
    })
    announcer.announce(
      routerConfig({
        family: 'ipv6',
        addresses: [prefix('fe80::1/64')],
        announcements: { ...ONCE, repeat: 4 },
      }),
      'became-active',
      T,
    )
    advance(51)
    expect(take()).toEqual(['+0 eth0 fe80::1', '+40 eth0 fe80::1'])
  })

  it('of each family holds for a router that has addresses of both', () => {
    const { announcer, advance, take } = listening({
      interfaces: [{ name: 'eth0', ...pace }],
      announcementGroups: [],
    })
    const excludedAddresses = routerConfig({ addresses: [prefix('2001:db8::1/64')] }).addresses
    const config = routerConfig({ excludedAddresses, announcements: { ...ONCE, repeat: 4 } })
    announcer.announce(config, 'became-active', T)
    advance(51)
    expect(take().slice(2)).toEqual(['+10 eth0 192.0.2.100', '+40 eth0 2001:db8::1'])
  })

  it('garp_group: is shared by the interfaces of a group', () => {
    const { announcer, advance, take } = listening({
      interfaces: [],
      announcementGroups: [{ interfaces: ['eth0', 'eth1'], ...pace }],
    })
    const announcements = { ...ONCE, repeat: 2 }
    announcer.announce(routerConfig({ announcements: { ...announcements, repeat: 4 } }), 'became-active', T)
    announcer.announce(
      routerConfig({ interface: 'eth1', announcements: { ...announcements, repeat: 4 } }),
      'became-active',
      T,
    )
    advance(51)
    expect(take().slice(2)).toEqual(['+10 eth0 192.0.2.100', '+20 eth1 192.0.2.100'])
  })

  it('does not hold other interfaces up', () => {
    const { announcer, advance, take } = listening({
      interfaces: [{ name: 'eth0', ...pace }],
      announcementGroups: [],
    })
    announcer.announce(routerConfig({ interface: 'eth1' }), 'became-active', T)
    advance(0)
    expect(take()).toEqual(Array(3).fill('+0 eth1 192.0.2.100'))
  })
})

describe('keepalived-and-vrrp.md §2.9: a unicast router that leaves fault', () => {
  const unicast = { peers: [], ttl: 255, checkSource: false, oldChecksum: 'detect' } as const
  const cleared = {
    from: 'fault',
    to: 'backup',
    reason: 'interface-up',
    priority: 100,
    heard: null,
    at: T,
  } as const
  const source = address('192.0.2.1')

  it('announces its own address first', () => {
    const { announcer, take } = listening()
    announcer.recovered({ config: routerConfig({ unicast }), source, priority: 100 }, cleared)
    expect(take()).toEqual(['+0 eth0 192.0.2.1'])
  })

  it('not when it speaks by multicast, nor when it only starts', () => {
    const { announcer, take } = listening()
    announcer.recovered({ config: routerConfig(), source, priority: 100 }, cleared)
    announcer.recovered(
      { config: routerConfig({ unicast }), source, priority: 100 },
      { ...cleared, from: 'initialize' },
    )
    expect(take()).toEqual([])
  })
})
