/** What trackers say reaches the machines: priorities, and faults among other faults. */
import { describe, expect, it } from 'vitest'
import { address, routerConfig } from '../../vrrp/examples.test.support.ts'
import { FakeWorld } from './fake-world.test.support.ts'
import { wireKey } from './instance.ts'
import { RouterLoop } from './router-loop.ts'

const UP = { up: true, ipv4: address('192.0.2.1'), ipv6: null }
const KEY = wireKey('eth0', 'ipv4', 51)

function running(changes = {}) {
  const world = new FakeWorld()
  const loop = new RouterLoop(world)
  loop.configure([routerConfig(changes)])
  const say = (priority: number, ...faults: string[]) => loop.tracked({ [KEY]: { priority, faults } })
  const router = () => loop.status().virtualRouters[0]
  return { world, loop, say, router }
}

describe('what the trackers say', () => {
  it('moves the priority that is shown and advertised; the written one is shown beside it', () => {
    const { say, router } = running()
    say(80)
    expect(router()).toMatchObject({ role: 'backup', priority: 80, configuredPriority: 100 })
    say(100)
    expect(router()?.priority).toBe(100)
    expect(router()).not.toHaveProperty('configuredPriority')
  })

  it('moves the alarm of a backup with its Active_Down_Timer', () => {
    const { world, loop, say } = running()
    const before = world.armedAt ?? 0
    say(254)
    expect(before - (world.armedAt ?? 0)).toBeCloseTo((154 * 1000) / 256, 6)
    world.advance(loop, before - world.nowMs)
    expect(world.transitions().at(-1)).toMatchObject({ to: 'active', priority: 254 })
  })

  it('puts a router into fault, which it leaves when the last of several reasons has gone', () => {
    const { world, loop, say, router } = running()
    say(100, 'script haproxy')
    expect(world.transitions().at(-1)).toMatchObject({ from: 'backup', to: 'fault', reason: 'tracker' })
    world.linkStates.set('eth0', { ...UP, up: false })
    loop.linkChanged('eth0')
    expect(router()?.faults).toEqual([
      { reason: 'tracker', what: 'script haproxy' },
      { reason: 'interface-down', what: 'eth0' },
    ])
    say(100)
    expect(router()?.role).toBe('fault')
    world.linkStates.set('eth0', UP)
    loop.linkChanged('eth0')
    expect(world.transitions().at(-1)).toMatchObject({ from: 'fault', to: 'backup', reason: 'interface-up' })
    say(100, 'file drain')
    say(100)
    expect(world.transitions().at(-1)).toMatchObject({ from: 'fault', to: 'backup', reason: 'tracker' })
  })

  it('is kept for a router that is started later', () => {
    const { world, loop, say, router } = running()
    loop.configure([])
    say(30, 'script haproxy')
    loop.configure([routerConfig()])
    expect(router()).toMatchObject({ role: 'fault', priority: 30 })
    expect(world.transitions().at(-1)).toMatchObject({ from: 'initialize', to: 'fault', reason: 'tracker' })
  })

  it('moves neither the owner nor routers that were not named', () => {
    const { loop, say, router } = running({ priority: 255 })
    say(10)
    expect(router()).toMatchObject({ role: 'active', priority: 255 })
    loop.tracked({ [wireKey('eth0', 'ipv4', 52)]: { priority: 1, faults: ['script x'] } })
    expect(router()).toMatchObject({ role: 'active' })
  })
})
