import { type Address, addressFromBytes } from '@aloft/shared/network/address'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { onesComplementSum } from '../packets/ones-complement.ts'
import { isChecksumRight, vrrpChecksum } from './checksum.ts'
import { address } from './examples.test.support.ts'

const endpoints = { source: address('192.168.1.10'), destination: address('224.0.0.18') }

describe('the sum', () => {
  it('RFC 1071 §3: the worked example', () => {
    expect(onesComplementSum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(0xddf2)
  })

  it('RFC 1071 §1: an odd last byte counts as the high one', () => {
    expect(onesComplementSum(Uint8Array.of(0x12))).toBe(0x1200)
    expect(onesComplementSum(Uint8Array.of())).toBe(0)
  })

  it('is the same modulo 65535 as one big number', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 1100 }), (bytes) => {
        const even = bytes.subarray(0, bytes.length & ~1)
        const number = BigInt(`0x${Buffer.from(even).toString('hex')}`)
        expect(BigInt(onesComplementSum(even)) % 65535n).toBe(number % 65535n)
      }),
      { seed: 1 },
    )
  })
})

describe('the checksum of a message', () => {
  const message = Uint8Array.from(Buffer.from('313364010064' + '0000' + 'c0a80164', 'hex'))

  it('keepalived-and-vrrp.md §2.4: with pseudo-header and without', () => {
    expect(vrrpChecksum(message, endpoints)).toBe(0x0619)
    expect(vrrpChecksum(message, null)).toBe(0xa85a)
  })

  it('does not depend on what stands in its field', () => {
    const filled = Uint8Array.from(message)
    filled.set([0xbe, 0xef], 6)
    expect(vrrpChecksum(filled, endpoints)).toBe(0x0619)
  })

  it('covers source, destination and length', () => {
    const other = { ...endpoints, source: address('192.168.1.11') }
    expect(vrrpChecksum(message, other)).not.toBe(0x0619)
    expect(vrrpChecksum(message, { ...endpoints, destination: address('192.168.1.11') })).toBe(0x2478)
    expect(vrrpChecksum(Uint8Array.from([...message, 0, 0]), endpoints)).toBe(0x0617)
  })

  it('written into its field makes the message right, in that form', () => {
    const anyAddress = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(addressFromBytes)
    const anyEndpoints = fc.option(fc.record({ source: anyAddress, destination: anyAddress }))
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 100 }), anyEndpoints, (bytes, given) => {
        const checksum = vrrpChecksum(bytes, given)
        bytes.set([checksum >> 8, checksum & 0xff], 6)
        expect(isChecksumRight(bytes, given)).toBe(true)
        bytes[0] = (bytes[0] ?? 0) ^ 0x80
        expect(isChecksumRight(bytes, given)).toBe(false)
      }),
      { seed: 2 },
    )
  })

  it('RFC 8200 §8.1: the IPv6 pseudo-header, summed by hand', () => {
    const six = { source: 'fe80::1' as Address, destination: 'ff02::12' as Address }
    const zeros = new Uint8Array(8)
    const sum = 0xfe80 + 0x0001 + 0xff02 + 0x0012 + 8 + 112
    expect(vrrpChecksum(zeros, six)).toBe(65535 - (sum % 65535))
  })
})
