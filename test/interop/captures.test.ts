/**
 * Does keepalived still send what the goldens in test/captures hold? Taken again on every run, byte for byte; set
 * ALOFT_RECORD_CAPTURES=1 to write them anew. Our own adverts are then captured beside them.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createLan } from '../../agent/src/linux/namespace.ts'
import { decodeIpv4Packet } from '../../agent/src/packets/ipv4.ts'
import { startAgent, untilRole } from '../lab/agent.ts'
import { captureAdvertisements, readCapture } from '../lab/capture.ts'
import { until } from '../lab/wait.ts'
import { createPair, DIALECTS, OUR_ADDRESS, type Pair, THEIR_ADDRESS } from './pair.ts'

let pair: Pair
afterEach(() => pair?.remove())

/** VRRP messages without what differs from packet to packet: the IP header's identification and checksum. */
const messagesOf = (capture: Buffer): string[] =>
  readCapture(capture).map(({ packet }) =>
    Buffer.from(decodeIpv4Packet(packet)?.payload ?? []).toString('hex'),
  )

/** Those whose bytes are the same every time: a signature counts, an address of IPv6 is made of the MAC address. */
const REPEATABLE = DIALECTS.filter(({ name }) => ['v2 none', 'v2 PASS', 'v3'].includes(name))

describe.each(REPEATABLE.map((dialect) => [dialect.name, dialect] as const))('%s', (name, dialect) => {
  const golden = path.join(
    import.meta.dirname,
    '../captures',
    `keepalived-2.2.7-${name.replace(' ', '-')}.pcap`,
  )

  it('keepalived sends what the golden holds', async () => {
    pair = await createPair(dialect)
    const peer = await pair.startTheirs({ priority: 200 })
    await until(async () => (await peer.role()) === 'active', {
      what: 'keepalived to be active',
      withinMs: 8_000,
    })
    const capturing = captureAdvertisements({
      namespace: pair.lan.switchNamespace,
      from: THEIR_ADDRESS,
      count: 4,
      withinMs: 3 * dialect.intervalMs + 4_000,
    })
    // Three regular adverts, then the one that resigns.
    await captureAdvertisements({
      namespace: pair.lan.switchNamespace,
      count: 3,
      withinMs: 3 * dialect.intervalMs + 4_000,
    })
    await peer.stop()
    const capture = await capturing
    if (process.env['ALOFT_RECORD_CAPTURES'] === '1') writeFileSync(golden, capture)
    expect(existsSync(golden), 'record it with ALOFT_RECORD_CAPTURES=1').toBe(true)
    expect([...new Set(messagesOf(capture))]).toEqual([...new Set(messagesOf(readFileSync(golden)))])
  })

  it('we send the same message with our own address, TTL 255 and traffic class 0xc0', async () => {
    pair = await createPair(dialect)
    const ours = pair.startOurs({ priority: 200 })
    await untilRole(ours, 'web', 'active', 12_000)
    const capture = await captureAdvertisements({
      namespace: pair.lan.switchNamespace,
      from: OUR_ADDRESS,
      count: 2,
      withinMs: 3 * dialect.intervalMs + 4_000,
    })
    for (const { packet } of readCapture(capture)) {
      const ip = decodeIpv4Packet(packet)
      expect(ip).toMatchObject({
        source: OUR_ADDRESS,
        destination: '224.0.0.18',
        protocol: 112,
        ttl: 255,
        trafficClass: 0xc0,
      })
      // Everything but the checksum, which covers the source address in v3.
      const theirs = Buffer.from(messagesOf(readFileSync(golden))[0] ?? '', 'hex')
      const mine = Buffer.from(ip?.payload ?? [])
      for (const message of [theirs, mine]) message.writeUInt16BE(0, 6)
      expect(mine.toString('hex')).toBe(theirs.toString('hex'))
    }
  })
})

describe('a v2 and a v3 router on one host', () => {
  it('each hear and speak their own version', async () => {
    const hosts = [
      { name: 'a', addresses: ['10.78.0.1/24'] },
      { name: 'b', addresses: ['10.78.0.2/24'] },
    ]
    const lan = await createLan(`both${process.pid}`, hosts)
    const config = (node: string, old: number, current: number) =>
      [
        `node: ${node}`,
        'virtualRouters:',
        `  - { name: old, interface: eth0, vrid: 7, version: 2, priority: ${old}, advertisementInterval: 1s, addresses: [10.78.0.107/24] }`,
        `  - { name: current, interface: eth0, vrid: 8, priority: ${current}, advertisementInterval: 100ms, addresses: [10.78.0.108/24] }`,
      ].join('\n')
    const a = startAgent({ namespace: lan.namespaceOf('a'), config: config('a', 200, 100) })
    const b = startAgent({ namespace: lan.namespaceOf('b'), config: config('b', 100, 200) })
    try {
      await untilRole(a, 'old', 'active', 15_000)
      await untilRole(b, 'current', 'active', 15_000)
      await untilRole(a, 'current', 'backup', 5_000)
      await untilRole(b, 'old', 'backup', 5_000)
      await lan.setForwarding('a', false)
      await untilRole(b, 'old', 'active', 8_000)
      const { discards } = await b.routerStatus()
      expect(discards).toEqual([])
    } finally {
      await a.kill()
      await b.kill()
      await lan.remove()
    }
  })
})
