import { AGENT_DEFAULTS } from '@aloft/shared/config/agent-config'
import type { Route } from '@aloft/shared/config/holdings-config'
import { describe, expect, it } from 'vitest'
import { address, prefix, routerConfig } from '../../vrrp/examples.test.support.ts'
import type { HeldItem } from '../../world/holdings.ts'
import { advertisementFrom, FakeWorld } from './fake-world.test.support.ts'
import { RouterLoop } from './router-loop.ts'

const HOLDER = 'eth0 ipv4 51'
const VIP: HeldItem = { kind: 'address', address: { ...prefix('192.0.2.100/24'), device: 'eth0' } }
const ROUTE: Route = {
  ...{ family: 'ipv4', type: 'unicast', to: prefix('198.51.100.0/24'), table: 254, metric: 0, tos: 0 },
  ...{ protocol: 112, place: 'prepend', via: address('192.0.2.254') },
}

/** An active router, three intervals and a skew after its start. */
function active(changes: Parameters<typeof routerConfig>[0] = {}, settings = AGENT_DEFAULTS) {
  const world = new FakeWorld()
  const loop = new RouterLoop(world)
  loop.configure([routerConfig({ advertisementIntervalMs: 1000, ...changes })], { settings })
  world.advance(loop, 4000)
  return { world, loop, began: world.take() }
}
const deeds = (world: FakeWorld) => world.take().filter((line) => !line.startsWith('send'))
const holdingEvents = (world: FakeWorld) =>
  world.events.flatMap(({ body }) => (body.kind === 'holding-lost' ? [body] : []))

describe('becoming active and leaving', () => {
  it('§1.6, §1.7: takes addresses of every device, routes and rules at once; announces each address where it is', () => {
    const { began } = active({
      excludedAddresses: [prefix('2001:db8::1/64'), { ...prefix('192.0.2.101/24'), device: 'eth1' }],
      routes: [ROUTE],
      rules: [{ family: 'ipv4', action: 'table', priority: 1000, table: 100, protocol: 112 }],
    })
    const becoming = began
      .filter((line) => /^(send|acquire|announce)/.test(line))
      .map((line) => line.split(' '))
    expect(becoming.slice(0, 6).map(([did, where]) => `${did} ${where}`)).toEqual([
      'send eth0',
      'acquire eth0',
      'acquire eth1',
      'acquire 198.51.100.0/24',
      'announce eth0',
      'announce eth1',
    ])
    expect(began).toContain('announce eth0 192.0.2.100 2001:db8::1')
  })

  it('says goodbye first, and gives back last', () => {
    const { world, loop } = active()
    loop.shutdown()
    world.advance(loop, 5000)
    const did = world.take().map((line) => line.split(' ')[0])
    expect(did.indexOf('send')).toBeLessThan(did.indexOf('release'))
    expect(did).toContain('release')
  })
})

describe('a lease', () => {
  it('is renewed every 500 ms while active, all holders in one write', () => {
    const world = new FakeWorld()
    const loop = new RouterLoop(world)
    const both = [
      routerConfig({ lease: true }),
      routerConfig({ lease: true, name: 'b', vrid: 9, addresses: [prefix('192.0.2.9/24')] }),
    ]
    loop.configure(both)
    world.advance(loop, 4000)
    world.take()
    world.advance(loop, 2000)
    const renewals = world.take().filter((line) => line.startsWith('renew'))
    expect(renewals).toEqual(Array.from({ length: 4 }, () => `renew ${HOLDER}, eth0 ipv4 9`))
  })

  it('is never renewed while backup', () => {
    const { world, loop } = active({ lease: true })
    loop.datagram(advertisementFrom(routerConfig({ priority: 200 })))
    world.advance(loop, 500)
    world.take()
    for (let i = 0; i < 10; i++) {
      world.advance(loop, 500)
      loop.datagram(advertisementFrom(routerConfig({ priority: 200 })))
    }
    expect(deeds(world).filter((line) => /renew|acquire/.test(line))).toEqual([])
  })

  it('lease: false is none', () => {
    const { world, loop } = active({ lease: false })
    world.advance(loop, 5000)
    expect(deeds(world).filter((line) => line.startsWith('renew'))).toEqual([])
  })

  it('that ran out while nobody was at the wheel is not renewed, but told, and taken anew by whoever is still active', () => {
    const { world, loop } = active({ lease: true })
    world.take()
    world.advance(loop, 2500, { lateMs: 2500 })
    world.advance(loop, 10)
    const did = deeds(world)
    expect(did.find((line) => /^(renew|acquire)/.test(line))).toBe('acquire eth0 192.0.2.100')
    expect(holdingEvents(world)).toMatchObject([{ cause: 'lease-expired', response: 'listening', count: 1 }])
  })

  it('that ran out leaves nothing to announce until the address is there again', () => {
    const slow = { lease: true, advertisementIntervalMs: 40_950 }
    const world = new FakeWorld()
    const loop = new RouterLoop(world)
    loop.configure([routerConfig(slow)])
    world.advance(loop, 200_000)
    world.take()
    world.nowMs += 3000
    loop.datagram(advertisementFrom(routerConfig({ ...slow, priority: 50 })))
    expect(deeds(world).filter((line) => line.startsWith('announce'))).toEqual([])
    world.advance(loop, 10)
    const did = deeds(world).filter((line) => /^(acquire|announce)/.test(line))
    expect(did.slice(0, 2)).toEqual(['acquire eth0 192.0.2.100', 'announce eth0 192.0.2.100'])
  })

  it('that ran out is not taken anew by a router that has been replaced', () => {
    const { world, loop } = active({ lease: true })
    world.take()
    world.nowMs += 20_000
    loop.datagram(advertisementFrom(routerConfig({ priority: 200 })))
    world.advance(loop, 1000)
    expect(deeds(world).filter((line) => /^(renew|acquire)/.test(line))).toEqual([])
    expect(loop.status().virtualRouters[0]?.role).toBe('backup')
  })
})

describe('something that somebody else removed', () => {
  it('is put back and announced at once, and told with who did it', () => {
    const { world, loop } = active()
    loop.holdingLost({ holder: HOLDER, lost: [VIP], byPort: 4711 })
    expect(deeds(world)).toEqual([
      'journal holding-lost',
      'acquire eth0 192.0.2.100',
      'announce eth0 192.0.2.100',
    ])
    expect(holdingEvents(world)).toMatchObject([
      { virtualRouter: 'web', items: ['192.0.2.100/24 dev eth0'], byPort: 4711, response: 'mended' },
    ])
  })

  it('§1.6 tracking: whenLost: reelect gives the role up with priority 0, and listens again', () => {
    const { world, loop } = active({ whenLost: 'reelect' })
    world.take()
    loop.holdingLost({ holder: HOLDER, lost: [VIP], byPort: null })
    const [event, resigned] = world.take()
    expect(event).toBe('journal holding-lost')
    expect(resigned).toMatch(/^send eth0 192\.0\.2\.1 .*313300/)
    expect(world.transitions().at(-1)).toMatchObject({ to: 'backup', reason: 'holding-lost' })
    world.advance(loop, 5000)
    expect(world.transitions().at(-1)).toMatchObject({ to: 'active' })
  })

  it('again and again is answered once a second, and told once a minute', () => {
    const { world, loop } = active()
    for (let i = 0; i < 50; i++) {
      loop.holdingLost({ holder: HOLDER, lost: [VIP], byPort: null })
      world.advance(loop, 100)
    }
    const mends = deeds(world).filter((line) => line.startsWith('acquire'))
    expect(mends.length).toBeGreaterThanOrEqual(9)
    expect(mends.length).toBeLessThanOrEqual(11)
    world.advance(loop, 60_000)
    expect(holdingEvents(world).map(({ count }) => count)).toEqual([1, 49])
  })

  it('of a router that is no longer active is nobody’s concern', () => {
    const { world, loop } = active()
    loop.datagram(advertisementFrom(routerConfig({ priority: 200 })))
    world.take()
    loop.holdingLost({ holder: HOLDER, lost: [VIP], byPort: null })
    expect(deeds(world)).toEqual([])
  })
})

describe('static holdings', () => {
  const route = { ...ROUTE, withRouters: ['web'] }
  const settings = { ...AGENT_DEFAULTS, static: { addresses: [], routes: [route], rules: [] } }

  it('static_routes: are there before any router, once, and go with the agent', () => {
    const { world, loop, began } = active({}, settings)
    const acquired = began.filter((line) => line.startsWith('acquire'))
    expect(acquired[0]).toBe('acquire 198.51.100.0/24')
    loop.configure([routerConfig({ advertisementIntervalMs: 1000 })], { settings })
    expect(deeds(world)).toEqual([])
    loop.shutdown()
    expect(deeds(world)).toContain('release 198.51.100.0/24')
  })

  it('track_group: one that is lost is put back, and the routers that depend on it leave their role', () => {
    const { world, loop } = active({}, settings)
    world.take()
    loop.holdingLost({ holder: 'static', lost: [{ kind: 'route', route }], byPort: null })
    expect(deeds(world)).toContain('acquire 198.51.100.0/24')
    expect(world.transitions().at(-1)).toMatchObject({ to: 'backup', reason: 'holding-lost' })
  })
})

describe('status', () => {
  it('names what is held besides the addresses advertised, and what has no lease', () => {
    const { loop } = active({ excludedAddresses: [prefix('192.0.2.101/24')], routes: [ROUTE], lease: false })
    expect(loop.status().virtualRouters[0]).toMatchObject({
      holdsBesides: ['192.0.2.101/24 dev eth0', '198.51.100.0/24 via 192.0.2.254'],
      isLeased: false,
    })
    const { holdsBesides, isLeased } = active({ lease: true }).loop.status().virtualRouters[0] ?? {}
    expect([holdsBesides, isLeased]).toEqual([undefined, undefined])
  })
})
