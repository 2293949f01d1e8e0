/** A router with a device or a firewall of its own: in which order things happen, and what a problem with them does. */
import { VIRTUAL_LINK_DEFAULTS } from '@aloft/shared/config/virtual-link-config'
import { describe, expect, it } from 'vitest'
import { routerConfig } from '../../vrrp/examples.test.support.ts'
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
