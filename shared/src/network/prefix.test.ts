import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressFromBytes } from './address.ts'
import { formatPrefix, parsePrefix } from './prefix.ts'

describe('a prefix', () => {
  it('is read back as it was written', () => {
    const ipv4 = fc.tuple(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.integer({ min: 0, max: 32 }))
    const ipv6 = fc.tuple(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.integer({ min: 0, max: 128 }))
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), ([bytes, prefixLength]) => {
        const prefix = { address: addressFromBytes(bytes), prefixLength }
        expect(parsePrefix(formatPrefix(prefix))).toEqual(prefix)
      }),
    )
  })

  it.each([
    ['192.0.2.1', 32],
    ['2001:db8::1', 128],
  ])('without a length is the host: %s/%i', (text, length) =>
    expect(parsePrefix(text)?.prefixLength).toBe(length),
  )

  it.each([
    '192.0.2.1/33',
    '192.0.2.1/',
    '192.0.2.1/+8',
    '192.0.2.1/8/8',
    '2001:db8::/129',
    '/24',
    '192.0.2.1/0008',
    '',
  ])('%j is none', (text) => expect(parsePrefix(text)).toBeNull())
})
