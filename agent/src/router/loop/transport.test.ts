/** How advertisements travel to and from the loop: families, groups, peers, sources, authentication headers. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { type Address, addressFromBytes } from '@aloft/shared/network/address'
import { describe, expect, it } from 'vitest'
import { encodeAdvertisement } from '../../vrrp/advertisement.ts'
import { authenticationKey, authenticationOf } from '../../vrrp/authentication.ts'
import { readSigned, signMessage } from '../../vrrp/authentication-header.ts'
import { vrrpChecksum } from '../../vrrp/checksum.ts'
import { address, prefix, routerConfig } from '../../vrrp/examples.test.support.ts'
import type { Datagram } from '../../world/links.ts'
import { FakeWorld, GROUP, PEER } from './fake-world.test.support.ts'
import { replay } from './replay.ts'
import { RouterLoop } from './router-loop.ts'

const OWN = address('192.0.2.1')
const THIRD = address('192.0.2.3')

function peer(text: string, { minTtl = 0, maxTtl = 255 } = {}) {
  return { address: address(text), minTtl, maxTtl }
}
function unicast(changes: Partial<NonNullable<VirtualRouterConfig['unicast']>> = {}) {
  return { peers: [peer(PEER)], ttl: 255, checkSource: false, oldChecksum: 'detect' as const, ...changes }
}

function start(changes: Partial<VirtualRouterConfig> = {}) {
  const world = new FakeWorld()
  const loop = new RouterLoop(world)
  const config = routerConfig(changes)
  loop.configure([config])
  const discards = () => loop.status().discards.map(({ reason }) => reason)
  const role = () => loop.status().virtualRouters[0]?.role
  /** Alone for long enough to be active. */
  const becomeActive = () => world.advance(loop, 4_000)
  return { world, loop, config, discards, role, becomeActive }
}

interface Sending {
  readonly destination?: Address
  readonly summedFor?: Address
  readonly priority?: number
  readonly ttl?: number
}

/** Written here and not by the loop: what a peer sends, to us or to the group. */
function from(
  source: Address,
  config: VirtualRouterConfig,
  { destination = OWN, summedFor = destination, priority = 200, ttl = 255 }: Sending = {},
): Datagram {
  const payload = encodeAdvertisement(
    {
      version: config.version,
      vrid: config.vrid,
      priority,
      intervalMs: config.advertisementIntervalMs,
      addresses: config.addresses.map((each) => each.address),
    },
    {
      source,
      destination: summedFor,
      authentication: authenticationOf(config.authentication),
      checksum: 'pseudo-header',
    },
  )
  return { interfaceName: 'eth0', family: config.family, source, destination, ttl, payload }
}

describe('to peers', () => {
  it('sends to each of them and to no group, with the TTL of the config, summed for each', () => {
    const { world, becomeActive } = start({ unicast: unicast({ peers: [peer(PEER), peer(THIRD)], ttl: 64 }) })
    becomeActive()
    const [first, second] = world.sent
    expect([first?.destination, second?.destination, first?.ttl]).toEqual([PEER, THIRD, 64])
    expect(world.take()).toContain('open eth0 ipv4 null')
    for (const packet of [first, second]) {
      const { payload = new Uint8Array(8), destination = PEER } = packet ?? {}
      const sum = ((payload[6] ?? 0) << 8) | (payload[7] ?? 0)
      expect(vrrpChecksum(payload, { source: OWN, destination })).toBe(sum)
    }
  })

  it('leaves out its own address, so that one list serves every node', () => {
    const { world, becomeActive, loop } = start({ unicast: unicast({ peers: [peer(OWN), peer(PEER)] }) })
    becomeActive()
    expect(new Set(world.sent.map(({ destination }) => destination))).toEqual(new Set([PEER]))
    expect(loop.status().virtualRouters[0]?.ownPeers).toEqual([OWN])
  })

  it('keepalived-and-vrrp.md §1.5: without a peer but itself it is in fault', () => {
    const { role, loop } = start({ unicast: unicast({ peers: [peer(OWN)] }) })
    expect(role()).toBe('fault')
    expect(loop.status().virtualRouters[0]?.faults).toEqual([{ reason: 'no-peers', what: 'eth0' }])
  })

  it('is in fault on an interface without an address to speak from', () => {
    const world = new FakeWorld()
    world.linkStates.set('eth0', { up: true, ipv4: null, ipv6: null })
    const loop = new RouterLoop(world)
    loop.configure([routerConfig({ unicast: unicast() })])
    expect(loop.status().virtualRouters[0]?.faults).toMatchObject([{ reason: 'no-primary-ip-address' }])
  })

  it('to IPv6 peers beyond the link it speaks from an address that they can answer to', () => {
    const world = new FakeWorld()
    const routable = address('2001:db8::1')
    world.linkStates.set('eth0', { up: true, ipv4: null, ipv6: address('fe80::1'), others: [routable] })
    const loop = new RouterLoop(world)
    const ipv6 = { family: 'ipv6' as const, addresses: [prefix('fe80::100/64')] }
    loop.configure([routerConfig({ ...ipv6, unicast: unicast({ peers: [peer('2001:db8::2')] }) })])
    world.advance(loop, 4_000)
    expect(world.sent[0]?.source).toBe(routable)
  })
})

describe('from peers', () => {
  it('hears them, whatever their TTL', () => {
    const { loop, config, discards } = start({ unicast: unicast() })
    loop.datagram(from(PEER, config, { ttl: 61 }))
    expect(discards()).toEqual([])
    expect(loop.status().virtualRouters[0]?.active?.address).toBe(PEER)
  })

  it.each([
    ['below', 253],
    ['above', 255],
  ])('keepalived-and-vrrp.md §1.5: a TTL %s the bounds of that peer is discarded', (_, ttl) => {
    const { loop, config, discards } = start({
      unicast: unicast({ peers: [peer(PEER, { minTtl: 254, maxTtl: 254 })] }),
    })
    loop.datagram(from(PEER, config, { ttl: 254 }))
    expect(discards()).toEqual([])
    loop.datagram(from(PEER, config, { ttl }))
    expect(discards()).toEqual(['ip-ttl'])
  })

  it('keepalived-and-vrrp.md §1.4: checkSource: strangers are discarded only where it says so', () => {
    for (const checkSource of [false, true]) {
      const { loop, config, discards } = start({ unicast: unicast({ checkSource }) })
      loop.datagram(from(THIRD, config))
      expect(discards()).toEqual(checkSource ? ['source'] : [])
    }
  })

  it('keepalived-and-vrrp.md §2.8: a multicast advertisement is not for a unicast router, nor the other way round', () => {
    const alone = start({ unicast: unicast() })
    alone.loop.datagram(from(PEER, alone.config, { destination: GROUP }))
    expect(alone.discards()).toEqual(['destination'])
    const together = start()
    together.loop.datagram(from(PEER, together.config))
    expect(together.discards()).toEqual(['destination'])
  })

  it('two routers of one VRID with different peers hear each their own', () => {
    const world = new FakeWorld()
    const loop = new RouterLoop(world)
    const [a, b] = [
      routerConfig({ name: 'a', unicast: unicast() }),
      routerConfig({ name: 'b', unicast: unicast({ peers: [peer(THIRD)] }) }),
    ]
    loop.configure([a, b])
    loop.datagram(from(THIRD, b))
    expect(loop.status().virtualRouters.map(({ active }) => active?.address)).toEqual([undefined, THIRD])
  })
})

describe('checksums of keepalived before 1.3.7, over the group instead of the peer', () => {
  const old = { summedFor: GROUP }

  it('are accepted, and such a peer is answered so until it speaks otherwise', () => {
    const { world, loop, config, discards } = start({ unicast: unicast(), priority: 250 })
    loop.datagram(from(PEER, config, { ...old, priority: 100 }))
    world.advance(loop, 4_000)
    expect(discards()).toEqual([])
    const summedFor = (destination: Address) => {
      const payload = world.sent.at(-1)?.payload ?? new Uint8Array(8)
      return (
        vrrpChecksum(payload, { source: OWN, destination }) === (((payload[6] ?? 0) << 8) | (payload[7] ?? 0))
      )
    }
    expect([summedFor(GROUP), summedFor(PEER)]).toEqual([true, false])
    loop.datagram(from(PEER, config, { priority: 100 }))
    world.advance(loop, 1_000)
    expect([summedFor(GROUP), summedFor(PEER)]).toEqual([false, true])
  })

  it('are discarded where the config says never', () => {
    const { loop, config, discards } = start({ unicast: unicast({ oldChecksum: 'never' }) })
    loop.datagram(from(PEER, config, old))
    expect(discards()).toEqual(['checksum'])
  })

  it('are sent always where the config says so', () => {
    const { world, becomeActive } = start({ unicast: unicast({ oldChecksum: 'always' }) })
    becomeActive()
    const payload = world.sent[0]?.payload ?? new Uint8Array(8)
    const sum = ((payload[6] ?? 0) << 8) | (payload[7] ?? 0)
    expect(vrrpChecksum(payload, { source: OWN, destination: GROUP })).toBe(sum)
  })
})

describe('another group', () => {
  const multicastGroup = address('224.0.0.99')

  it('is joined, spoken to, and listened to alone', () => {
    const { world, loop, config, discards, becomeActive } = start({ multicastGroup })
    expect(world.take()).toContain(`open eth0 ipv4 ${multicastGroup}`)
    loop.datagram(from(PEER, config, { destination: GROUP }))
    expect(discards()).toEqual(['destination'])
    loop.datagram(from(PEER, config, { destination: multicastGroup }))
    expect(loop.status().virtualRouters[0]?.active?.address).toBe(PEER)
    becomeActive()
    expect(world.sent[0]?.destination).toBe(multicastGroup)
  })

  it('keeps two routers of one VRID apart', () => {
    const world = new FakeWorld()
    const loop = new RouterLoop(world)
    const [a, b] = [routerConfig({ name: 'a' }), routerConfig({ name: 'b', multicastGroup })]
    loop.configure([a, b])
    loop.datagram(from(PEER, b, { destination: multicastGroup }))
    expect(loop.status().virtualRouters.map(({ active }) => active?.address)).toEqual([undefined, PEER])
  })
})

describe('a pinned source', () => {
  const pinned = { sourceAddress: address('192.0.2.7') }

  it('keepalived-and-vrrp.md §1.5: is spoken from though the interface does not have it', () => {
    const { world, becomeActive } = start(pinned)
    becomeActive()
    expect(world.sent[0]?.source).toBe(pinned.sourceAddress)
  })

  it('keepalived-and-vrrp.md §1.5: tracked, is a fault while the interface does not have it', () => {
    const { world, loop, role } = start({ ...pinned, trackSourceAddress: true })
    expect(role()).toBe('fault')
    world.linkStates.set('eth0', { up: true, ipv4: OWN, ipv6: null, others: [pinned.sourceAddress] })
    loop.linkChanged('eth0')
    expect(role()).toBe('backup')
    world.advance(loop, 4_000)
    world.linkStates.set('eth0', { up: true, ipv4: OWN, ipv6: null })
    loop.linkChanged('eth0')
    expect(role()).toBe('fault')
    expect(loop.status().virtualRouters[0]?.faults).toMatchObject([{ reason: 'no-primary-ip-address' }])
  })
})

describe('IPv6', () => {
  const ipv6 = { family: 'ipv6' as const, addresses: [prefix('fe80::100/64')] }
  const [peer6, group6] = [address('fe80::2'), address('ff02::12')]

  it('RFC 9568 §5.1.2: goes from the link-local address to ff02::12 with hop limit 255', () => {
    const { world, becomeActive } = start(ipv6)
    becomeActive()
    expect(world.sent[0]).toMatchObject({ source: 'fe80::1', destination: group6, ttl: 255 })
  })

  it('RFC 9568 §5.2.9: the first address of the config is the first that is advertised', () => {
    const addresses = [prefix('fe80::100/64'), prefix('2001:db8::2/64'), prefix('2001:db8::1/64')]
    const { world, becomeActive } = start({ ...ipv6, addresses })
    becomeActive()
    const payload = world.sent[0]?.payload ?? new Uint8Array()
    expect([8, 24, 40].map((at) => addressFromBytes(payload.subarray(at, at + 16)))).toEqual(
      addresses.map((each) => each.address),
    )
  })

  it('RFC 9568 §5.1.2.3: another hop limit than 255 is discarded', () => {
    const { loop, config, discards } = start(ipv6)
    loop.datagram(from(peer6, config, { destination: group6, ttl: 254 }))
    expect(discards()).toEqual(['ip-ttl'])
  })

  it('RFC 9568 erratum 8300: a first address that is not link-local is counted, and accepted as keepalived does', () => {
    const { loop, config } = start({ ...ipv6, addresses: [prefix('2001:db8::100/64')] })
    loop.datagram(from(peer6, config, { destination: group6 }))
    expect(loop.status().virtualRouters[0]).toMatchObject({
      active: { address: peer6 },
      counters: { firstAddressNotLinkLocal: 1 },
    })
  })
})

describe('under authentication headers', () => {
  const AH = { version: 2 as const, authentication: { type: 'ah' as const, password: 'secret42' } }
  const key = authenticationKey('secret42')

  function signed(plain: Datagram, sequence: number, identification = 77): Datagram {
    const payload = signMessage(plain.payload, { key, sequence, fields: { ...plain, identification } })
    return { ...plain, payload, authenticated: { identification } }
  }

  it('RFC 2402 §3.4: a signed advertisement is heard, a replayed or older one is discarded', () => {
    const { loop, config, discards } = start(AH)
    const plain = from(PEER, config, { destination: GROUP })
    loop.datagram(signed(plain, 5))
    expect(loop.status().virtualRouters[0]?.active?.address).toBe(PEER)
    for (const sequence of [5, 4]) loop.datagram(signed(plain, sequence))
    expect(loop.status().discards).toEqual([{ interface: 'eth0', reason: 'replay', count: 2 }])
    loop.datagram(signed(plain, 6))
    expect(discards()).toEqual(['replay'])
  })

  it.each([
    [
      'authentication-failure',
      'signed for another identification',
      (d: Datagram) => ({ ...signed(d, 1), authenticated: { identification: 78 } }),
    ],
    ['authentication-type', 'not signed at all', (d: Datagram) => d],
    [
      'truncated',
      'without a whole header',
      (d: Datagram) => ({ ...signed(d, 1), payload: new Uint8Array(20) }),
    ],
  ] as const)('%s: %s', (reason, _, change) => {
    const { loop, config, discards } = start(AH)
    loop.datagram(change(from(PEER, config, { destination: GROUP })))
    expect(discards()).toEqual([reason])
  })

  it('a signed one is not for a router without', () => {
    const { loop, config, discards } = start({ version: 2 })
    loop.datagram(signed(from(PEER, config, { destination: GROUP }), 1))
    expect(discards()).toEqual(['authentication-type'])
  })

  it('what is sent is signed, with a sequence that grows', () => {
    const { world, becomeActive } = start(AH)
    becomeActive()
    expect(world.take()).toContain(`open eth0 ipv4 ${GROUP} authenticated`)
    const sequences = world.sent.map(({ payload }) => readSigned(payload)?.sequence ?? 0)
    expect(sequences.length).toBeGreaterThan(0)
    expect(sequences).toEqual(sequences.map((_, i) => (sequences[0] ?? 0) + i))
    expect(world.sent[0]?.payload[0]).toBe(112)
  })

  it('the sequence of a restarted router begins beyond all that it sent before', () => {
    const first = start(AH)
    first.becomeActive()
    first.world.advance(first.loop, 100_000)
    const last = first.world.sent.at(-1)
    const second = start(AH)
    second.world.nowMs = first.world.nowMs + 1_000
    second.loop.configure([])
    second.loop.configure([second.config])
    second.becomeActive()
    const sequenceOf = (payload: Uint8Array | undefined) =>
      readSigned(payload ?? new Uint8Array(0))?.sequence ?? 0
    expect(sequenceOf(second.world.sent[0]?.payload)).toBeGreaterThan(sequenceOf(last?.payload))
  })

  it('keepalived-and-vrrp.md §2.5: goes on from what was heard: the nodes of a group count together', () => {
    const { world, loop, config, becomeActive } = start(AH)
    loop.datagram(signed(from(PEER, config, { destination: GROUP, priority: 0 }), 4_000_000_000))
    becomeActive()
    expect(readSigned(world.sent[0]?.payload ?? new Uint8Array(0))?.sequence).toBe(4_000_000_001)
  })

  it('a recording has the time of day that the sequence began from: it replays to the byte', () => {
    const { world, becomeActive } = start(AH)
    becomeActive()
    const sends = replay(world.recording).flatMap(({ output }) =>
      output.do === 'send' ? [output.payload] : [],
    )
    expect(sends.length).toBeGreaterThan(0)
    expect(sends).toEqual(world.sent.map(({ payload }) => Buffer.from(payload).toString('hex')))
  })
})

describe('the trailer of keepalived 2.4 (auth_hmac)', () => {
  it('is recognised and said to be the reason', () => {
    const { loop, config, discards } = start()
    const plain = from(PEER, config, { destination: GROUP })
    const trailer = new Uint8Array(28)
    trailer[0] = 1
    loop.datagram({ ...plain, payload: Uint8Array.from([...plain.payload, ...trailer]) })
    expect(discards()).toEqual(['authentication-trailer'])
  })
})
