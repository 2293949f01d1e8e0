/** keepalived-and-vrrp.md §1.8 in the loop: two virtual routers on two interfaces, moved by what happens to one of them. */
import { AGENT_DEFAULTS } from '@aloft/shared/config/agent-config'
import { NOTIFY_DEFAULTS } from '@aloft/shared/config/notify-config'
import { describe, expect, it } from 'vitest'
import { address, prefix, routerConfig } from '../../vrrp/examples.test.support.ts'
import { advertisementFrom, FakeWorld } from './fake-world.test.support.ts'
import { RouterLoop } from './router-loop.ts'

const inside = routerConfig({ name: 'inside' })
const outside = routerConfig({
  name: 'outside',
  interface: 'eth1',
  vrid: 52,
  addresses: [prefix('198.51.100.100/24')],
})
const DOWN_MS = 3000 + (156 * 1000) / 256
const UP = { up: true, ipv4: address('198.51.100.1'), ipv6: null }
const group = {
  name: 'gateway',
  members: ['inside', 'outside'],
  track: [],
  trackWeights: false,
  notify: NOTIFY_DEFAULTS,
}
const settings = { ...AGENT_DEFAULTS, syncGroups: [group] }

function running(changes = {}) {
  const world = new FakeWorld()
  world.linkStates.set('eth1', UP)
  const loop = new RouterLoop(world)
  loop.configure(
    [
      { ...inside, ...changes },
      { ...outside, ...changes },
    ],
    { settings },
  )
  const roles = () => loop.status().virtualRouters.map(({ role }) => role)
  const hear = (config: typeof inside, priority: number) =>
    loop.datagram(advertisementFrom(config, { priority }))
  return { world, loop, roles, hear }
}

function bothActive() {
  const { world, loop, ...rest } = running()
  world.advance(loop, DOWN_MS)
  world.take()
  return { world, loop, ...rest }
}

describe('a sync group', () => {
  it('is not active while one member still hears its active', () => {
    const { world, loop, roles, hear } = running()
    for (let i = 0; i < 10; i++) {
      world.advance(loop, 1000)
      hear(outside, 200)
    }
    expect(roles()).toEqual(['backup', 'backup'])
    world.advance(loop, DOWN_MS)
    expect(roles()).toEqual(['active', 'active'])
  })

  it('yields whole when one member hears a better active: the others resign', () => {
    const { world, roles, hear } = bothActive()
    hear(inside, 200)
    expect(roles()).toEqual(['backup', 'backup'])
    expect(world.transitions().slice(-2)).toMatchObject([
      { virtualRouter: 'inside', to: 'backup', reason: 'higher-priority-backup' },
      { virtualRouter: 'outside', to: 'backup', reason: 'sync-group' },
    ])
    expect(
      world
        .take()
        .filter((line) => line.startsWith('send eth1 '))
        .join(),
    ).toMatch(/send eth1 \S+ ....00/)
  })

  it('goes into fault whole, resigning, and says because of whom; it leaves when all are clean', () => {
    const { world, loop, roles } = bothActive()
    world.linkStates.set('eth0', { up: false, ipv4: null, ipv6: null })
    loop.linkChanged('eth0')
    expect(roles()).toEqual(['fault', 'fault'])
    expect(loop.status().virtualRouters[1]?.faults).toEqual([
      { reason: 'sync-group', what: 'inside of sync group gateway' },
    ])
    expect(world.transitions().slice(-2)).toMatchObject([
      { virtualRouter: 'inside', reason: 'interface-down' },
      { virtualRouter: 'outside', reason: 'sync-group' },
    ])
    world.linkStates.set('eth1', { ...UP, up: false })
    loop.linkChanged('eth1')
    world.linkStates.set('eth0', { ...UP, ipv4: address('192.0.2.1') })
    loop.linkChanged('eth0')
    expect(roles()).toEqual(['fault', 'fault'])
    world.linkStates.set('eth1', UP)
    loop.linkChanged('eth1')
    expect(roles()).toEqual(['backup', 'backup'])
  })

  it('starts as active only if all its members are owners', () => {
    expect(running({ priority: 255 }).roles()).toEqual(['active', 'active'])
    const world = new FakeWorld()
    world.linkStates.set('eth1', UP)
    const loop = new RouterLoop(world)
    loop.configure([{ ...inside, priority: 255 }, outside], { settings })
    expect(loop.status().virtualRouters.map(({ role }) => role)).toEqual(['backup', 'backup'])
  })

  it('announces for all when one member hears a lower priority', () => {
    const { world, loop, hear } = bothActive()
    world.advance(loop, 6000)
    world.take()
    hear(outside, 50)
    const announced = world.take().filter((line) => line.startsWith('announce'))
    expect(announced.some((line) => line.includes('eth0'))).toBe(true)
    expect(announced.some((line) => line.includes('eth1'))).toBe(true)
  })

  it('woken from a stall, announces for no member before that one has its addresses again', () => {
    const { world, loop, hear } = bothActive()
    world.advance(loop, 6000)
    world.take()
    world.nowMs += 9000
    loop.alarm()
    hear(inside, 50)
    loop.alarm()
    const done = world.take()
    const firstOf = (deed: string) => done.findIndex((line) => line.startsWith(deed))
    expect(firstOf('acquire eth1')).toBeGreaterThanOrEqual(0)
    expect(firstOf('announce eth1')).toBeGreaterThan(firstOf('acquire eth1'))
  })

  it('is shut down without its members pulling at each other', () => {
    const { world, loop } = bothActive()
    loop.shutdown()
    expect(world.transitions().slice(-2)).toMatchObject([
      { virtualRouter: 'inside', to: 'initialize', reason: 'shutdown' },
      { virtualRouter: 'outside', to: 'initialize', reason: 'shutdown' },
    ])
  })

  it('gained by a reload moves nobody; lost, its members go on alone', () => {
    const { world, loop, roles, hear } = bothActive()
    const before = world.transitions().length
    loop.configure([inside, outside])
    loop.configure([inside, outside], { settings })
    expect(world.transitions()).toHaveLength(before)
    loop.configure([inside, outside])
    hear(inside, 200)
    expect(roles()).toEqual(['backup', 'active'])
  })

  it('lost while its members wait for each other, lets the willing one go on', () => {
    const { world, loop, roles, hear } = running()
    for (let i = 0; i < 6; i++) {
      world.advance(loop, 900)
      hear(outside, 200)
    }
    expect(roles()).toEqual(['backup', 'backup'])
    loop.configure([inside, outside])
    expect(roles()).toEqual(['active', 'backup'])
  })

  it('gained by a reload while only one member is active, makes that one follow', () => {
    const world = new FakeWorld()
    world.linkStates.set('eth1', UP)
    const loop = new RouterLoop(world)
    loop.configure([inside])
    world.advance(loop, DOWN_MS)
    loop.configure([inside, outside], { settings })
    expect(loop.status().virtualRouters.map(({ role }) => role)).toEqual(['backup', 'backup'])
  })
})
