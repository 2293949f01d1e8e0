import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hmacMd5, md5 } from './md5.ts'

const text = (words: string) => new TextEncoder().encode(words)
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('MD5', () => {
  it.each([
    ['', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['abc', '900150983cd24fb0d6963f7d28e17f72'],
    ['message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
    [
      '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
      '57edf4a22be3c955ac49da2e2107b67a',
    ],
  ])('RFC 1321 §A.5: %s', (words, digest) => expect(hexOf(md5(text(words)))).toBe(digest))

  it('is what OpenSSL makes of the same bytes, at every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(hexOf(md5(bytes))).toBe(createHash('md5').update(bytes).digest('hex'))
      }),
    )
  })
})

describe('HMAC-MD5', () => {
  it.each([
    ['0b'.repeat(16), '4869205468657265', '9294727a3638bb1c13f48ef8158bfc9d'],
    [
      '4a656665',
      '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
      '750c783e6ab0b503eaa86e310a5db738',
    ],
    [
      'aa'.repeat(80),
      '54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374',
      '6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd',
    ],
  ])('RFC 2202 §2: the key %s', (key, message, digest) => {
    expect(hexOf(hmacMd5(Buffer.from(key, 'hex'), Buffer.from(message, 'hex')))).toBe(digest)
  })

  it('is what OpenSSL makes of the same bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(bytes, bytes, (key, message) => {
        expect(hexOf(hmacMd5(key, message))).toBe(createHmac('md5', key).update(message).digest('hex'))
      }),
    )
  })
})
