/** A changed config touches only what changed: what can change while a router runs does, without a transition. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { describe, expect, it } from 'vitest'
import { prefix, routerConfig } from '../../vrrp/examples.test.support.ts'
import { advertisementFrom, FakeWorld, PEER } from './fake-world.test.support.ts'
import { RouterLoop } from './router-loop.ts'

const skew = (priority: number, intervalMs = 1000) => ((256 - priority) * intervalMs) / 256
const peer = routerConfig({ priority: 200 })

function running(changes: Partial<VirtualRouterConfig> = {}) {
  const world = new FakeWorld()
  const loop = new RouterLoop(world)
  const config = routerConfig(changes)
  loop.configure([config])
  const change = (more: Partial<VirtualRouterConfig>) => loop.configure([{ ...config, ...more }])
  const router = () => loop.status().virtualRouters[0]
  return { world, loop, change, router }
}

function active(changes: Partial<VirtualRouterConfig> = {}) {
  const all = running(changes)
  all.world.advance(all.loop, 3000 + skew(100))
  all.world.take()
  return all
}

describe('a backup that is reconfigured', () => {
  it.each<[string, Partial<VirtualRouterConfig>]>([
    ['the interval', { advertisementIntervalMs: 100 }],
    ['preemption', { preempt: { enabled: false, delayMs: 0 } }],
    ['the addresses', { addresses: [prefix('192.0.2.101/24')] }],
    ['a knob', { missedAdvertisements: 7 }],
    ['the checksum', { checksum: 'message-only' }],
  ])('%s: stays backup, keeps its counters, and nothing is said or done', (_, changes) => {
    const { world, loop, change, router } = running()
    loop.datagram(advertisementFrom(peer))
    world.take()
    change(changes)
    expect(world.take()).toEqual([])
    expect(router()).toMatchObject({
      role: 'backup',
      active: { address: PEER, priority: 200 },
      counters: { advertisementsReceived: 1 },
    })
  })

  it('the priority: nothing is said or done, the change is told, and the timer goes by the new skew', () => {
    const { world, change, router } = running()
    const before = world.armedAt ?? Number.NaN
    world.take()
    change({ priority: 200 })
    expect(world.take()).toEqual(['journal priority'])
    expect(world.events.at(-1)?.body).toMatchObject({ from: 100, to: 200, why: 'configuration' })
    expect(router()).toMatchObject({ role: 'backup', priority: 200 })
    expect(world.armedAt).toBe(before - skew(100) + skew(200))
  })

  it('waits by the new number of missed advertisements, from when it last heard one', () => {
    const { world, loop, change } = running()
    loop.datagram(advertisementFrom(peer))
    const heardAt = world.nowMs
    world.advance(loop, 700)
    change({ missedAdvertisements: 5 })
    world.advance(loop, 4200 + skew(100))
    expect(world.nowMs).toBe(heardAt + 4900 + skew(100))
    expect(world.transitions()).toHaveLength(1)
    world.advance(loop, 100)
    expect(world.transitions().at(-1)?.to).toBe('active')
  })

  it('goes by its new interval where it has heard nobody, by the learned one where it has', () => {
    const alone = running()
    alone.change({ advertisementIntervalMs: 100 })
    alone.world.advance(alone.loop, 300 + skew(100, 100))
    expect(alone.router()?.role).toBe('active')
    const led = running()
    led.loop.datagram(advertisementFrom(peer))
    led.change({ advertisementIntervalMs: 100 })
    led.world.advance(led.loop, 2999)
    expect(led.router()?.role).toBe('backup')
  })

  it('that let its timer run out under a worse active leaves it in peace when it may preempt no longer', () => {
    const { world, loop, change, router } = running()
    const worse = routerConfig({ priority: 50 })
    for (let i = 0; i < 3; i++) {
      world.advance(loop, 1000)
      loop.datagram(advertisementFrom(worse))
    }
    change({ preempt: { enabled: false, delayMs: 0 } })
    world.advance(loop, 900)
    expect(router()?.role).toBe('backup')
  })
})

describe('an active that is reconfigured', () => {
  it('says its new priority with its next advertisement', () => {
    const { world, loop, change, router } = active()
    change({ priority: 150 })
    expect(world.take().filter((line) => line.startsWith('send'))).toEqual([])
    world.advance(loop, 1000)
    expect(world.take().find((line) => line.startsWith('send'))).toMatch(/^send \S+ \S+ ....96/)
    expect(router()).toMatchObject({ role: 'active', priority: 150, counters: { becameActive: 1 } })
  })

  it('advertises by a shorter interval from now on, by a longer one after the advertisement that was due', () => {
    const { world, loop, change } = active()
    const sent = () => world.take().filter((line) => line.startsWith('send')).length
    change({ advertisementIntervalMs: 100 })
    world.advance(loop, 1000)
    expect(sent()).toBe(10)
    change({ advertisementIntervalMs: 5000 })
    world.advance(loop, 100)
    expect(sent()).toBe(1)
    world.advance(loop, 4999)
    expect(sent()).toBe(0)
  })

  it('holds the new addresses in the place of the old ones, in one go, and announces', () => {
    const { world, change, router } = active()
    change({ addresses: [prefix('192.0.2.100/24'), prefix('192.0.2.101/24')] })
    const done = world.take()
    expect(done).toContain('acquire eth0 192.0.2.100 192.0.2.101')
    expect(done).toContain('announce eth0 192.0.2.100 192.0.2.101')
    expect(done.some((line) => line.startsWith('release'))).toBe(false)
    expect(router()).toMatchObject({ role: 'active', addresses: ['192.0.2.100', '192.0.2.101'] })
  })

  it('carries its new password in the next advertisement', () => {
    const { world, loop, change } = active({ version: 2, priority: 100 })
    change({ authentication: { type: 'simple', password: 's3cret' } })
    world.advance(loop, 1000)
    const hex = Buffer.from('s3cret').toString('hex')
    expect(world.take().find((line) => line.startsWith('send'))).toContain(hex)
  })

  it('goes on with its second burst, for the addresses it has then', () => {
    const { world, loop, change } = active()
    change({ addresses: [prefix('192.0.2.101/24')] })
    world.advance(loop, 1000)
    world.take()
    world.advance(loop, 4000)
    const announced = world.take().filter((line) => line.startsWith('announce'))
    expect(announced).toEqual(Array(5).fill('announce eth0 192.0.2.101'))
  })
})

describe('what makes another router of it', () => {
  it.each<[string, Partial<VirtualRouterConfig>]>([
    ['the interface', { interface: 'eth1' }],
    ['the VRID', { vrid: 99 }],
    ['the version', { version: 2 }],
    ['the name', { name: 'other' }],
  ])('%s: it is stopped and started anew', (_, changes) => {
    const { world, change } = active()
    change(changes)
    expect(world.transitions().slice(-2)).toMatchObject([
      { from: 'active', to: 'initialize', reason: 'configuration' },
      { from: 'initialize' },
    ])
  })
})
