import { describe, expect, it } from 'vitest'
import { routerConfig } from '../../vrrp/examples.test.support.ts'
import { advertisementFrom, FakeWorld } from './fake-world.test.support.ts'
import { adoptable, type HandedOver } from './handed-over.ts'
import { replay } from './replay.ts'
import { RouterLoop } from './router-loop.ts'

const web = routerConfig()

/** A loop that has handed over what it had after so long. */
function handedAfter(ms: number, hear: { atMs: number; priority: number } | null = null) {
  const world = new FakeWorld()
  const loop = new RouterLoop(world)
  loop.configure([web])
  if (hear) {
    world.advance(loop, hear.atMs)
    loop.datagram(advertisementFrom(routerConfig({ priority: hear.priority })))
  }
  world.advance(loop, ms - (hear?.atMs ?? 0))
  world.take()
  const routers = loop.handOver()
  return { world, loop, handed: { bootId: 'boot', atMonoMs: world.nowMs, routers } satisfies HandedOver }
}

function successor(handed: HandedOver, afterMs = 20) {
  const world = new FakeWorld()
  world.nowMs = handed.atMonoMs + afterMs
  const loop = new RouterLoop(world)
  const adopted = adoptable(handed, { bootId: 'boot', nowMs: world.nowMs, routers: [web] })
  loop.configure([web], { adopted })
  return { world, loop, adopted }
}

describe('a hand-over', () => {
  it('of an active: no advertisement, no announcement, no transition; addresses are taken up as they are', () => {
    const { handed } = handedAfter(5_000)
    const { world, loop } = successor(handed)
    expect(world.take().filter((each) => !each.startsWith('open'))).toEqual(['acquire eth0 192.0.2.100'])
    expect(loop.status().virtualRouters).toMatchObject([{ role: 'active' }])
    expect(world.transitions()).toEqual([])
  })

  it('of an active: its next advertisement comes when it was due, and its counters go on', () => {
    const { handed, loop: before } = handedAfter(5_000)
    const { world, loop } = successor(handed)
    const sent = before.status().virtualRouters[0]?.counters.advertisementsSent ?? 0
    world.advance(loop, 1_000)
    expect(loop.status().virtualRouters[0]?.counters.advertisementsSent).toBe(sent + 1)
  })

  it('of a backup: its timer runs on', () => {
    const { handed } = handedAfter(2_000, { atMs: 500, priority: 200 })
    const { world, loop } = successor(handed)
    world.advance(loop, 500 + 3_609 - 2_000 - 20 - 1)
    expect(loop.status().virtualRouters).toMatchObject([{ role: 'backup' }])
    world.advance(loop, 2)
    expect(world.transitions()).toMatchObject([{ from: 'backup', to: 'active', reason: 'no-response' }])
  })

  it('leaves the predecessor nothing to do: it sends nothing, and releases nothing', () => {
    const { world, loop } = handedAfter(5_000)
    world.advance(loop, 60_000)
    loop.datagram(advertisementFrom(routerConfig({ priority: 250 })))
    loop.alarm()
    expect(world.take()).toEqual([])
  })

  it('of one whose link went down meanwhile is a fault, and nothing is held', () => {
    const { handed } = handedAfter(5_000)
    const world = new FakeWorld()
    world.nowMs = handed.atMonoMs + 20
    world.linkStates.set('eth0', { up: false, ipv4: null, ipv6: null })
    const loop = new RouterLoop(world)
    loop.configure([web], { adopted: handed.routers })
    expect(world.take()).toContain('release eth0 192.0.2.100')
    expect(loop.status().virtualRouters).toMatchObject([{ role: 'fault' }])
  })

  it('is replayed as it was', () => {
    const { handed } = handedAfter(5_000)
    const { world, loop } = successor(handed)
    world.advance(loop, 3_000)
    const outputs = replay(JSON.parse(JSON.stringify(world.recording)))
    expect(outputs.filter(({ output }) => output.do === 'send')).toHaveLength(3)
  })
})

describe('a state is never adopted', () => {
  const { handed } = handedAfter(5_000)
  const now = { bootId: 'boot', nowMs: handed.atMonoMs + 20, routers: [web] }

  it.each([
    ['of another boot', { ...now, bootId: 'other' }],
    ['that is as old as the peers are patient', { ...now, nowMs: handed.atMonoMs + 2_000 }],
    ['of the future', { ...now, nowMs: handed.atMonoMs - 1 }],
    ['of another configuration', { ...now, routers: [{ ...web, priority: 99 }] }],
    ['of a router that is configured no more', { ...now, routers: [] }],
  ])('%s', (_, question) => {
    expect(adoptable(handed, now)).toHaveLength(1)
    expect(adoptable(handed, question)).toEqual([])
  })
})
