/** A router with a device or a firewall of its own: in which order things happen, and what a problem with them does. */
import { VIRTUAL_LINK_DEFAULTS } from '@aloft/shared/config/virtual-link-config'
import { describe, expect, it } from 'vitest'
import { address, prefix, routerConfig } from '../../vrrp/examples.test.support.ts'
import { advertisementFrom, FakeWorld } from './fake-world.test.support.ts'
import { keyOf } from './instance.ts'
import { replay } from './replay.ts'
import { RouterLoop } from './router-loop.ts'

const virtualMac = {
  name: 'vrrp.51',
  address: '00:00:5e:00:01:33',
  parent: 'eth0',
  transmitFrom: 'virtual',
  onOtherInterfaces: false,
} as const

function running(changes: Parameters<typeof routerConfig>[0]) {
  const world = new FakeWorld()
  const loop = new RouterLoop(world)
  const config = routerConfig({ ...VIRTUAL_LINK_DEFAULTS, ...changes })
  loop.configure([config])
  return { world, loop, config }
}

const verbs = (done: readonly string[]) =>
  done.map((each) => each.split(' ').slice(0, 2).join(' ')).filter((each) => !each.startsWith('journal'))

describe('a router with a virtual MAC address', () => {
  it('advertises from it, raises its device before the addresses, and announces there', () => {
    const { world, loop } = running({ virtualMac })
    world.take()
    world.advance(loop, 4_000)
    expect(verbs(world.take()).slice(0, 4)).toEqual([
      'send vrrp.51',
      'raise web',
      'acquire vrrp.51',
      'announce vrrp.51',
    ])
  })

  it('lowers it after the addresses have gone', () => {
    const { world, loop, config } = running({ virtualMac })
    world.advance(loop, 4_000)
    world.take()
    loop.datagram(advertisementFrom(config, { priority: 254 }))
    world.advance(loop, 2_000)
    const done = verbs(world.take())
    expect(done.indexOf('release vrrp.51')).toBeGreaterThanOrEqual(0)
    expect(done.indexOf('lower web')).toBe(done.indexOf('release vrrp.51') + 1)
  })

  it('advertises from the interface where that is asked for', () => {
    const { world, loop } = running({ virtualMac: { ...virtualMac, transmitFrom: 'base' } })
    world.take()
    world.advance(loop, 4_000)
    expect(verbs(world.take()).slice(0, 3)).toEqual(['send eth0', 'raise web', 'acquire vrrp.51'])
  })
})

describe('a router with an ipvlan', () => {
  const ipvlan = { name: 'vrrp.51', mode: 'bridge', address: null } as const
  const own = { ...ipvlan, address: prefix('192.0.2.11/24') }
  const noIpv4 = { up: true, ipv4: null, ipv6: address('fe80::1') }

  it('advertises by the interface, and has its addresses and announcements on the device', () => {
    const { world, loop } = running({ ipvlan })
    world.take()
    world.advance(loop, 4_000)
    const done = world.take()
    expect(verbs(done).slice(0, 4)).toEqual(['send eth0', 'raise web', 'acquire vrrp.51', 'announce vrrp.51'])
    expect(done[0]).toMatch(/^send eth0 192\.0\.2\.1 /)
    expect(loop.status().virtualRouters[0]?.ipvlan).toEqual({ device: 'vrrp.51', mode: 'bridge' })
  })

  it('keepalived-and-vrrp.md §1.13: advertises from an address of its own, which the device always has', () => {
    const { world, loop } = running({ ipvlan: own })
    expect(world.take()).toContain('acquire vrrp.51 192.0.2.11')
    world.advance(loop, 4_000)
    expect(world.take().find((each) => each.startsWith('send'))).toMatch(/^send eth0 192\.0\.2\.11 /)
  })

  it('needs one where the interface has none', () => {
    const start = (changes: Parameters<typeof routerConfig>[0]) => {
      const world = new FakeWorld()
      world.linkStates.set('eth0', noIpv4)
      const loop = new RouterLoop(world)
      loop.configure([routerConfig(changes)])
      return loop.status().virtualRouters[0]
    }
    expect(start({ ipvlan })).toMatchObject({
      role: 'fault',
      faults: [{ reason: 'no-primary-ip-address', what: 'eth0' }],
    })
    expect(start({ ipvlan: own })?.role).toBe('backup')
  })

  it('with another device is another router, and the address of the old one goes', () => {
    const { world, loop } = running({ ipvlan: own })
    world.advance(loop, 4_000)
    world.take()
    loop.configure([routerConfig({ ipvlan: { ...ipvlan, name: 'other' } })])
    expect(world.take()).toContain('release vrrp.51 192.0.2.11')
    world.advance(loop, 6_000)
    expect(world.take()).toContain('acquire other 192.0.2.100')
  })
})

describe('what stands in the way of a device or a firewall', () => {
  it('keeps the router in fault while it lasts, and says what it is', () => {
    const { world, loop, config } = running({ accept: false })
    world.virtualLinkProblems.set('web', 'vrrp.51 exists and is no macvlan')
    loop.virtualLinkChanged(keyOf(config))
    expect(loop.status().virtualRouters[0]).toMatchObject({
      role: 'fault',
      faults: [{ reason: 'virtual-link', what: 'vrrp.51 exists and is no macvlan' }],
    })
    world.virtualLinkProblems.clear()
    loop.virtualLinkChanged(keyOf(config))
    expect(loop.status().virtualRouters[0]?.role).toBe('backup')
  })

  it('known when it starts: it never takes part', () => {
    const world = new FakeWorld()
    world.virtualLinkProblems.set('web', 'cannot keep packets out: EPERM')
    const loop = new RouterLoop(world)
    loop.configure([routerConfig({ accept: false })])
    expect(world.transitions()).toMatchObject([{ from: 'initialize', to: 'fault' }])
  })

  it('RFC 9568 §6.1: addresses whose packets cannot be kept out are not added', () => {
    const { world, loop } = running({ accept: false })
    world.virtualLinks.raise = () => false
    world.take()
    world.advance(loop, 4_000)
    expect(verbs(world.take()).filter((each) => each.startsWith('acquire'))).toEqual([])
  })

  it('is replayed', () => {
    const { world, loop, config } = running({ accept: false })
    world.virtualLinkProblems.set('web', 'gone')
    loop.virtualLinkChanged(keyOf(config))
    world.virtualLinkProblems.clear()
    loop.virtualLinkChanged(keyOf(config))
    const journalled = world.events.map(({ body }) => body)
    const replayed = replay(world.recording).flatMap(({ output }) =>
      output.do === 'journal' ? [output.body] : [],
    )
    expect(replayed).toEqual(journalled)
    expect(journalled.length).toBe(3)
  })
})
