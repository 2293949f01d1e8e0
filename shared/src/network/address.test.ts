import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressBytes,
  addressFromBytes,
  compareAddresses,
  familyOf,
  knownAddress,
  parseAddress,
} from './address.ts'

const bytesOf = (length: 4 | 16) => fc.uint8Array({ minLength: length, maxLength: length })
const anyBytes = fc.oneof(bytesOf(4), bytesOf(16))

describe('an address', () => {
  it('has one canonical text, and its bytes come back from it', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const address = addressFromBytes(bytes)
        expect(parseAddress(address)).toBe(address)
        expect(addressBytes(address)).toEqual(bytes)
        expect(familyOf(address)).toBe(bytes.length === 4 ? 'ipv4' : 'ipv6')
      }),
    )
  })

  it('of IPv6 may be written without compression, in capitals, with leading zeros', () => {
    fc.assert(
      fc.property(bytesOf(16), (bytes) => {
        const groups = Array.from(
          { length: 8 },
          (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0),
        )
        const long = groups.map((group) => group.toString(16).padStart(4, '0').toUpperCase()).join(':')
        expect(parseAddress(long)).toBe(addressFromBytes(bytes))
      }),
    )
  })

  // RFC 5952 §4: the longest run of zeros is shortened, the first of equals, never a single group.
  it.each([
    ['2001:0db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['fe80:0:0:0:0:0:0:0', 'fe80::'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['2001:DB8::A', '2001:db8::a'],
  ])('%s is %s', (written, canonical) => expect(parseAddress(written)).toBe(canonical))

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    '1.2.3.-4',
    '0x1.2.3.4',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '::1.2.3',
    '::1.2.3.4:5',
  ])('%j is none', (text) => expect(parseAddress(text)).toBeNull())

  it('never comes of random text unless it is canonical when read again', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.%/ '), maxLength: 45 }), (text) => {
        const address = parseAddress(text)
        if (address !== null) expect(parseAddress(address)).toBe(address)
      }),
    )
  })

  it('of another number of bytes is a bug of the caller', () => {
    expect(() => addressFromBytes(new Uint8Array(5))).toThrow('an IP address has 4 or 16 bytes, not 5')
  })
})

describe('an address that the program names itself', () => {
  it('is canonical like any other', () => {
    expect(knownAddress('FF02:0::12')).toBe('ff02::12')
  })

  it('is a mistake of the program when it is none', () => {
    expect(() => knownAddress('224.0.0.256')).toThrow('not an address: 224.0.0.256')
  })
})

describe('the order of addresses', () => {
  it('is that of their bytes', () => {
    fc.assert(
      fc.property(bytesOf(4), bytesOf(4), (left, right) => {
        const order = Buffer.compare(left, right)
        expect(Math.sign(compareAddresses(addressFromBytes(left), addressFromBytes(right)))).toBe(order)
      }),
    )
  })

  it('is not that of their text', () => {
    const [nine, ten] = [
      addressFromBytes(Uint8Array.of(192, 0, 2, 9)),
      addressFromBytes(Uint8Array.of(192, 0, 2, 10)),
    ]
    expect(compareAddresses(ten, nine)).toBeGreaterThan(0)
    expect(compareAddresses(ten, ten)).toBe(0)
  })
})
