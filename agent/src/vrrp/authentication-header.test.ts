import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSignedWith, readSigned, signMessage } from './authentication-header.ts'
import { address } from './examples.test.support.ts'

const key = new TextEncoder().encode('secret42')
const message = Uint8Array.from(Buffer.from('213364010201b6bcc0a801640000000000000000', 'hex'))
const fields = {
  source: address('192.0.2.1'),
  destination: address('224.0.0.18'),
  ttl: 255,
  identification: 0x1234,
}
const toPeer = { ...fields, destination: address('192.0.2.2') }
const sign = (sequence = 7, its = fields) => signMessage(message, { key, sequence, fields: its })

describe('an authentication header', () => {
  it('RFC 2402 §2: next header 112, four words, the source as index, the sequence, twelve bytes of HMAC', () => {
    const payload = Buffer.from(sign())
    expect(payload.subarray(0, 12).toString('hex')).toBe('70040000c000020100000007')
    expect(payload.subarray(24)).toEqual(Buffer.from(message))
  })

  it('RFC 2402 §3.3.3, RFC 2403: covers the IP header without what changes, itself without the value, the message', () => {
    // Version, length, no type of service; length 64, identification, no fragments; TTL, 51, no checksum; addresses.
    const ip = '4500004012340000ff330000c0000201e0000012'
    const covered = Buffer.from(`${ip}70040000c000020100000007${'00'.repeat(12)}`, 'hex')
    const digest = createHmac('md5', key)
      .update(Buffer.concat([covered, message]))
      .digest('hex')
    expect(Buffer.from(sign()).subarray(12, 24).toString('hex')).toBe(digest.slice(0, 24))
  })

  it('keepalived-and-vrrp.md §2.5: leaves the TTL out in unicast, where routers may change it', () => {
    const payload = sign(7, toPeer)
    expect(isSignedWith(key, payload, { ...toPeer, ttl: 60 })).toBe(true)
    expect(isSignedWith(key, sign(), { ...fields, ttl: 60 })).toBe(false)
  })

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffff_ffff),
        fc.uint8Array({ minLength: 1, maxLength: 1060 }),
        (sequence, bytes) => {
          const payload = signMessage(bytes, { key, sequence, fields })
          expect(readSigned(payload)).toEqual({ sequence, message: bytes })
          expect(isSignedWith(key, payload, fields)).toBe(true)
        },
      ),
    )
  })

  it('is refused with any one bit of it, or of the message, flipped', () => {
    const payload = sign()
    for (let bit = 0; bit < payload.length * 8; bit++) {
      const changed = Uint8Array.from(payload)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(isSignedWith(key, changed, fields)).toBe(false)
    }
  })

  it('is refused from another source, to another destination, with another identification or key', () => {
    const payload = sign()
    for (const change of [
      { source: address('192.0.2.9') },
      { destination: address('224.0.0.19') },
      { identification: 1 },
    ])
      expect(isSignedWith(key, payload, { ...fields, ...change })).toBe(false)
    expect(isSignedWith(new TextEncoder().encode('secret43'), payload, fields)).toBe(false)
  })

  it('is none at every shorter length, and with another next header or length', () => {
    const payload = sign()
    for (let length = 0; length <= 24; length++) expect(readSigned(payload.subarray(0, length))).toBeNull()
    for (const [offset, value] of [
      [0, 6],
      [1, 5],
    ] as const) {
      const other = Uint8Array.from(payload)
      other[offset] = value
      expect(readSigned(other)).toBeNull()
    }
  })
})
