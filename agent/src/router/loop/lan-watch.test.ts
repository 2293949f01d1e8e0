import type { EventBody } from '@aloft/shared/protocol/events'
import { describe, expect, it } from 'vitest'
import { address, prefix, routerConfig } from '../../vrrp/examples.test.support.ts'
import { advertisementFrom, FakeWorld, PEER } from './fake-world.test.support.ts'
import { newInstance } from './instance.ts'
import { LanWatch } from './lan-watch.ts'
import { RouterLoop } from './router-loop.ts'

function running(config = routerConfig()) {
  const world = new FakeWorld()
  const loop = new RouterLoop(world)
  loop.configure([config])
  const found = () => world.events.flatMap(({ body }) => (body.kind === 'lan' ? [body] : []))
  return { world, loop, found }
}

describe('the loop', () => {
  it('log_unknown_vrids: tells of a foreign router once, and counts the rest', () => {
    const { loop, found } = running()
    const foreign = advertisementFrom(routerConfig({ vrid: 77, priority: 33 }))
    for (let i = 0; i < 5; i++) loop.datagram(foreign)
    expect(found()).toEqual([
      {
        ...{ kind: 'lan', finding: 'foreign-router', interface: 'eth0', family: 'ipv4', vrid: 77 },
        ...{ virtualRouter: null, source: PEER, evidence: { priority: 33 }, count: 1, windowMs: 0 },
      },
    ])
    expect(loop.status().findings).toMatchObject([{ finding: 'foreign-router', vrid: 77, count: 5 }])
  })

  it('RFC 9568 §7.1: an interval that differs is told at once, then once a minute with the count', () => {
    const { world, loop, found } = running()
    const slow = advertisementFrom(routerConfig({ priority: 200, advertisementIntervalMs: 2000 }))
    for (let i = 0; i < 61; i++) {
      loop.datagram(slow)
      world.advance(loop, 1000)
    }
    expect(found().map(({ count, windowMs }) => [count, windowMs])).toEqual([
      [1, 0],
      [59, 60_000],
    ])
    expect(loop.status().findings).toMatchObject([{ finding: 'interval', virtualRouter: 'web', count: 61 }])
  })

  it('tells what it has not told yet when it stops', () => {
    const { loop, found } = running()
    const other = advertisementFrom(routerConfig({ priority: 200, addresses: [prefix('192.0.2.9/24')] }))
    for (let i = 0; i < 3; i++) loop.datagram(other)
    loop.shutdown()
    expect(found().map(({ finding, count }) => [finding, count])).toEqual([
      ['address-list', 1],
      ['address-list', 2],
    ])
  })

  it('keepalived-and-vrrp.md §2.7: equal priority and equal source is told as a twin', () => {
    const { world, loop, found } = running(routerConfig({ priority: 150 }))
    world.advance(loop, 5000)
    loop.datagram(advertisementFrom(routerConfig({ priority: 150 }), { source: address('192.0.2.1') }))
    expect(found()).toMatchObject([{ finding: 'twin', source: '192.0.2.1', evidence: { priority: 150 } }])
  })
})

describe('RFC 5227 §2.4: an address that somebody else answers for', () => {
  const claim = { interfaceName: 'eth0', address: address('192.0.2.100'), mac: '02:00:00:00:00:09' }

  function active(roleSince: number) {
    const events: EventBody[] = []
    const instance = newInstance(routerConfig(), roleSince)
    instance.state = { role: 'active', advertiseAt: 0, reassertedAt: null }
    return { watch: new LanWatch((body) => void events.push(body)), instance, events }
  }

  it('is told with the other’s Ethernet address', () => {
    const { watch, instance, events } = active(0)
    watch.claimed(claim, [instance], 60_000)
    expect(events).toMatchObject([
      { finding: 'duplicate-address', source: '02:00:00:00:00:09', evidence: { address: '192.0.2.100' } },
    ])
  })

  it('is none while we are backup, nor for an address that is not ours, nor on another interface', () => {
    const { watch, instance, events } = active(0)
    watch.claimed({ ...claim, address: address('192.0.2.101') }, [instance], 60_000)
    watch.claimed({ ...claim, interfaceName: 'eth1' }, [instance], 60_000)
    instance.state = { role: 'fault' }
    watch.claimed(claim, [instance], 60_000)
    expect(events).toEqual([])
  })

  it('is none while a predecessor may still be answering', () => {
    const { watch, instance, events } = active(59_000)
    watch.claimed(claim, [instance], 60_000)
    expect(events).toEqual([])
  })
})

it('a flood of invented sources is counted together, and told of a bounded number of times', () => {
  const events: EventBody[] = []
  const watch = new LanWatch((body) => void events.push(body))
  for (let i = 0; i < 5_000; i++) {
    const source = address(`10.0.${i >> 8}.${i & 255}`)
    watch.foreign({ interfaceName: 'eth0', family: 'ipv4', source }, { vrid: 9, priority: 1 }, i)
  }
  expect(events.length).toBeLessThanOrEqual(513)
  expect(watch.totals().reduce((sum, { count }) => sum + count, 0)).toBe(5_000)
})
