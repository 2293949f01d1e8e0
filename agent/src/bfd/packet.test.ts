import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ControlPacket, decodeControlPacket, encodeControlPacket, STATES } from './packet.ts'

const packet: ControlPacket = {
  state: 'up',
  diagnostic: 1,
  poll: true,
  final: false,
  controlPlaneIndependent: false,
  demand: false,
  multiplier: 3,
  myDiscriminator: 0x01020304,
  yourDiscriminator: 0x05060708,
  desiredMinTxUs: 50_000,
  requiredMinRxUs: 60_000,
  requiredMinEchoRxUs: 0,
}
/** RFC 5880 §4.1, by hand. */
const BYTES = Uint8Array.from([
  ...[0x21, 0xe0, 3, 24],
  ...[1, 2, 3, 4],
  ...[5, 6, 7, 8],
  ...[0, 0, 0xc3, 0x50],
  ...[0, 0, 0xea, 0x60],
  ...[0, 0, 0, 0],
])
const changed = (changes: Readonly<Record<number, number>>, bytes: Uint8Array = BYTES) =>
  bytes.map((byte, i) => changes[i] ?? byte)
const refusal = (bytes: Uint8Array) => {
  const decoded = decodeControlPacket(bytes)
  return 'malformed' in decoded ? decoded.malformed : null
}

const word = fc.integer({ min: 0, max: 0xffff_ffff })
const anyPacket: fc.Arbitrary<ControlPacket> = fc
  .record({
    state: fc.constantFrom(...STATES),
    diagnostic: fc.integer({ min: 0, max: 31 }),
    poll: fc.boolean(),
    final: fc.boolean(),
    controlPlaneIndependent: fc.boolean(),
    demand: fc.boolean(),
    multiplier: fc.integer({ min: 1, max: 255 }),
    myDiscriminator: fc.integer({ min: 1, max: 0xffff_ffff }),
    yourDiscriminator: word,
    desiredMinTxUs: word,
    requiredMinRxUs: word,
    requiredMinEchoRxUs: word,
  })
  .filter(
    ({ state, yourDiscriminator }) => yourDiscriminator !== 0 || state === 'down' || state === 'admin-down',
  )

describe('a control packet', () => {
  it('RFC 5880 §4.1: is written as the RFC has it', () => expect(encodeControlPacket(packet)).toEqual(BYTES))
  it('is read back as it was written', () =>
    fc.assert(
      fc.property(anyPacket, (any) => {
        expect(decodeControlPacket(encodeControlPacket(any))).toEqual(any)
      }),
    ))
  it('is refused at every shorter length', () => {
    for (let length = 0; length < BYTES.length; length++)
      expect(refusal(BYTES.slice(0, length)), String(length)).toBe('truncated')
  })
  it('is refused, or another packet, with any one bit flipped; never is it the same', () => {
    for (let bit = 0; bit < BYTES.length * 8; bit++) {
      const bytes = BYTES.map((byte, i) => (i === bit >> 3 ? byte ^ (0x80 >> (bit & 7)) : byte))
      const decoded = decodeControlPacket(bytes)
      if (!('malformed' in decoded)) expect(decoded, String(bit)).not.toEqual(packet)
    }
  })
  it('never throws, whatever the bytes', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        decodeControlPacket(bytes)
      }),
    ))
})

describe('RFC 5880 §6.8.6: what is discarded whatever session it is for', () => {
  it('another version', () => expect(refusal(changed({ 0: 0x41 }))).toBe('version'))
  it('a Length below 24', () => expect(refusal(changed({ 3: 23 }))).toBe('length'))
  it('a Length below 26 with an authentication section', () =>
    expect(refusal(changed({ 1: 0xe4, 3: 25 }, new Uint8Array([...BYTES, 1, 3])))).toBe('length'))
  it('a Length beyond what the datagram holds', () => expect(refusal(changed({ 3: 25 }))).toBe('truncated'))
  it('a Detect Mult of zero', () => expect(refusal(changed({ 2: 0 }))).toBe('zero-multiplier'))
  it('the Multipoint bit', () => expect(refusal(changed({ 1: 0xe1 }))).toBe('multipoint'))
  it('a My Discriminator of zero', () =>
    expect(refusal(changed({ 4: 0, 5: 0, 6: 0, 7: 0 }))).toBe('zero-discriminator'))
  it.each([
    ['init', 0x80],
    ['up', 0xc0],
  ])('a Your Discriminator of zero in state %s', (_state, flags) =>
    expect(refusal(changed({ 1: flags, 8: 0, 9: 0, 10: 0, 11: 0 }))).toBe('unknown-session'),
  )
  it('an authentication section: no session here has one', () =>
    expect(refusal(changed({ 1: 0xe4, 3: 28 }, new Uint8Array([...BYTES, 1, 4, 1, 65])))).toBe(
      'authentication',
    ))
  it('but bytes behind the packet are none of its', () =>
    expect(decodeControlPacket(new Uint8Array([...BYTES, 0, 0]))).toEqual(packet))
})
