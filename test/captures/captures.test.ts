/**
 * Advertisements taken from a live keepalived 2.2.7 (test/interop/captures.test.ts takes them and compares them with
 * what it sends today). We must read each as what it was configured to be, and write the same bytes ourselves.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeIpv4Packet } from '../../agent/src/packets/ipv4.ts'
import { decodeAdvertisement, encodeAdvertisement } from '../../agent/src/vrrp/advertisement.ts'
import { authenticationOf } from '../../agent/src/vrrp/authentication.ts'
import { readCapture } from '../lab/capture.ts'

const CAPTURES = [
  { file: 'keepalived-2.2.7-v2-none.pcap', version: 2, intervalMs: 1_000, checksum: 'message-only', password: null },
  { file: 'keepalived-2.2.7-v2-PASS.pcap', version: 2, intervalMs: 1_000, checksum: 'message-only', password: 'secret42' },
  { file: 'keepalived-2.2.7-v3.pcap', version: 3, intervalMs: 100, checksum: 'pseudo-header', password: null },
] as const

describe.each(CAPTURES)('$file', ({ file, version, intervalMs, checksum, password }) => {
  const packets = readCapture(readFileSync(path.join(import.meta.dirname, file))).map(({ packet }) => decodeIpv4Packet(packet))
  const authentication = authenticationOf(password === null ? { type: 'none' } : { type: 'simple', password })

  it('holds adverts of an active and its resignation', () => {
    const priorities = packets.map((packet) => packet?.payload[2])
    expect(priorities.at(-1)).toBe(0)
    expect(priorities.slice(0, -1).every((priority) => priority === 200)).toBe(true)
    expect(packets.length).toBeGreaterThanOrEqual(3)
  })

  it('is read as what it was configured to be', () => {
    for (const packet of packets) {
      if (packet === null) throw new Error('not an IPv4 packet')
      expect(packet).toMatchObject({ source: '10.78.0.2', destination: '224.0.0.18', protocol: 112, ttl: 255 })
      const decoded = decodeAdvertisement({ ...packet, family: 'ipv4' })
      expect(decoded).toMatchObject({
        checksum,
        advertisement: { version, vrid: 51, intervalMs, addresses: ['10.78.0.100'] },
      })
      if (version === 2) expect(decoded).toMatchObject({ authentication })
    }
  })

  it('is what we would have sent, byte for byte', () => {
    for (const packet of packets) {
      if (packet === null) throw new Error('not an IPv4 packet')
      const decoded = decodeAdvertisement({ ...packet, family: 'ipv4' })
      if ('malformed' in decoded) throw new Error(decoded.malformed)
      const { source, destination } = packet
      const ours = encodeAdvertisement(decoded.advertisement, { source, destination, authentication, checksum })
      expect([...ours]).toEqual([...packet.payload])
    }
  })
})
