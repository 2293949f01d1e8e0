import { addressFromBytes, parseAddress } from '@aloft/shared/network/address'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claimedSource, decodeIpv4Packet, encodeIpv4Packet } from './ipv4.ts'

const [source, destination] = [parseAddress('192.0.2.1'), parseAddress('224.0.0.18')]
if (source === null || destination === null) throw new Error('addresses of the test')
const fields = { source, destination, protocol: 112, ttl: 255, trafficClass: 0xc0 }

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
    const packet = Buffer.from(
      '46c0001900000000ff700000c0000201e000001294040000aabb00'.replace('0019', '001a'),
      'hex',
    )
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
})
