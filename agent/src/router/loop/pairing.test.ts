/** BFD in the loop: sessions nobody asked for, those of the config, and what both do to virtual routers. */
import { AGENT_DEFAULTS } from '@aloft/shared/config/agent-config'
import type { BfdSessionConfig } from '@aloft/shared/config/bfd-config'
import type { Address } from '@aloft/shared/network/address'
import { describe, expect, it } from 'vitest'
import { type ControlPacket, decodeControlPacket, encodeControlPacket } from '../../bfd/packet.ts'
import { address, prefix, routerConfig } from '../../vrrp/examples.test.support.ts'
import type { BfdDatagram, BfdPath } from '../../world/bfd-links.ts'
import { advertisementFrom, FakeWorld, PEER } from './fake-world.test.support.ts'
import { hexOf } from './hex.ts'
import { replay } from './replay.ts'
import { RouterLoop } from './router-loop.ts'

const OWN = address('192.0.2.1')
const STRANGER = address('192.0.2.77')
const core: BfdSessionConfig = {
  ...{ name: 'core', neighbor: PEER, source: null, interface: null, minTxMs: 10, minRxMs: 10 },
  ...{ idleTxMs: 1_000, multiplier: 3, passive: false, multihop: false, ttl: 255, maxHops: null },
}

class BfdWorld extends FakeWorld {
  readonly sentBfd: { readonly at: number; readonly to: Address; readonly packet: ControlPacket }[] = []
  refusal: string | null = null
  #drawn = 0
  readonly bfd = {
    listen: () => this.refusal,
    ignore: () => {},
    send: ({ remote }: BfdPath, payload: Uint8Array) => {
      const packet = decodeControlPacket(payload)
      if ('malformed' in packet) throw new Error(packet.malformed)
      this.sentBfd.push({ at: this.nowMs, to: remote, packet })
      return true
    },
    close: () => {},
    draw: () => {
      this.#drawn = (this.#drawn + 0.137) % 1
      return this.#drawn
    },
  }

  constructor() {
    super()
    const prefixes = [prefix('192.0.2.1/24')]
    this.linkStates.set('eth0', { up: true, ipv4: OWN, ipv6: null, prefixes })
  }
}

function running(changes: Parameters<typeof routerConfig>[0] = {}, bfd: readonly BfdSessionConfig[] = []) {
  const world = new BfdWorld()
  const loop = new RouterLoop(world)
  const config = routerConfig(changes)
  loop.configure([config], { settings: { ...AGENT_DEFAULTS, bfd } })
  const advertise = (source = PEER) =>
    loop.datagram(advertisementFrom({ ...config, priority: 200 }, { source }))
  const hear = (packet: Partial<ControlPacket>, datagram: Partial<BfdDatagram> = {}) => {
    const mine = world.sentBfd.at(-1)?.packet.myDiscriminator ?? 0
    const payload = encodeControlPacket({
      ...{ state: 'up', diagnostic: 0, poll: false, final: false, controlPlaneIndependent: false },
      ...{ demand: false, multiplier: 3, myDiscriminator: 99, yourDiscriminator: mine },
      ...{ desiredMinTxUs: 50_000, requiredMinRxUs: 50_000, requiredMinEchoRxUs: 0 },
      ...packet,
    })
    const common = { interfaceName: 'eth0', hops: 'single-hop', destination: OWN, ttl: 255 } as const
    loop.bfd({ ...common, source: PEER, payload, ...datagram })
  }
  const session = () => loop.status().bfd?.sessions[0]
  const role = () => loop.status().virtualRouters[0]?.role
  /** A backup whose session with the active is up. */
  const paired = () => {
    advertise()
    world.advance(loop, 1)
    hear({ state: 'down' })
    hear({ state: 'up', final: true })
    hear({ state: 'up', final: true })
    expect(session()?.state).toBe('up')
  }
  return { world, loop, config, advertise, hear, session, role, paired }
}

const stranger = { state: 'down', yourDiscriminator: 0, desiredMinTxUs: 1_000_000 } as const

describe('a backup', () => {
  it('that hears an active on its link speaks to it, at once', () => {
    const { world, loop, advertise, session } = running()
    advertise()
    world.advance(loop, 1)
    expect(world.sentBfd).toMatchObject([{ to: PEER, packet: { state: 'down', yourDiscriminator: 0 } }])
    expect(session()).toMatchObject({
      name: null,
      interface: 'eth0',
      local: OWN,
      remote: PEER,
      passive: false,
    })
  })

  it('leaves an active alone that is not on its link', () => {
    const { world, loop, advertise } = running()
    advertise(address('203.0.113.9'))
    world.advance(loop, 10_000)
    expect(world.sentBfd).toEqual([])
  })

  it.each([
    ['pairing is off', { pairing: null }],
    ['silent advertisements tell sooner', { advertisementIntervalMs: 40 }],
  ])('leaves its active alone where %s', (_why, changes) => {
    const { world, loop, advertise } = running(changes)
    advertise()
    world.advance(loop, 100)
    expect(world.sentBfd).toEqual([])
  })

  it('has one session with an active, however many routers that is active for', () => {
    const world = new BfdWorld()
    const loop = new RouterLoop(world)
    const configs = Array.from({ length: 250 }, (_, i) =>
      routerConfig({ name: `r${i}`, vrid: i + 1, addresses: [prefix(`192.0.3.${i}/24`)] }),
    )
    loop.configure(configs)
    for (const config of configs)
      loop.datagram(advertisementFrom({ ...config, priority: 200 }, { source: PEER }))
    world.advance(loop, 1)
    expect(loop.status().bfd?.sessions).toHaveLength(1)
  })

  it('speaks from its new address when it has another', () => {
    const { world, loop, advertise, paired, session } = running()
    paired()
    const own = address('192.0.2.5')
    world.linkStates.set('eth0', { up: true, ipv4: own, ipv6: null, prefixes: [prefix('192.0.2.5/24')] })
    loop.linkChanged('eth0')
    advertise()
    expect(session()).toMatchObject({ local: own, state: 'down' })
    expect(loop.status().bfd?.sessions).toHaveLength(1)
  })

  it('soon asks a router without BFD but once a minute', () => {
    const { world, loop, advertise } = running()
    for (let second = 0; second < 600; second++) {
      advertise()
      world.advance(loop, 1_000)
    }
    expect(world.sentBfd.length).toBeGreaterThan(10)
    expect(world.sentBfd.length).toBeLessThan(40)
  })
})

describe('the loss of a paired active', () => {
  it('is acted on after the detection time and a skew, and says who noticed', () => {
    const { world, loop, paired, role } = running()
    paired()
    const lostAt = world.nowMs + 150
    world.advance(loop, 149)
    expect(role()).toBe('backup')
    world.advance(loop, 30)
    expect(role()).toBe('active')
    const { body, at } =
      world.events.find(({ body }) => body.kind === 'transition' && body.to === 'active') ?? {}
    expect(body).toMatchObject({ reason: 'no-response', detectedBy: 'bfd' })
    // Priority 100: 156/256 of half an interval.
    expect(at).toBeCloseTo(lostAt + (156 / 256) * 25, 3)
    expect(world.events.find(({ body }) => body.kind === 'bfd' && body.to === 'down')?.body).toMatchObject({
      ...{ session: null, remote: PEER, diagnostic: 'detection-time-expired', detectionMs: 150 },
      activeLost: true,
    })
  })

  it('is none where the active says goodbye to the session, or its process is another', () => {
    for (const state of ['admin-down', 'down'] as const) {
      const { world, loop, paired, hear, role, session } = running()
      paired()
      hear({ state })
      world.advance(loop, 200)
      expect(session()?.state).toBe('down')
      expect(role()).toBe('backup')
    }
  })

  it('waits for an active whose advertisement was heard since', () => {
    const { world, loop, paired, advertise, role } = running()
    paired()
    world.advance(loop, 100)
    advertise()
    world.advance(loop, 140)
    expect(role()).toBe('backup')
    world.advance(loop, 40)
    expect(role()).toBe('active')
  })

  it('is not believed by who was late himself: what waits comes first, then one more detection time', () => {
    const { world, loop, paired, hear, role, session } = running()
    paired()
    // The process was held up: its alarm rings 400 ms late.
    world.nowMs += 550
    world.armedAt = null
    loop.alarm()
    expect(session()?.state).toBe('up')
    world.advance(loop, 149)
    expect(role()).toBe('backup')
    hear({})
    world.advance(loop, 140)
    expect(session()?.state).toBe('up')
    world.advance(loop, 50)
    expect(role()).toBe('active')
  })

  it('is not believed by who was late himself, though another session sends in its company', () => {
    const { world, loop, advertise, hear } = running({}, [{ ...core, interface: 'eth0', neighbor: STRANGER }])
    advertise()
    world.advance(loop, 1)
    const mine = (remote: Address) =>
      world.sentBfd.findLast(({ to }) => to === remote)?.packet.myDiscriminator
    const hearUp = (source: Address, multiplier: number) => {
      const packet = { multiplier, yourDiscriminator: mine(source) ?? 0 }
      hear({ ...packet, state: 'down' }, { source })
      hear({ ...packet, state: 'up', final: true }, { source })
      hear({ ...packet, state: 'up', final: true }, { source })
    }
    hearUp(STRANGER, 100)
    hearUp(PEER, 3)
    // Late for the active, but not for the other one, to which a packet is due.
    world.nowMs += 250
    loop.alarm()
    const states = loop.status().bfd?.sessions.map(({ remote, state }) => `${remote} ${state}`)
    expect(states).toEqual([`${STRANGER} up`, `${PEER} up`])
  })
})

describe('a session whose other end never said that it was up', () => {
  it('is no loss of the active when it ends: whoever was killed then has a successor that knows nothing of it', () => {
    const { world, loop, advertise, hear, role, session } = running()
    advertise()
    world.advance(loop, 1)
    hear({ state: 'init', desiredMinTxUs: 1_000_000 })
    expect(session()).toMatchObject({ state: 'up', detectionMs: 3_000 })
    for (let second = 0; second < 3; second++) {
      advertise()
      world.advance(loop, 1_000)
    }
    advertise()
    expect(session()?.state).toBe('down')
    expect(role()).toBe('backup')
    const ends = world.events.filter(({ body }) => body.kind === 'bfd' && body.from === 'up')
    expect(ends.map(({ body }) => body)).toMatchObject([{ activeLost: false }])
  })
})

describe('RFC 5880 §6.8.7: a packet heard', () => {
  it('has ours sent in the same turn once the jitter allows it, and not before', () => {
    const { world, loop, paired, hear } = running()
    paired()
    const sentAt = () => world.sentBfd.at(-1)?.at ?? 0
    world.advance(loop, 60)
    const last = sentAt()
    world.nowMs = last + 37
    hear({})
    expect(sentAt()).toBe(last)
    world.nowMs = last + 38
    hear({})
    expect(sentAt()).toBe(last + 38)
  })

  it('is answered by no more than one packet a turn', () => {
    const { world, loop, paired, hear } = running()
    paired()
    world.advance(loop, 60)
    world.nowMs = (world.sentBfd.at(-1)?.at ?? 0) + 38
    const before = world.sentBfd.length
    hear({ poll: true })
    expect(world.sentBfd.length).toBe(before + 1)
    expect(world.sentBfd.at(-1)?.packet.final).toBe(true)
  })
})

describe('the alarm', () => {
  it('moves with each packet of a session, and does not ring where the last one was expected', () => {
    const { world, hear, paired } = running()
    paired()
    world.nowMs += 45
    const before = world.sentBfd.length
    hear({ state: 'up' })
    expect(world.sentBfd.length).toBe(before + 1)
    expect(world.armedAt).toBeGreaterThanOrEqual(world.nowMs + 37.5)
  })
})

describe('a false alarm', () => {
  it('is told with what it cost, and its session is not believed for a while', () => {
    const { world, loop, paired, advertise, hear, role, session } = running()
    paired()
    world.advance(loop, 170)
    expect(role()).toBe('active')
    world.advance(loop, 40)
    advertise()
    expect(world.events.find(({ body }) => body.kind === 'false-alarm')?.body).toMatchObject({
      ...{ interface: 'eth0', remote: PEER, virtualRouters: 1, distrustedMs: 30_000 },
      heardAfterMs: expect.closeTo(60, 0),
      twoActivesMs: expect.closeTo(45, 0),
    })
    expect(loop.status().bfd?.falseAlarms).toBe(1)
    expect(role()).toBe('backup')
    world.advance(loop, 1_500)
    hear({ state: 'down', yourDiscriminator: 0 })
    hear({ final: true })
    expect(session()).toMatchObject({ state: 'up', falseAlarms: 1 })
    advertise()
    world.advance(loop, 400)
    expect(session()?.state).toBe('down')
    expect(role()).toBe('backup')
  })

  it('calls off what has not been taken over yet: advertisements decide again', () => {
    const { world, loop, paired, hear, role } = running({ priority: 1 })
    paired()
    world.advance(loop, 160)
    hear({ state: 'init' })
    expect(world.events.find(({ body }) => body.kind === 'false-alarm')?.body).toMatchObject({
      ...{ remote: PEER, virtualRouters: 0, twoActivesMs: 0 },
    })
    world.advance(loop, 3_700)
    expect(role()).toBe('backup')
    world.advance(loop, 150)
    expect(world.transitions().at(-1)).toMatchObject({ to: 'active', reason: 'no-response' })
    expect(world.transitions().at(-1)).not.toHaveProperty('detectedBy')
  })

  it('is none when the active comes back later than an interval of its own', () => {
    const { world, loop, paired, advertise } = running()
    paired()
    world.advance(loop, 1_200)
    advertise()
    expect(world.events.some(({ body }) => body.kind === 'false-alarm')).toBe(false)
  })
})

describe('an active', () => {
  const active = () => {
    const subject = running()
    subject.world.advance(subject.loop, 5_000)
    expect(subject.role()).toBe('active')
    return subject
  }

  it('sends what the jitter allows with its advertisements, before them: who hears both is woken once', () => {
    const { world, loop, hear } = active()
    const sentAt = () => world.sentBfd.at(-1)?.at ?? 0
    const sent = world.sent.length
    while (world.sent.length === sent) world.advance(loop, 1)
    // The alarm rang at the moment of the advertisement, which is within this millisecond.
    const dueAt = (world.recording.at(-1)?.at ?? 0) + 1_000
    world.advance(loop, dueAt - 10 * 38 - world.nowMs)
    hear(stranger, { source: STRANGER })
    for (let i = 0; i < 3; i++) hear({ state: 'up', final: true }, { source: STRANGER })
    // Each packet heard has one of ours sent, when the last was 37.5 ms ago; so has the advertisement, 38 ms after that.
    for (let i = 9; i > 0; i--) {
      world.advance(loop, 38)
      hear({}, { source: STRANGER })
    }
    expect(sentAt()).toBeCloseTo(dueAt - 38)
    world.advance(loop, 38)
    expect(world.sent.length).toBe(sent + 2)
    expect(sentAt()).toBeCloseTo(dueAt)
  })

  it('late itself, it sends nothing before it has looked at what it missed', () => {
    const { world, loop, hear } = active()
    hear(stranger, { source: STRANGER })
    for (let i = 0; i < 3; i++) hear({ state: 'up', final: true }, { source: STRANGER })
    const before = world.sentBfd.length
    world.nowMs += 5_000
    loop.alarm()
    expect(world.events.some(({ body }) => body.kind === 'stall')).toBe(true)
    expect(world.sentBfd.length).toBe(before)
  })

  it('answers a neighbour that speaks to it, and knows it for a backup', () => {
    const { world, loop, hear } = active()
    hear(stranger, { source: STRANGER })
    expect(world.sentBfd).toMatchObject([{ to: STRANGER, packet: { state: 'init', yourDiscriminator: 99 } }])
    hear({ state: 'up' }, { source: STRANGER })
    expect(loop.status().virtualRouters[0]?.pairedWith).toEqual([STRANGER])
    expect(world.events.some(({ body }) => body.kind === 'bfd')).toBe(false)
  })

  it.each([
    ['a TTL below 255 (RFC 5881 §5)', { ttl: 254 }],
    ['a source that is not on the link', { source: address('203.0.113.9') }],
    ['another address of the host', { destination: address('192.0.2.100') }],
    ['another interface', { interfaceName: 'eth1' }],
    ['its own address as source', { source: OWN }],
    ['the port of multihop', { hops: 'multihop' as const }],
  ])('answers nobody with %s', (_what, datagram) => {
    const { world, hear } = active()
    hear(stranger, { source: STRANGER, ...datagram })
    expect(world.sentBfd).toEqual([])
  })

  it('answers ten strangers at once and 32 at most, and forgets those that fall silent', () => {
    const { world, loop, hear } = active()
    const from = (i: number) => address(`192.0.2.${i + 110}`)
    for (let i = 0; i < 20; i++) hear(stranger, { source: from(i) })
    expect(loop.status().bfd?.sessions).toHaveLength(10)
    for (let i = 0; i < 100; i++) {
      hear(stranger, { source: from(i) })
      world.advance(loop, 20)
    }
    expect(loop.status().bfd?.sessions.length).toBeLessThanOrEqual(32)
    world.advance(loop, 20_000)
    expect(loop.status().bfd?.sessions).toEqual([])
  })

  it('survives whatever the bytes, and counts them', () => {
    const { loop } = active()
    const common = {
      interfaceName: 'eth0',
      hops: 'single-hop',
      destination: OWN,
      ttl: 255,
      source: PEER,
    } as const
    for (let length = 0; length < 60; length++) {
      loop.bfd({ ...common, payload: new Uint8Array(length).fill((length * 37) & 0xff) })
    }
    const counts = Object.values(loop.status().bfd?.discarded ?? {})
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(60)
  })
})

it('an active answers where it advertises from, and not where it is a backup', () => {
  const world = new BfdWorld()
  const [routable, linkLocal] = [address('2001:db8::1'), address('fe80::1')]
  const prefixes = [prefix('2001:db8::1/64'), prefix('fe80::1/64')]
  world.linkStates.set('eth0', { up: true, ipv4: OWN, ipv6: linkLocal, others: [routable], prefixes })
  const loop = new RouterLoop(world)
  const six = { family: 'ipv6', addresses: [prefix('2001:db8::100/64')] } as const
  const followed = routerConfig({ ...six, name: 'followed', vrid: 52 })
  loop.configure([routerConfig({ ...six, priority: 255, sourceAddress: routable }), followed])
  loop.datagram(advertisementFrom({ ...followed, priority: 200 }, { source: address('fe80::2') }))
  world.advance(loop, 1)
  const hello = encodeControlPacket({
    ...{
      ...stranger,
      diagnostic: 0,
      poll: false,
      final: false,
      controlPlaneIndependent: false,
      demand: false,
    },
    ...{ multiplier: 3, myDiscriminator: 99, requiredMinRxUs: 50_000, requiredMinEchoRxUs: 0 },
  })
  const common = { interfaceName: 'eth0', hops: 'single-hop', ttl: 255, payload: hello } as const
  const answers = () => world.sentBfd.filter(({ to }) => to === address('fe80::77')).length
  loop.bfd({ ...common, source: address('fe80::77'), destination: linkLocal })
  expect(answers()).toBe(0)
  loop.bfd({ ...common, source: address('fe80::77'), destination: routable })
  expect(answers()).toBe(1)
})

it('a backup answers no stranger: only an active has backups', () => {
  const { world, hear } = running()
  hear(stranger, { source: STRANGER })
  expect(world.sentBfd).toEqual([])
})

it('a port in use is told in the status, and costs nothing else', () => {
  const world = new BfdWorld()
  world.refusal = 'UDP port 3784 is in use by another program'
  const loop = new RouterLoop(world)
  loop.configure([routerConfig()])
  expect(loop.status().bfd?.deaf).toEqual({ 'single-hop ipv4': world.refusal })
  world.advance(loop, 5_000)
  expect(loop.status().virtualRouters[0]?.role).toBe('active')
})

it('a stop says goodbye to every neighbour', () => {
  const { world, loop, paired } = running()
  paired()
  loop.shutdown()
  expect(world.sentBfd.at(-1)?.packet).toMatchObject({ state: 'admin-down', diagnostic: 7 })
})

it('a recording gives the same packets again', () => {
  const { world, loop, paired } = running()
  paired()
  world.advance(loop, 5_000)
  const sent = world.sentBfd.map(({ packet }) => hexOf(encodeControlPacket(packet)))
  const again = replay(world.recording).flatMap(({ output }) => (output.do === 'bfd' ? [output.payload] : []))
  expect(again).toEqual(sent)
  expect(sent.length).toBeGreaterThan(4)
})

describe('a session of the config', () => {
  const follow = (weight: number) => ({
    pairing: null,
    track: [{ kind: 'bfd', name: 'core', weight, reverse: false } as const],
  })
  const up = (subject: ReturnType<typeof running>) => {
    subject.world.advance(subject.loop, 1)
    subject.hear({ state: 'down' })
    subject.hear({ state: 'up' })
  }

  it('keepalived-and-vrrp.md §1.10: its weight holds from the start, not from the first change on', () => {
    const subject = running(follow(-30), [core])
    const priority = () => subject.loop.status().virtualRouters[0]?.priority
    expect(priority()).toBe(70)
    up(subject)
    expect(priority()).toBe(100)
    subject.world.advance(subject.loop, 200)
    expect(priority()).toBe(70)
  })

  it('without a weight it is a fault while it is down', () => {
    const subject = running(follow(0), [core])
    expect(subject.role()).toBe('fault')
    up(subject)
    expect(subject.role()).toBe('backup')
  })

  it('keepalived-and-vrrp.md §1.10: passive, it waits to be spoken to', () => {
    const subject = running({ pairing: null }, [{ ...core, passive: true }])
    subject.world.advance(subject.loop, 10_000)
    expect(subject.world.sentBfd).toEqual([])
    subject.hear(stranger)
    expect(subject.world.sentBfd).toMatchObject([{ packet: { state: 'init' } }])
  })

  it('keepalived-and-vrrp.md §1.10: min_tx, min_rx, idle_tx and multiplier are what it says', () => {
    const timed = { ...core, minTxMs: 70, minRxMs: 80, idleTxMs: 2_000, multiplier: 4 }
    const subject = running({ pairing: null }, [timed])
    subject.world.advance(subject.loop, 1)
    expect(subject.world.sentBfd[0]?.packet).toMatchObject({
      ...{ desiredMinTxUs: 2_000_000, requiredMinRxUs: 80_000, multiplier: 4 },
    })
    up(subject)
    expect(subject.world.sentBfd.at(-1)?.packet).toMatchObject({ state: 'up', desiredMinTxUs: 70_000 })
  })

  it('keepalived-and-vrrp.md §1.10: max_hops: what came over more routers is not heard (RFC 5883 §4)', () => {
    const far = { ...core, multihop: true, maxHops: 2 }
    const subject = running({ pairing: null }, [far])
    subject.world.advance(subject.loop, 1)
    subject.hear({ state: 'down' }, { hops: 'multihop', ttl: 252 })
    expect(subject.session()?.state).toBe('down')
    subject.hear({ state: 'down' }, { hops: 'multihop', ttl: 253 })
    expect(subject.session()?.state).toBe('init')
  })

  it('RFC 5880 §6.8.1: has a discriminator that is not zero and that no other session has', () => {
    const world = new BfdWorld()
    // The first is that of nothing but zeros, the third session's first try that of the second.
    const drawn = [0, 0.3, 0.5, 0.3, 0.5, 0.7, 0.3]
    world.bfd.draw = () => drawn.shift() ?? 0.9
    const bfd = ['192.0.2.21', '192.0.2.22', '192.0.2.23'].map((neighbor, i) => ({
      ...{ ...core, name: `core${i}`, neighbor: address(neighbor) },
    }))
    const loop = new RouterLoop(world)
    loop.configure([routerConfig({ pairing: null })], { settings: { ...AGENT_DEFAULTS, bfd } })
    world.advance(loop, 1)
    const spoken = world.sentBfd.map(({ packet }) => packet.myDiscriminator)
    expect(spoken).toHaveLength(3)
    expect(new Set(spoken).size).toBe(3)
    expect(spoken).not.toContain(0)
  })

  it('RFC 5880 §6.8.6: what names a session that is not ours is discarded', () => {
    const subject = running({ pairing: null }, [core])
    subject.world.advance(subject.loop, 1)
    subject.hear({ state: 'down', yourDiscriminator: 4711 }, { source: core.neighbor })
    expect(subject.loop.status().bfd?.discarded).toEqual({ discriminator: 1 })
    expect(subject.session()?.state).toBe('down')
  })

  it('taken out of the config says goodbye', () => {
    const subject = running({ pairing: null }, [core])
    up(subject)
    subject.loop.configure([subject.config])
    expect(subject.world.sentBfd.at(-1)?.packet).toMatchObject({ state: 'admin-down' })
    expect(subject.loop.status().bfd?.sessions).toEqual([])
  })

  it('goes on when only its timing changes, and negotiates that', () => {
    const subject = running({ pairing: null }, [core])
    up(subject)
    const changed = [{ ...core, minTxMs: 100 }]
    subject.loop.configure([subject.config], { settings: { ...AGENT_DEFAULTS, bfd: changed } })
    expect(subject.session()?.state).toBe('up')
    subject.world.advance(subject.loop, 60)
    expect(subject.world.sentBfd.at(-1)?.packet).toMatchObject({ poll: true, desiredMinTxUs: 100_000 })
  })

  it('RFC 5881 §3: serves pairing too where it has the same ends', () => {
    const subject = running({}, [core])
    subject.advertise()
    up(subject)
    expect(subject.loop.status().bfd?.sessions).toHaveLength(1)
    subject.advertise()
    subject.world.advance(subject.loop, 200)
    expect(subject.role()).toBe('active')
  })
})
