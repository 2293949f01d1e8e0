import { parseAddress } from '@aloft/shared/network/address'
import { describe, expect, it } from 'vitest'
import { encodeGratuitousArp } from './arp.ts'

const mac = Uint8Array.of(2, 0, 0, 0, 0, 7)
const [ipv4, ipv6] = [parseAddress('192.0.2.100'), parseAddress('fe80::1')]
if (ipv4 === null || ipv6 === null) throw new Error('addresses of the test')

describe('gratuitous ARP', () => {
  it('is a broadcast request of the address for itself', () => {
    expect(Buffer.from(encodeGratuitousArp({ mac, address: ipv4 })).toString('hex')).toBe(
      'ffffffffffff0200000000070806' + '0001080006040001' + '020000000007c0000264' + '000000000000c0000264',
    )
  })

  it('refuses what ARP cannot say', () => {
    expect(() => encodeGratuitousArp({ mac, address: ipv6 })).toThrow('ARP is for IPv4, not fe80::1')
    expect(() => encodeGratuitousArp({ mac: mac.subarray(1), address: ipv4 })).toThrow('6 bytes, not 5')
  })
})
