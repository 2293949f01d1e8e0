import { addressFromBytes, parseAddress } from '@aloft/shared/network/address'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claimedSource, decodeIpv4Packet, encodeIpv4Packet } from './ipv4.ts'

const [source, destination] = [parseAddress('192.0.2.1'), parseAddress('224.0.0.18')]
if (source === null || destination === null) throw new Error('addresses of the test')
const fields = { source, destination, protocol: 112, ttl: 255, trafficClass: 0xc0, identification: 0 }

describe('IPv4 packets', () => {
  it('carry their fields at the places of RFC 791', () => {
    expect(Buffer.from(encodeIpv4Packet(fields, Uint8Array.of(1, 2))).toString('hex')).toBe(
      '45c0001600000000ff700000c0000201e00000120102',
    )
  })

  it('read back as written', () => {
    expect(decodeIpv4Packet(encodeIpv4Packet(fields, Uint8Array.of(9, 8)))).toEqual({
      ...fields,
      payload: Uint8Array.of(9, 8),
    })
  })

  it('lose their options and the padding of the frame', () => {
    const packet = Buffer.from('46c0001a00000000ff700000c0000201e000001294040000aabb00', 'hex')
    expect(decodeIpv4Packet(packet)?.payload).toEqual(Buffer.from('aabb', 'hex'))
  })

  it.each([
    ['nothing', ''],
    ['version 6', '65c0001600000000ff700000c0000201e00000120102'],
    ['a header shorter than 20 bytes', '44c0001600000000ff700000c0000201e00000120102'],
    ['a length beyond the packet', '45c0001700000000ff700000c0000201e00000120102'],
    ['a length within the header', '45c0001300000000ff700000c0000201e00000120102'],
  ])('are refused: %s', (_, hex) => expect(decodeIpv4Packet(Buffer.from(hex, 'hex'))).toBeNull())

  it('RFC 9568 §5.1.1: an advertisement goes to 224.0.0.18 with TTL 255 as protocol 112', () => {
    const packet = encodeIpv4Packet(fields, new Uint8Array(12))
    expect([packet[8], packet[9]]).toEqual([255, 112])
    expect([...packet.slice(16, 20)]).toEqual([224, 0, 0, 18])
  })

  it('read back as written, whatever they hold', () => {
    const byte = fc.nat(255)
    const address = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(addressFromBytes)
    const any = fc.record({
      source: address,
      destination: address,
      protocol: byte,
      ttl: byte,
      trafficClass: byte,
      identification: fc.nat(0xffff),
    })
    fc.assert(
      fc.property(any, fc.uint8Array({ maxLength: 1036 }), (anyFields, payload) => {
        expect(decodeIpv4Packet(encodeIpv4Packet(anyFields, payload))).toEqual({ ...anyFields, payload })
      }),
      { seed: 2 },
    )
  })

  it('name their source even where they are refused, once there is a whole header', () => {
    const packet = encodeIpv4Packet(fields, new Uint8Array(12))
    expect(claimedSource(packet.subarray(0, 20))).toBe('192.0.2.1')
    expect(claimedSource(packet.subarray(0, 19))).toBeNull()
  })

  it('are refused at every shorter length', () => {
    const packet = encodeIpv4Packet(fields, new Uint8Array(12))
    for (let length = 0; length < packet.length; length++) {
      expect(decodeIpv4Packet(packet.subarray(0, length))).toBeNull()
    }
  })

  it('never make the reader throw, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(() => decodeIpv4Packet(bytes)).not.toThrow()
      }),
      { numRuns: 5000, seed: 3 },
    )
  })

  it('RFC 791 §3.1: may have a header of 60 bytes, the longest there is, and no payload at all', () => {
    const options = '01'.repeat(40)
    const headerOnly = Buffer.from(`4fc0003c00000000ff700000c0000201e0000012${options}`, 'hex')
    expect(decodeIpv4Packet(headerOnly)).toMatchObject(fields)
    expect(decodeIpv4Packet(headerOnly)?.payload).toHaveLength(0)
    const oneByte = Buffer.from(`4fc0003d00000000ff700000c0000201e0000012${options}77`, 'hex')
    expect([...(decodeIpv4Packet(oneByte)?.payload ?? [])]).toEqual([0x77])
  })

  it.each([0, 1, 254, 255])(
    'RFC 9568 §5.1.1.3: keep the TTL %i they came with, for others to judge',
    (ttl) => {
      expect(decodeIpv4Packet(encodeIpv4Packet({ ...fields, ttl }, new Uint8Array(12)))?.ttl).toBe(ttl)
    },
  )

  it('keep the protocol they came with', () => {
    const protocols = [0, 1, 111, 112, 113, 255]
    const read = protocols.map((protocol) =>
      decodeIpv4Packet(encodeIpv4Packet({ ...fields, protocol }, new Uint8Array(12))),
    )
    expect(read.map((packet) => packet?.protocol)).toEqual(protocols)
  })

  it('are written with a length that takes two bytes when it must', () => {
    const packet = encodeIpv4Packet(fields, new Uint8Array(1020))
    expect([packet[2], packet[3]]).toEqual([1040 >> 8, 1040 & 0xff])
    expect(decodeIpv4Packet(packet)?.payload).toHaveLength(1020)
  })

  it('leave to the kernel what it fills in: identification, fragment, checksum (raw(7))', () => {
    const packet = encodeIpv4Packet(fields, Uint8Array.of(0xff))
    expect([...packet.slice(4, 8), ...packet.slice(10, 12)]).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('are read where they lie in a bigger buffer, and their payload is not copied', () => {
    const packet = encodeIpv4Packet(fields, Uint8Array.of(9, 8))
    const buffer = new Uint8Array(packet.length + 7).fill(0xee)
    buffer.set(packet, 5)
    const read = decodeIpv4Packet(buffer.subarray(5))
    expect(read).toEqual({ ...fields, payload: Uint8Array.of(9, 8) })
    expect(read?.payload.buffer).toBe(buffer.buffer)
    expect(read?.payload.byteOffset).toBe(25)
  })
})
