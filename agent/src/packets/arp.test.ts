import { addressFromBytes, parseAddress } from '@aloft/shared/network/address'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ETHERTYPE_ARP, encodeGratuitousArp } from './arp.ts'

const mac = Uint8Array.of(2, 0, 0, 0, 0, 7)
const [ipv4, ipv6] = [parseAddress('192.0.2.100'), parseAddress('fe80::1')]
if (ipv4 === null || ipv6 === null) throw new Error('addresses of the test')

describe('gratuitous ARP', () => {
  it('is a broadcast request of the address for itself', () => {
    expect(Buffer.from(encodeGratuitousArp({ mac, address: ipv4 })).toString('hex')).toBe(
      'ffffffffffff0200000000070806' + '0001080006040001' + '020000000007c0000264' + 'ffffffffffffc0000264',
    )
  })

  it('RFC 826: has its fields where they belong, for every address and interface', () => {
    const bytesOf = (count: number) => fc.uint8Array({ minLength: count, maxLength: count })
    fc.assert(
      fc.property(bytesOf(6), bytesOf(4), (anyMac, anyIp) => {
        const frame = Buffer.from(encodeGratuitousArp({ mac: anyMac, address: addressFromBytes(anyIp) }))
        const [macHex, ipHex] = [anyMac, anyIp].map((bytes) => Buffer.from(bytes).toString('hex'))
        const sender = `${macHex}${ipHex}`
        const target = `${'ff'.repeat(6)}${ipHex}`
        expect(frame.toString('hex')).toBe(`${'ff'.repeat(6)}${macHex}08060001080006040001${sender}${target}`)
      }),
      { seed: 1 },
    )
  })

  it('RFC 9568 errata 7947, 7949: is a request, and carries the virtual address as sender and as target', () => {
    const frame = encodeGratuitousArp({ mac, address: ipv4 })
    expect([...frame.slice(20, 22)]).toEqual([0, 1])
    expect([...frame.slice(28, 32)]).toEqual([192, 0, 2, 100])
    expect([...frame.slice(38, 42)]).toEqual([192, 0, 2, 100])
  })

  it('refuses what ARP cannot say', () => {
    expect(() => encodeGratuitousArp({ mac, address: ipv6 })).toThrow('ARP is for IPv4, not fe80::1')
    expect(() => encodeGratuitousArp({ mac: mac.subarray(1), address: ipv4 })).toThrow('6 bytes, not 5')
  })

  it('is of the Ethernet type that the socket it goes through is opened for', () => {
    const frame = encodeGratuitousArp({ mac, address: ipv4 })
    expect((frame[12] ?? 0) * 256 + (frame[13] ?? 0)).toBe(ETHERTYPE_ARP)
    expect(frame).toHaveLength(42)
  })

  it('is its own: what it was made of may be used again', () => {
    const buffer = Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 7, 0)
    const frame = encodeGratuitousArp({ mac: buffer.subarray(2, 8), address: ipv4 })
    buffer.fill(0xee)
    expect(frame).toEqual(encodeGratuitousArp({ mac, address: ipv4 }))
    expect(encodeGratuitousArp({ mac, address: ipv4 }).buffer).not.toBe(frame.buffer)
  })
})
