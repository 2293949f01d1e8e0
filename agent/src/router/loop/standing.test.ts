/** What trackers say reaches the machines: priorities, and faults among other faults. */
import { AGENT_DEFAULTS, type AgentSettings } from '@aloft/shared/config/agent-config'
import { INTERFACE_DEFAULTS, type TrackReference } from '@aloft/shared/config/tracking-config'
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../tracking/verdict.ts'
import { address, routerConfig } from '../../vrrp/examples.test.support.ts'
import { advertisementFrom, FakeWorld } from './fake-world.test.support.ts'
import { wireKey } from './instance.ts'
import { RouterLoop } from './router-loop.ts'

const UP = { up: true, ipv4: address('192.0.2.1'), ipv6: null }
const DOWN = { ...UP, up: false }

function follow(kind: TrackReference['kind'], name: string, weight = 0, reverse = false): TrackReference {
  return { kind, name, weight, reverse }
}

function verdict(kind: Verdict['kind'], name: string, said: Verdict['state'] | number): Verdict {
  if (typeof said === 'number') return { kind, name, state: 'up', value: said }
  return { kind, name, state: said, value: null }
}

/** A router at priority 100 that follows a file of weight 1: what it holds is added. */
function running(changes = {}, settings: AgentSettings = AGENT_DEFAULTS) {
  const world = new FakeWorld()
  const loop = new RouterLoop(world)
  const config = routerConfig({ track: [follow('file', 'level', 1), follow('script', 'a', 0)], ...changes })
  const fine = [verdict('file', 'level', 0), verdict('script', 'a', 'up'), verdict('script', 'b', 'up')]
  loop.tracked(fine)
  loop.configure([config], { settings })
  return {
    world,
    loop,
    config,
    say: (...verdicts: Verdict[]) => loop.tracked([...fine.filter(isUnsaid(verdicts)), ...verdicts]),
    link: (name: string, state: typeof UP) => {
      world.linkStates.set(name, state)
      loop.linkChanged(name)
    },
    router: () => loop.status().virtualRouters[0],
  }
}

const isUnsaid = (verdicts: readonly Verdict[]) => (each: Verdict) =>
  !verdicts.some(({ kind, name }) => kind === each.kind && name === each.name)

describe('what the trackers say', () => {
  it('moves the priority that is shown and advertised; the written one is shown beside it', () => {
    const { say, router, world } = running()
    say(verdict('file', 'level', -20))
    expect(router()).toMatchObject({ role: 'backup', priority: 80, configuredPriority: 100 })
    expect(world.events.at(-1)?.body).toEqual({
      kind: 'priority',
      virtualRouter: 'web',
      vrid: 51,
      family: 'ipv4',
      interface: 'eth0',
      role: 'backup',
      from: 100,
      to: 80,
      why: 'file level 0 → -20',
    })
    say()
    expect(router()?.priority).toBe(100)
    expect(router()).not.toHaveProperty('configuredPriority')
  })

  it('is told once, however often the same is said', () => {
    const { say, world } = running()
    say(verdict('file', 'level', -20))
    const before = world.events.length
    say(verdict('file', 'level', -20))
    say(verdict('file', 'level', -20))
    expect(world.events).toHaveLength(before)
  })

  it('moves the alarm of a backup with its Active_Down_Timer', () => {
    const { world, loop, say } = running()
    const before = world.armedAt ?? 0
    say(verdict('file', 'level', 154))
    expect(before - (world.armedAt ?? 0)).toBeCloseTo((154 * 1000) / 256, 6)
    world.advance(loop, before - world.nowMs)
    expect(world.transitions().at(-1)).toMatchObject({ to: 'active', priority: 254 })
  })

  it('an active says its new priority with its next advertisement', () => {
    const { world, loop, say } = running()
    world.advance(loop, 4000)
    world.sent.length = 0
    say(verdict('file', 'level', -50))
    world.advance(loop, 1000)
    expect(world.sent.at(-1)?.payload[2]).toBe(50)
  })

  it('puts a router into fault, which it leaves when the last of several reasons has gone', () => {
    const { world, say, router, link } = running()
    say(verdict('script', 'a', 'down'))
    expect(world.transitions().at(-1)).toMatchObject({ from: 'backup', to: 'fault', reason: 'tracker' })
    link('eth0', DOWN)
    expect(router()?.faults).toEqual([
      { reason: 'tracker', what: 'script a failed' },
      { reason: 'interface-down', what: 'eth0' },
    ])
    say()
    expect(router()?.role).toBe('fault')
    link('eth0', UP)
    expect(world.transitions().at(-1)).toMatchObject({ from: 'fault', to: 'backup', reason: 'interface-up' })
    say(verdict('script', 'a', 'down'))
    say()
    expect(world.transitions().at(-1)).toMatchObject({ from: 'fault', to: 'backup', reason: 'tracker' })
  })

  it('keeps a router in fault until each tracker of weight 0 has reported (§1.9, unresolved)', () => {
    const { world, loop, config, router } = running()
    loop.tracked([])
    expect(router()).toMatchObject({
      role: 'fault',
      faults: [{ reason: 'tracker', what: 'script a has not reported yet' }],
    })
    world.advance(loop, 10_000)
    expect(router()?.role).toBe('fault')
    loop.tracked([verdict('script', 'a', 'up')])
    expect(router()?.role).toBe('backup')
    expect(config.track).toHaveLength(2)
  })

  it('is kept for a router that is started later', () => {
    const { world, loop, config, say, router } = running()
    loop.configure([])
    say(verdict('file', 'level', -70), verdict('script', 'a', 'down'))
    loop.configure([config])
    expect(router()).toMatchObject({ role: 'fault', priority: 30 })
    expect(world.transitions().at(-1)).toMatchObject({ from: 'initialize', to: 'fault', reason: 'tracker' })
  })

  it('moves neither the owner nor routers that follow something else', () => {
    const { say, router } = running({ priority: 255, track: [follow('file', 'level', 1)] })
    say(verdict('file', 'level', -90), verdict('script', 'b', 'down'))
    expect(router()).toMatchObject({ role: 'active', priority: 255 })
  })

  it('resumes as active with the priority it had, when the verdicts were inherited', () => {
    const world = new FakeWorld()
    const loop = new RouterLoop(world)
    loop.tracked([verdict('file', 'level', -40), verdict('script', 'a', 'up')])
    const config = routerConfig({ track: [follow('file', 'level', 1), follow('script', 'a')] })
    loop.configure([config], { resume: [{ key: wireKey('eth0', 'ipv4', 51), gapMs: 20 }] })
    expect(loop.status().virtualRouters[0]).toMatchObject({ role: 'active', priority: 60 })
  })
})

describe('interfaces that are followed (§1.5 track_interface, dont_track_primary)', () => {
  const track = [follow('interface', 'eth1', -30)]

  it('one that is not there is down, one that appears is up, one that vanishes is down', () => {
    const { world, loop, router, link } = running({ track })
    expect(world.done).toContain('watch eth1')
    expect(router()?.priority).toBe(70)
    link('eth1', UP)
    expect(router()?.priority).toBe(100)
    world.linkStates.delete('eth1')
    loop.linkChanged('eth1')
    expect(router()?.priority).toBe(70)
  })

  it('with weight 0: a fault while it is down; reverse: while it is up', () => {
    const plain = running({ track: [follow('interface', 'eth1')] })
    expect(plain.router()).toMatchObject({ role: 'fault', faults: [{ what: 'interface eth1 failed' }] })
    plain.link('eth1', UP)
    expect(plain.router()?.role).toBe('backup')
    const reversed = running({ track: [follow('interface', 'eth1', 0, true)] })
    expect(reversed.router()?.role).toBe('backup')
    reversed.link('eth1', UP)
    expect(reversed.router()).toMatchObject({ role: 'fault', faults: [{ what: 'interface eth1 is up' }] })
  })

  it('trackPrimary false: the router goes on while its own interface is down', () => {
    const { world, loop, router, link } = running({ trackPrimary: false, track: [] })
    world.advance(loop, 4000)
    link('eth0', DOWN)
    expect(router()?.role).toBe('active')
    link('eth0', { ...DOWN, ipv4: address('192.0.2.1') })
    expect(router()?.role).toBe('active')
  })
})

describe('links that flap (§1.3 interface_up_down_delays)', () => {
  const settings: AgentSettings = {
    ...AGENT_DEFAULTS,
    interfaces: [{ ...INTERFACE_DEFAULTS, name: 'eth0', upDelayMs: 3000, downDelayMs: 500 }],
  }

  it('a link down for less than downDelay was never down', () => {
    const { world, loop, router, link } = running({ track: [] }, settings)
    link('eth0', DOWN)
    world.advance(loop, 499)
    link('eth0', UP)
    world.advance(loop, 2000)
    expect(router()?.role).toBe('backup')
    expect(world.events.some(({ body }) => body.kind === 'link')).toBe(false)
  })

  it('one down for longer is, and comes back after upDelay', () => {
    const { world, loop, router, link } = running({ track: [] }, settings)
    link('eth0', DOWN)
    world.advance(loop, 500)
    expect(router()?.role).toBe('fault')
    link('eth0', UP)
    world.advance(loop, 2999)
    expect(router()?.role).toBe('fault')
    world.advance(loop, 1)
    expect(router()?.role).toBe('backup')
  })

  it('an interface that vanishes is down at once', () => {
    const { world, loop, router } = running({ track: [] }, settings)
    world.linkStates.delete('eth0')
    loop.linkChanged('eth0')
    expect(router()?.role).toBe('fault')
  })
})

describe('a reload that changes what is followed', () => {
  it('touches neither role nor timer nor counter', () => {
    const { world, loop, config, router } = running()
    world.advance(loop, 4000)
    expect(router()?.role).toBe('active')
    const before = router()
    world.take()
    loop.configure([{ ...config, track: [follow('file', 'level', 1), follow('script', 'b', 20)] }])
    expect(router()).toEqual({
      ...before,
      priority: 120,
      configuredPriority: 100,
      active: { address: '192.0.2.1', priority: 120 },
      tracking: loop.status().virtualRouters[0]?.tracking,
    })
    expect(world.take().filter((deed) => !deed.startsWith('journal'))).toEqual([])
  })

  it('adds a check to a router that takes part without a fault until its first report', () => {
    const { world, loop, config, router, say } = running({ track: [] })
    world.advance(loop, 4000)
    loop.configure([{ ...config, track: [follow('script', 'new')] }])
    expect(router()).toMatchObject({ role: 'active', tracking: [{ state: 'unknown', fault: null }] })
    say(verdict('script', 'new', 'down'))
    expect(router()).toMatchObject({ role: 'fault', faults: [{ what: 'script new failed' }] })
    // Once out, it waits for what it does not know, as after a start.
    loop.configure([{ ...config, track: [follow('script', 'new'), follow('script', 'other')] }])
    say(verdict('script', 'new', 'up'))
    expect(router()).toMatchObject({ role: 'fault', faults: [{ what: 'script other has not reported yet' }] })
    say(verdict('script', 'new', 'up'), verdict('script', 'other', 'up'))
    expect(router()?.role).not.toBe('fault')
  })

  it('opens and closes only what is followed', () => {
    const { world, loop, config } = running()
    world.take()
    loop.configure([{ ...config, track: [follow('interface', 'eth1', -5)] }])
    expect(world.take().filter((deed) => deed.includes('eth1'))).toEqual(['watch eth1'])
    loop.configure([config])
    expect(world.take().filter((deed) => deed.includes('eth1'))).toEqual(['unwatch eth1'])
    expect(loop.datagram(advertisementFrom(config))).toBeUndefined()
  })
})
