/** keepalived-and-vrrp.md §1.4, `vrrp_startup_delay` and `vrrp_delay_after_boot`. */
import { AGENT_DEFAULTS } from '@aloft/shared/config/agent-config'
import { describe, expect, it } from 'vitest'
import { routerConfig } from '../../vrrp/examples.test.support.ts'
import { advertisementFrom, FakeWorld } from './fake-world.test.support.ts'
import { RouterLoop } from './router-loop.ts'

const KEY = 'eth0 ipv4 51'

function started(startupDelay: { afterStartMs?: number; afterBootMs?: number }, resume = false) {
  const world = new FakeWorld()
  const loop = new RouterLoop(world)
  const settings = { ...AGENT_DEFAULTS, startupDelay: { afterStartMs: 0, afterBootMs: 0, ...startupDelay } }
  const router = () => loop.status().virtualRouters[0]?.role
  loop.configure([routerConfig({ priority: 255 })], {
    settings,
    resume: resume ? [{ key: KEY, gapMs: 5 }] : [],
  })
  return { world, loop, router, settings }
}

describe('a startup delay', () => {
  it('keeps a router silent and deaf until it has passed since the start of the agent', () => {
    const { world, loop, router } = started({ afterStartMs: 10_000 })
    loop.datagram(advertisementFrom(routerConfig({ priority: 0 })))
    world.advance(loop, 9_999)
    expect(router()).toBe('initialize')
    expect(world.take().filter((line) => /^(send|acquire)/.test(line))).toEqual([])
    world.advance(loop, 1)
    expect(router()).toBe('active')
    expect(world.transitions()).toMatchObject([{ from: 'initialize', to: 'active', reason: 'startup' }])
  })

  it('may count from the start of the host instead', () => {
    const early = new FakeWorld().nowMs
    const { world, loop, router } = started({ afterBootMs: early + 500 })
    world.advance(loop, 499)
    expect(router()).toBe('initialize')
    world.advance(loop, 1)
    expect(router()).toBe('active')
    expect(started({ afterBootMs: early - 1 }).router()).toBe('active')
  })

  it('is not for a router that goes on as active, nor for one that a reload adds', () => {
    expect(started({ afterStartMs: 10_000 }, true).router()).toBe('active')
    const { loop, settings } = started({})
    const later = { ...settings, startupDelay: { afterStartMs: 10_000, afterBootMs: 0 } }
    loop.configure([routerConfig({ priority: 255, name: 'late', vrid: 52 })], { settings: later })
    expect(loop.status().virtualRouters.find(({ vrid }) => vrid === 52)?.role).toBe('active')
  })

  it('over, finds a link that has failed meanwhile', () => {
    const { world, loop, router } = started({ afterStartMs: 1_000 })
    world.linkStates.set('eth0', null)
    loop.linkChanged('eth0')
    expect(router()).toBe('initialize')
    world.advance(loop, 1_000)
    expect(router()).toBe('fault')
    expect(world.transitions()).toHaveLength(1)
  })
})
