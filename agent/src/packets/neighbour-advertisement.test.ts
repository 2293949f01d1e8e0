import { addressFromBytes, knownAddress } from '@aloft/shared/network/address'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeUnsolicitedAdvertisement } from './neighbour-advertisement.ts'

const mac = Uint8Array.of(2, 0, 0, 0, 0, 0x0a)
const address = knownAddress('fe80::1')
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** The sum of everything that a receiver verifies: 0xffff when the checksum is right. Written without the encoder. */
function verify(frame: Uint8Array): number {
  const packet = Buffer.from(frame.subarray(14))
  let sum = 58 + packet.readUInt16BE(4)
  for (let at = 8; at < packet.length; at += 2) sum += packet.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}

describe('unsolicited neighbour advertisements', () => {
  it('RFC 9568 §6.4.2, RFC 4861 §4.4: go to all nodes, not solicited, overriding, with the link-layer address', () => {
    const frame = encodeUnsolicitedAdvertisement({ mac, address, isRouter: false })
    const ethernet = '333300000001' + '02000000000a' + '86dd'
    const ip = `6c00000000203aff${'fe80000000000000'}${'0000000000000001'}${'ff02000000000000'}${'0000000000000001'}`
    expect(hexOf(frame.subarray(0, 54))).toBe(ethernet + ip)
    // Type 136, code 0, flags O only, the target, option 2 of one unit of eight bytes.
    expect(hexOf(frame.subarray(54, 56))).toBe('8800')
    expect(hexOf(frame.subarray(58))).toBe(
      '20000000' + 'fe800000000000000000000000000001' + '020102000000000a',
    )
  })

  it('RFC 4861 §4.4: the router flag is set where the host forwards', () => {
    const frame = encodeUnsolicitedAdvertisement({ mac, address, isRouter: true })
    expect(frame[58]).toBe(0xa0)
  })

  it('RFC 4443 §2.3: have a checksum that every receiver finds right', () => {
    const any = fc.record({
      mac: fc.uint8Array({ minLength: 6, maxLength: 6 }),
      address: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(addressFromBytes),
      isRouter: fc.boolean(),
    })
    fc.assert(
      fc.property(any, (each) => {
        expect(verify(encodeUnsolicitedAdvertisement(each))).toBe(0xffff)
      }),
    )
  })

  it('are for IPv6, and for Ethernet', () => {
    const ipv4 = knownAddress('192.0.2.1')
    expect(() => encodeUnsolicitedAdvertisement({ mac, address: ipv4, isRouter: false })).toThrow(RangeError)
    expect(() =>
      encodeUnsolicitedAdvertisement({ mac: new Uint8Array(8), address, isRouter: false }),
    ).toThrow(RangeError)
  })
})
