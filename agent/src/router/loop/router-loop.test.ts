import { ANNOUNCEMENT_DEFAULTS } from '@aloft/shared/config/announcements-config'
import { describe, expect, it } from 'vitest'
import { vrrpChecksum } from '../../vrrp/checksum.ts'
import { LINGER_MS } from '../../vrrp/departure.ts'
import { address, prefix, routerConfig } from '../../vrrp/examples.test.support.ts'
import { advertisementFrom, FakeWorld, PEER, refusal } from './fake-world.test.support.ts'
import { RouterLoop } from './router-loop.ts'

const SKEW_100 = (156 * 1000) / 256
const DOWN_100 = 3000 + SKEW_100
const peer = routerConfig({ priority: 200 })
/** Announces each address once, for tests of something else. */
const announcements = { ...ANNOUNCEMENT_DEFAULTS, repeat: 1, delayMs: 0 }
const UP = { up: true, ipv4: address('192.0.2.1'), ipv6: address('fe80::1') }

function running(configs = [routerConfig()]) {
  const world = new FakeWorld()
  const loop = new RouterLoop(world)
  loop.configure(configs)
  world.take()
  return { world, loop }
}

function roles(loop: RouterLoop): string[] {
  return loop.status().virtualRouters.map(({ virtualRouter, role }) => `${virtualRouter} ${role}`)
}

/** What was done, without the bytes and the repetitions of announcing. */
function deeds(world: FakeWorld): string[] {
  const short = world.take().map((line) => line.replace(/^(send \S+ \S+) ....(..).*/, '$1 priority $2'))
  return short.filter((line, i) => line !== short[i - 1])
}

describe('a takeover', () => {
  it('is done in this order: advertise, acquire, announce, record', () => {
    const { world, loop } = running([routerConfig({ announcements })])
    world.advance(loop, DOWN_100)
    expect(deeds(world)).toEqual([
      'send eth0 192.0.2.1 priority 64',
      'acquire eth0 192.0.2.100',
      'announce eth0 192.0.2.100',
      'journal backup → active',
    ])
  })

  it('announces five times, and five times more after five seconds', () => {
    const { world, loop } = running()
    world.advance(loop, DOWN_100)
    const count = () => world.take().filter((line) => line.startsWith('announce')).length
    expect(count()).toBe(3)
    world.advance(loop, 100)
    expect(count()).toBe(2)
    world.advance(loop, 4899)
    expect(count()).toBe(0)
    world.advance(loop, 1)
    expect(count()).toBe(5)
    world.advance(loop, 60_000)
    expect(count()).toBe(0)
  })

  it('measures the outage from the last advertisement heard to the announcement sent', () => {
    const { world, loop } = running()
    world.announceMs = 0.25
    world.advance(loop, 500)
    loop.datagram(advertisementFrom(peer))
    world.advance(loop, 10_000)
    const [, taken] = world.transitions()
    expect(taken).toMatchObject({
      to: 'active',
      reason: 'no-response',
      heard: { address: PEER, priority: 200, agoMs: DOWN_100 },
      source: '192.0.2.1',
      outageMs: DOWN_100 + 0.25,
    })
  })

  it('says that the outage is unknown when nobody was heard', () => {
    const { world, loop } = running()
    world.advance(loop, DOWN_100)
    expect(world.transitions()[1]).toMatchObject({ to: 'active', heard: null, outageMs: null })
  })

  it('is recorded with the time of the decision', () => {
    const { world, loop } = running()
    const start = world.nowMs
    world.announceMs = 3
    world.advance(loop, DOWN_100)
    expect(world.events.at(-1)?.at).toBe(start + DOWN_100)
  })
})

describe('the alarm', () => {
  it('stands at the earliest of all deadlines', () => {
    const { world } = running([
      routerConfig(),
      routerConfig({ name: 'fast', vrid: 52, advertisementIntervalMs: 10 }),
    ])
    expect(world.armedAt).toBe(world.nowMs + 30 + (156 * 10) / 256)
  })

  it('is not set anew for every advertisement heard', () => {
    const { world, loop } = running()
    const before = world.alarmsSet
    for (let i = 0; i < 1000; i++) {
      world.nowMs += 1
      loop.datagram(advertisementFrom(peer))
    }
    expect(world.alarmsSet).toBe(before)
  })

  it('rung for nothing, is set to where the deadline went', () => {
    const { world, loop } = running()
    world.advance(loop, 1000)
    loop.datagram(advertisementFrom(peer))
    world.advance(loop, DOWN_100 - 1000)
    expect(roles(loop)).toEqual(['web backup'])
    expect(world.armedAt).toBe(world.nowMs + 1000)
  })

  it('is off when there is nothing to wait for', () => {
    const { world, loop } = running()
    loop.configure([])
    expect(world.armedAt).toBeNull()
  })

  it('rung late, a backup waits for the datagrams that came meanwhile', () => {
    const { world, loop } = running()
    world.nowMs += DOWN_100 + 500
    loop.alarm()
    expect(roles(loop)).toEqual(['web backup'])
    expect(world.armedAt).toBe(world.nowMs)
    loop.datagram(advertisementFrom(peer))
    loop.alarm()
    expect(roles(loop)).toEqual(['web backup'])
  })

  it('rung late, a backup waits once only', () => {
    const { world, loop } = running()
    world.nowMs += DOWN_100 + 500
    loop.alarm()
    loop.alarm()
    expect(roles(loop)).toEqual(['web active'])
  })

  it('rung late, an active advertises without waiting: its peers are about to give up on it', () => {
    const { world, loop } = running([routerConfig({ priority: 255, announcements })])
    world.nowMs += 2900
    loop.alarm()
    expect(deeds(world)).toEqual(['send eth0 192.0.2.1 priority ff'])
  })

  it('keeps a thousand routers at their pace', () => {
    const configs = Array.from({ length: 1000 }, (_, i) =>
      routerConfig({ name: `r${i}`, interface: `eth${i % 4}`, vrid: 1 + Math.floor(i / 4), priority: 255 }),
    )
    const world = new FakeWorld()
    for (let i = 0; i < 4; i++) world.linkStates.set(`eth${i}`, UP)
    const loop = new RouterLoop(world)
    loop.configure(configs)
    world.advance(loop, 10_000)
    const sent = loop.status().virtualRouters.map(({ counters }) => counters.advertisementsSent)
    expect(new Set(sent)).toEqual(new Set([11]))
  })
})

describe('discards', () => {
  const good = advertisementFrom(peer)
  const changed = (offset: number, value: number) => {
    const payload = Uint8Array.from(good.payload)
    payload[offset] = value
    return { ...good, payload }
  }

  it.each([
    ['ip-ttl', { ...good, ttl: 254 }],
    ['truncated', { ...good, payload: good.payload.subarray(0, 7) }],
    ['version', changed(0, 0x41)],
    ['type', changed(0, 0x32)],
    ['packet-length', { ...good, payload: good.payload.subarray(0, 11) }],
    ['checksum', changed(2, 201)],
    ['vrid', advertisementFrom(routerConfig({ vrid: 52 }))],
    ['version', advertisementFrom(routerConfig({ version: 2 }))],
  ])('%s: counted, told, and the state unmoved', (reason, datagram) => {
    const { world, loop } = running()
    const before = world.armedAt
    world.advance(loop, 100)
    loop.datagram(datagram)
    expect(loop.status().discards).toEqual([{ interface: 'eth0', reason, count: 1 }])
    expect(world.events.at(-1)?.body).toMatchObject({
      kind: 'protocol-error',
      reason,
      count: 1,
      source: PEER,
    })
    world.advance(loop, DOWN_100 - 100)
    expect(before).toBe(world.nowMs)
    expect(roles(loop)).toEqual(['web active'])
  })

  it.each([
    ['zero-count', [0x31, 51, 200, 0, 0, 100]],
    ['zero-interval', [0x31, 51, 200, 1, 0, 0, 192, 0, 2, 100]],
  ])('%s: counted, and the state unmoved', (reason, [first = 0, ...rest]) => {
    const head = [first, ...rest.slice(0, 5)]
    const payload = Uint8Array.from([...head, 0, 0, ...rest.slice(5)])
    const checksum = vrrpChecksum(payload, null)
    payload.set([checksum >> 8, checksum & 0xff], 6)
    const { world, loop } = running()
    loop.datagram({ ...good, payload })
    expect(loop.status().discards).toEqual([{ interface: 'eth0', reason, count: 1 }])
    world.advance(loop, DOWN_100)
    expect(roles(loop)).toEqual(['web active'])
  })

  it('of v2: authentication and interval, each by its name, and none is heard', () => {
    const secret = { type: 'simple', password: 'secret' } as const
    const ours = routerConfig({ version: 2, authentication: secret })
    const { world, loop } = running([ours])
    loop.datagram(advertisementFrom({ ...ours, priority: 200, authentication: { type: 'none' } }))
    loop.datagram(advertisementFrom({ ...ours, priority: 200, authentication: { ...secret, password: 'x' } }))
    loop.datagram(advertisementFrom({ ...ours, priority: 200, advertisementIntervalMs: 2000 }))
    expect(loop.status().discards.map(({ reason }) => reason)).toEqual([
      'authentication-type',
      'authentication-failure',
      'interval-mismatch',
    ])
    expect(loop.status().virtualRouters[0]?.counters.advertisementsReceived).toBe(0)
    world.advance(loop, DOWN_100)
    expect(roles(loop)).toEqual(['web active'])
  })

  it('ip-header: a packet nothing could be made of is counted, told, and the state unmoved', () => {
    const { world, loop } = running()
    loop.undecodable({ interfaceName: 'eth0', family: 'ipv4', source: PEER })
    loop.undecodable({ interfaceName: 'eth9', family: 'ipv4', source: PEER })
    expect(loop.status().discards).toEqual([{ interface: 'eth0', reason: 'ip-header', count: 1 }])
    const told = { kind: 'protocol-error', interface: 'eth0', vrid: null, reason: 'ip-header', source: PEER }
    expect(world.events.at(-1)?.body).toEqual({ ...told, count: 1, windowMs: 0 })
    world.advance(loop, DOWN_100)
    expect(roles(loop)).toEqual(['web active'])
  })

  it('of an active’s own advertisement, reflected: counted, not answered', () => {
    const own = routerConfig({ priority: 255 })
    const { world, loop } = running([own])
    loop.datagram(advertisementFrom(own, { source: address('192.0.2.1') }))
    expect(deeds(world)).toEqual(['journal lan', 'journal protocol-error'])
    expect(loop.status().discards).toEqual([{ interface: 'eth0', reason: 'own-advertisement', count: 1 }])
  })

  it('while in fault an advertisement is neither heard nor an error', () => {
    const { world, loop } = running([routerConfig({ interface: 'eth7' })])
    world.take()
    loop.datagram(advertisementFrom({ ...peer, interface: 'eth7' }))
    expect(world.take()).toEqual([])
    expect(loop.status().discards).toEqual([])
  })

  it('a flood of one kind is one event now and one a minute later, with the number', () => {
    const { world, loop } = running()
    for (let i = 0; i < 500; i++) loop.datagram({ ...good, ttl: 1 })
    const told = () => world.events.flatMap(({ body }) => (body.kind === 'protocol-error' ? [body] : []))
    expect(told()).toMatchObject([{ count: 1, windowMs: 0, vrid: 51 }])
    world.advance(loop, 59_999)
    expect(told()).toHaveLength(1)
    world.advance(loop, 1)
    expect(told()).toMatchObject([{ count: 1 }, { count: 499, windowMs: 60_000 }])
    world.advance(loop, 600_000)
    expect(told()).toHaveLength(2)
  })

  it('what has not waited its minute is told at shutdown', () => {
    const { world, loop } = running()
    for (let i = 0; i < 3; i++) loop.datagram({ ...good, ttl: 1 })
    loop.shutdown()
    expect(world.events.at(-1)?.body).toMatchObject({ kind: 'protocol-error', count: 2 })
    expect(world.armedAt).toBeNull()
  })

  it('a neighbour’s VRID is told once, and then only counted', () => {
    const { world, loop } = running()
    for (let i = 0; i < 3; i++) {
      loop.datagram(advertisementFrom(routerConfig({ vrid: 52 })))
      world.advance(loop, 100_000)
    }
    expect(world.events.filter(({ body }) => body.kind === 'protocol-error')).toHaveLength(1)
    expect(loop.status().discards).toEqual([{ interface: 'eth0', reason: 'vrid', count: 3 }])
  })

  it('what arrives on an interface that nobody uses is nobody’s', () => {
    const { loop } = running()
    loop.datagram({ ...good, interfaceName: 'eth9', ttl: 1 })
    expect(loop.status().discards).toEqual([])
  })
})

describe('links', () => {
  it('down: an active resigns and releases; up: it listens again with a fresh timer', () => {
    const { world, loop } = running()
    world.advance(loop, DOWN_100)
    world.take()
    world.linkStates.set('eth0', { ...UP, up: false })
    loop.linkChanged('eth0')
    expect(deeds(world)).toEqual([
      'journal link',
      'send eth0 192.0.2.1 priority 00',
      'release eth0 192.0.2.100',
      'journal active → fault',
    ])
    world.advance(loop, 10_000)
    world.linkStates.set('eth0', UP)
    loop.linkChanged('eth0')
    expect(deeds(world)).toEqual(['journal link', 'journal fault → backup'])
    expect(world.armedAt).toBe(world.nowMs + DOWN_100)
    expect(world.transitions().map(({ reason }) => reason)).toEqual([
      'startup',
      'priority',
      'interface-down',
      'interface-up',
    ])
  })

  it('missing at start: fault; appearing: takes part', () => {
    const { world, loop } = running([routerConfig({ interface: 'eth7' })])
    expect(world.transitions()).toMatchObject([{ from: 'initialize', to: 'fault', reason: 'interface-down' }])
    const fault = () => loop.status().virtualRouters[0]?.faults?.[0]?.reason
    expect(fault()).toBe('interface-missing')
    world.linkStates.set('eth7', { ...UP, up: false })
    loop.linkChanged('eth7')
    expect(fault()).toBe('interface-down')
    world.linkStates.set('eth7', { ...UP, ipv4: null })
    loop.linkChanged('eth7')
    expect(fault()).toBe('no-primary-ip-address')
    world.linkStates.set('eth7', UP)
    loop.linkChanged('eth7')
    expect(roles(loop)).toEqual(['web backup'])
  })

  it('without a primary address: fault by that name', () => {
    const { world, loop } = running()
    world.linkStates.set('eth0', { ...UP, ipv4: null })
    loop.linkChanged('eth0')
    expect(world.transitions().at(-1)).toMatchObject({ to: 'fault', reason: 'no-primary-ip-address' })
    // A second cause is not a second transition.
    world.linkStates.set('eth0', null)
    loop.linkChanged('eth0')
    expect(world.transitions()).toHaveLength(2)
  })

  it('a configured source address needs no primary one', () => {
    const world = new FakeWorld()
    world.linkStates.set('eth0', { ...UP, ipv4: null })
    const loop = new RouterLoop(world)
    loop.configure([routerConfig({ sourceAddress: address('192.0.2.77'), priority: 255 })])
    expect(world.done).toContainEqual(expect.stringContaining('send eth0 192.0.2.77'))
  })

  it('the owner may have no other address than the one it owns', () => {
    const world = new FakeWorld()
    world.linkStates.set('eth0', { ...UP, ipv4: null })
    const loop = new RouterLoop(world)
    loop.configure([routerConfig({ priority: 255 })])
    expect(world.done).toContainEqual(expect.stringContaining('send eth0 192.0.2.100'))
  })

  it('a changed primary address is advertised from with the next advertisement', () => {
    const { world, loop } = running([routerConfig({ priority: 255, announcements })])
    world.linkStates.set('eth0', { ...UP, ipv4: address('192.0.2.42') })
    loop.linkChanged('eth0')
    world.advance(loop, 1000)
    expect(deeds(world)).toEqual(['send eth0 192.0.2.42 priority ff'])
  })

  it('the same state told twice changes nothing and is no event', () => {
    const { world, loop } = running()
    loop.linkChanged('eth0')
    loop.linkChanged('eth9')
    expect(world.take()).toEqual([])
  })
})

describe('configure', () => {
  const web = routerConfig()
  const mail = routerConfig({ name: 'mail', vrid: 60, priority: 255 })

  it('opens each interface and family once, and closes what nobody uses any more', () => {
    const world = new FakeWorld()
    const loop = new RouterLoop(world)
    world.linkStates.set('eth1', UP)
    loop.configure([web, mail, routerConfig({ interface: 'eth1' })])
    expect(world.take().filter((line) => line.startsWith('open'))).toEqual([
      'open eth0 ipv4',
      'open eth1 ipv4',
    ])
    loop.configure([web])
    expect(world.take().filter((line) => /open|close/.test(line))).toEqual(['close eth1 ipv4'])
  })

  it('leaves what is the same untouched, whatever the order of keys', () => {
    const { world, loop } = running([web, mail])
    world.advance(loop, 500)
    world.take()
    const before = loop.status()
    const { name, ...rest } = mail
    loop.configure([{ ...rest, name }, web, routerConfig({ name: 'new', vrid: 61 })])
    expect(world.take()).toEqual(['journal initialize → backup'])
    const after = loop.status().virtualRouters.filter(({ virtualRouter }) => virtualRouter !== 'new')
    expect(after).toEqual(before.virtualRouters)
    expect(world.transitions().at(-1)?.reason).toBe('configuration')
  })

  it('stops what is gone and starts what is new, what became another is both', () => {
    const { world, loop } = running([web, mail])
    loop.configure([web, { ...mail, name: 'post', addresses: [prefix('192.0.2.200/24')] }])
    expect(deeds(world)).toEqual([
      'send eth0 192.0.2.1 priority 00',
      'journal active → initialize',
      'send eth0 192.0.2.1 priority ff',
      'acquire eth0 192.0.2.200',
      'announce eth0 192.0.2.200',
      'journal initialize → active',
    ])
    loop.configure([])
    expect(roles(loop)).toEqual(['post initialize'])
    world.advance(loop, 1_100)
    expect(roles(loop)).toEqual([])
  })

  it('refuses two routers of one interface, family and VRID whole', () => {
    const { world, loop } = running([web])
    const before = world.recording.length
    expect(() => loop.configure([mail, { ...mail, name: 'double' }])).toThrow(
      'share interface, family and VRID',
    )
    expect(roles(loop)).toEqual(['web backup'])
    expect(world.recording).toHaveLength(before)
    expect(world.take()).toEqual([])
  })

  it('one VRID serves both families on one interface', () => {
    const six = routerConfig({ name: 'six', family: 'ipv6', addresses: [prefix('fe80::100/64')] })
    const { world, loop } = running([web, six])
    loop.datagram(advertisementFrom({ ...six, priority: 200 }, { source: address('fe80::2') }))
    world.advance(loop, DOWN_100 - 1 + 1)
    expect(roles(loop)).toEqual(['web active', 'six active'])
    expect(loop.status().virtualRouters.map(({ counters }) => counters.advertisementsReceived)).toEqual([
      0, 1,
    ])
  })
})

describe('resuming', () => {
  it('goes on as active: no transition, the address taken again, recorded as resumed', () => {
    const world = new FakeWorld()
    const loop = new RouterLoop(world)
    loop.configure([routerConfig()], { resume: [{ key: 'eth0 ipv4 51', gapMs: 120 }] })
    expect(deeds(world)).toEqual([
      'open eth0 ipv4',
      'send eth0 192.0.2.1 priority 64',
      'acquire eth0 192.0.2.100',
      'announce eth0 192.0.2.100',
      'journal resumed',
    ])
    expect(world.events[0]?.body).toMatchObject({ kind: 'resumed', role: 'active', gapMs: 120, vrid: 51 })
    expect(roles(loop)).toEqual(['web active'])
  })

  it('on a dead link gives the address back instead', () => {
    const world = new FakeWorld()
    world.linkStates.set('eth0', { ...UP, up: false })
    const loop = new RouterLoop(world)
    loop.configure([routerConfig()], { resume: [{ key: 'eth0 ipv4 51', gapMs: 120 }] })
    expect(deeds(world)).toEqual(['open eth0 ipv4', 'release eth0 192.0.2.100', 'journal initialize → fault'])
  })
})

describe('an address that could not be added', () => {
  it('is tried again a second later, and shown', () => {
    const { world, loop } = running([routerConfig({ priority: 255, announcements })])
    loop.holdingFailed(refusal('192.0.2.100/24 dev eth0'))
    loop.holdingFailed(refusal('192.0.2.100/24 dev eth0', 'ENOSPC'))
    world.advance(loop, 999)
    expect(world.take()).toEqual(['journal holding-refused'])
    world.advance(loop, 1)
    expect(deeds(world)).toContain('acquire eth0 192.0.2.100')
    expect(loop.status().holdingFailures).toEqual([
      { ...refusal('192.0.2.100/24 dev eth0', 'ENOSPC'), count: 2 },
    ])
    world.advance(loop, 3000)
    expect(deeds(world)).not.toContain('acquire eth0 192.0.2.100')
  })

  it('is not tried again by a router that is no longer active, nor by another', () => {
    const { world, loop } = running([
      routerConfig({ priority: 250 }),
      routerConfig({ name: 'b', vrid: 9, addresses: [prefix('192.0.2.9/24')] }),
    ])
    world.advance(loop, 30_000)
    loop.holdingFailed(refusal('192.0.2.100/24 dev eth0'))
    loop.datagram(advertisementFrom(routerConfig({ priority: 255 })))
    world.take()
    world.advance(loop, 2500)
    expect(deeds(world).filter((line) => line.startsWith('acquire'))).toEqual([])
  })
})

describe('status', () => {
  it('names the active we hear, and ourselves when we are', () => {
    const { world, loop } = running()
    expect(loop.status().virtualRouters[0]).toMatchObject({ role: 'backup', active: null })
    loop.datagram(advertisementFrom(peer))
    expect(loop.status().virtualRouters[0]).toMatchObject({ active: { address: PEER, priority: 200 } })
    loop.datagram(advertisementFrom(peer, { priority: 0 }))
    expect(loop.status().virtualRouters[0]).toMatchObject({ active: null })
    world.advance(loop, SKEW_100)
    expect(loop.status().virtualRouters[0]).toMatchObject({
      role: 'active',
      active: { address: '192.0.2.1', priority: 100 },
      sinceWallMs: world.clock.wallMs(),
    })
  })

  it('counts what was sent, received in which form, and not sent', () => {
    const { world, loop } = running()
    loop.datagram(advertisementFrom(peer))
    loop.datagram(advertisementFrom({ ...peer, checksum: 'message-only' }))
    world.advance(loop, DOWN_100)
    world.canSend = false
    world.advance(loop, 1000)
    expect(loop.status().virtualRouters[0]?.counters).toEqual({
      advertisementsSent: 1,
      advertisementsReceived: 2,
      sendErrors: 1,
      becameActive: 1,
      checksumWithPseudoHeader: 1,
      checksumMessageOnly: 1,
      firstAddressNotLinkLocal: 0,
    })
  })
})

describe('shutdown', () => {
  it('resigns, releases, records and closes; afterwards nothing happens any more', () => {
    const { world, loop } = running([routerConfig({ priority: 255 })])
    loop.shutdown()
    expect(deeds(world)).toEqual(['send eth0 192.0.2.1 priority 00', 'journal active → initialize'])
    loop.datagram(advertisementFrom(peer))
    world.advance(loop, LINGER_MS)
    expect(deeds(world)).toEqual(['release eth0 192.0.2.100', 'close eth0 ipv4'])
    loop.datagram(advertisementFrom(peer))
    loop.linkChanged('eth0')
    loop.alarm()
    expect(world.take()).toEqual([])
    expect(world.armedAt).toBeNull()
  })

  it('sets no alarm in a world that `gone` has closed, whatever was still to be told', () => {
    const { world, loop } = running([routerConfig({ priority: 255 })])
    let isGone = false
    const { set } = world.alarm
    world.alarm.set = (atMs) => {
      if (isGone) throw new Error('the descriptor is closed')
      set(atMs)
    }
    loop.shutdown(() => {
      isGone = true
    })
    // A discard is told a minute after the first.
    loop.datagram({ ...advertisementFrom(peer), ttl: 1 })
    loop.datagram({ ...advertisementFrom(peer), ttl: 1 })
    world.advance(loop, 10_000)
    expect(isGone).toBe(true)
  })
})
