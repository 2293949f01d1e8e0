/** A process that was not running for longer than its peers wait listens first, then decides (issue 3, 11d). */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { describe, expect, it } from 'vitest'
import { routerConfig } from '../../vrrp/examples.test.support.ts'
import { advertisementFrom, FakeWorld } from './fake-world.test.support.ts'
import { RouterLoop } from './router-loop.ts'

const SKEW_100 = (156 * 1000) / 256
/** Three intervals, of which one had passed, and the skew of the best backup. */
const PATIENCE_MS = 2000 + (2 * 1000) / 256

function active(changes: Partial<VirtualRouterConfig> = {}) {
  const world = new FakeWorld()
  const loop = new RouterLoop(world)
  loop.configure([routerConfig(changes)])
  world.advance(loop, 3000 + SKEW_100)
  world.advance(loop, 6000)
  world.take()
  const role = () => loop.status().virtualRouters[0]?.role
  const hear = (priority: number) => loop.datagram(advertisementFrom(routerConfig({ priority })))
  const dueAt = () => world.armedAt ?? Number.NaN
  /** Wakes so late after its deadline; the alarm rings or a datagram comes first. */
  const wake = (lateMs: number) => {
    world.nowMs = dueAt() + lateMs
  }
  const stalls = () => world.events.flatMap(({ body }) => (body.kind === 'stall' ? [body] : []))
  const sent = () => world.take().filter((line) => line.startsWith('send'))
  return { world, loop, role, hear, wake, stalls, sent, dueAt }
}

describe('an active that was not running for longer than its peers wait', () => {
  it('reports how late it was, once, and counts it', () => {
    const { loop, wake, stalls } = active()
    wake(9000)
    loop.alarm()
    loop.alarm()
    expect(stalls()).toEqual([{ kind: 'stall', lateMs: 9000, virtualRouters: 1 }])
    expect(loop.status().stalls).toEqual({ count: 1, longestMs: 9000 })
  })

  it('says nothing before it has drained what it missed', () => {
    const { world, loop, wake, sent } = active()
    wake(9000)
    loop.alarm()
    expect(sent()).toEqual([])
    expect(world.armedAt).toBe(world.nowMs)
    loop.alarm()
    expect(sent()).toHaveLength(1)
  })

  it('yields to a better active among what it missed, with its last word, and lets go at once', () => {
    const { world, loop, role, hear, wake } = active()
    wake(9000)
    loop.alarm()
    hear(200)
    expect(role()).toBe('backup')
    const done = world.take()
    expect(done.filter((line) => line.startsWith('send'))).toHaveLength(1)
    expect(done).toContain('release eth0 192.0.2.100')
    loop.alarm()
    expect(world.take().filter((line) => /^(send|acquire)/.test(line))).toEqual([])
  })

  it('does so as well when the datagrams come before the alarm', () => {
    const { loop, role, hear, wake, sent } = active()
    wake(9000)
    hear(50)
    expect(sent()).toEqual([])
    hear(200)
    expect(role()).toBe('backup')
    expect(sent()).toHaveLength(1)
    loop.alarm()
    expect(role()).toBe('backup')
    expect(sent()).toEqual([])
  })

  it('goes on where only worse ones were active meanwhile: takes its addresses again and tells the hosts', () => {
    const { world, loop, role, hear, wake } = active()
    wake(9000)
    loop.alarm()
    hear(50)
    expect(world.take().filter((line) => !line.startsWith('journal'))).toEqual([])
    loop.alarm()
    expect(role()).toBe('active')
    const done = world.take()
    expect(done[0]).toBe('acquire eth0 192.0.2.100')
    expect(done.filter((line) => line.startsWith('announce')).length).toBeGreaterThan(1)
    expect(done.filter((line) => line.startsWith('send')).length).toBe(2)
  })

  it('yieldAfterStall: leaves the role, without preemption, to whoever took it over', () => {
    const changes = { preempt: { enabled: false, delayMs: 0 }, yieldAfterStall: 254 }
    const { world, loop, role, hear, wake } = active(changes)
    wake(9000)
    loop.alarm()
    expect(role()).toBe('backup')
    expect(world.transitions().at(-1)).toMatchObject({ from: 'active', to: 'backup', reason: 'stall' })
    hear(50)
    world.advance(loop, 3000)
    expect(role()).toBe('backup')
  })

  it('yieldAfterStall counts by the priority it is given', () => {
    const preempt = { enabled: false, delayMs: 0 }
    const patient = active({ preempt, yieldAfterStall: 1 })
    patient.wake(2500)
    patient.loop.alarm()
    expect(patient.role()).toBe('active')
    const quick = active({ preempt, yieldAfterStall: 254 })
    quick.wake(2500)
    quick.loop.alarm()
    expect(quick.role()).toBe('backup')
  })
})

describe('whoever was late by less', () => {
  it('advertises at once, and reports nothing', () => {
    const { loop, wake, stalls, sent } = active()
    wake(PATIENCE_MS)
    loop.alarm()
    expect(sent()).toHaveLength(1)
    expect(stalls()).toEqual([])
  })

  it('one moment more is a stall', () => {
    const { loop, wake, stalls } = active()
    wake(PATIENCE_MS + 0.01)
    loop.alarm()
    expect(stalls()).toHaveLength(1)
  })
})

describe('a backup that was not running', () => {
  it('listens before it takes over, and reports a stall longer than its own patience', () => {
    const world = new FakeWorld()
    const loop = new RouterLoop(world)
    loop.configure([routerConfig()])
    world.nowMs = (world.armedAt ?? 0) + 3000 + SKEW_100 + 1
    loop.alarm()
    expect(world.events.at(-1)?.body).toMatchObject({ kind: 'stall', virtualRouters: 1 })
    loop.datagram(advertisementFrom(routerConfig({ priority: 200 })))
    loop.alarm()
    expect(loop.status().virtualRouters[0]?.role).toBe('backup')
  })
})
