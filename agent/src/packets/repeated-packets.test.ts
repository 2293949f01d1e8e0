import type { Address } from '@aloft/shared/network/address'
import { describe, expect, it } from 'vitest'
import { encodeIpv4Packet, fillIpv4Checksum } from './ipv4.ts'
import { RepeatedPackets } from './repeated-packets.ts'

const PAYLOAD = [0x31, 51, 200, 1, 0, 10, 0xab, 0xcd, 192, 0, 2, 100]

function packet({ source = '192.0.2.1', identification = 1, vrid = 51 } = {}): Uint8Array {
  const fields = { destination: '224.0.0.18' as Address, protocol: 112, ttl: 255, trafficClass: 0xc0 }
  const payload = Uint8Array.from(PAYLOAD).fill(vrid, 1, 2)
  return fillIpv4Checksum(encodeIpv4Packet({ ...fields, source: source as Address, identification }, payload))
}

/** Where a sender's kernel puts what is new in each packet. */
const NEW_EACH_TIME = [4, 5, 10, 11]

describe('a packet that comes again', () => {
  it('gives what was read from it before', () => {
    const packets = new RepeatedPackets<string>()
    expect(packets.recall(packet())).toBeNull()
    packets.keep(packet(), 'read')
    expect(packets.recall(packet())).toBe('read')
  })

  it('is recognised with another identification, and so another header checksum', () => {
    const packets = new RepeatedPackets<string>()
    packets.keep(packet(), 'read')
    const again = packet({ identification: 0xbeef })
    expect(again).not.toEqual(packet())
    expect(packets.recall(again)).toBe('read')
  })

  it('is another when any other bit of it differs, or when it is longer or shorter', () => {
    const packets = new RepeatedPackets<string>()
    packets.keep(packet(), 'read')
    for (const [i, byte] of packet().entries()) {
      if (NEW_EACH_TIME.includes(i)) continue
      for (let bit = 1; bit < 256; bit <<= 1)
        expect(packets.recall(packet().with(i, byte ^ bit)), `byte ${i}`).toBeNull()
    }
    for (let length = 0; length < packet().length; length++)
      expect(packets.recall(packet().subarray(0, length))).toBeNull()
    expect(packets.recall(Uint8Array.of(...packet(), 0))).toBeNull()
  })

  it('is known beside those of 255 virtual routers of one source, and of others', () => {
    const packets = new RepeatedPackets<string>()
    const vrids = Array.from({ length: 255 }, (_, i) => i + 1)
    for (const vrid of vrids) packets.keep(packet({ vrid }), `${vrid}`)
    expect(vrids.map((vrid) => packets.recall(packet({ vrid })))).toEqual(vrids.map(String))
    expect(packets.recall(packet({ source: '192.0.2.2' }))).toBeNull()
  })

  it('is recognised wherever in a larger piece of memory it is', () => {
    const packets = new RepeatedPackets<string>()
    packets.keep(packet(), 'read')
    const [before, after] = [packet({ vrid: 7 }), packet({ vrid: 8 })]
    const memory = Uint8Array.of(1, ...before, ...packet({ identification: 9 }), ...after)
    const { length } = before
    expect(packets.recall(memory, length + 1, length)).toBe('read')
    expect(packets.recall(memory, length + 1, length - 1)).toBeNull()
    expect(packets.recall(memory, 1, length)).toBeNull()
    expect(packets.recall(memory, 2 * length + 1, length)).toBeNull()
  })

  it('is not taken for one that shares its place', () => {
    const packets = new RepeatedPackets<string>()
    packets.keep(packet(), 'one')
    packets.keep(packet({ source: '198.51.2.1' }), 'other')
    expect(packets.recall(packet())).toBeNull()
    expect(packets.recall(packet({ source: '198.51.2.1' }))).toBe('other')
  })
})
