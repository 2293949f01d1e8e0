import { type Address, addressBytes, addressFromBytes } from '@aloft/shared/network/address'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  advertisementLength,
  type Decoded,
  decodeAdvertisement,
  encodeAdvertisement,
} from './advertisement.ts'
import { authenticationOf } from './authentication.ts'
import type { ChecksumForm } from './checksum.ts'
import type { Advertisement } from './virtual-router.ts'

// Canonical by inspection; the brand is what parseAddress would give them.
const SOURCE = '192.168.1.10' as Address
const GROUP = '224.0.0.18' as Address
const SOURCE6 = 'fe80::5054:ff:fe12:3456' as Address
const GROUP6 = 'ff02::12' as Address
const NO_AUTHENTICATION = authenticationOf({ type: 'none' })

interface Vector {
  readonly name: string
  readonly hex: string
  readonly advertisement: Advertisement
  readonly password?: string
  readonly source?: Address
  readonly destination?: Address
  readonly checksum: Exclude<ChecksumForm, 'old-unicast'>
}

const web: Advertisement = {
  version: 3,
  vrid: 51,
  priority: 100,
  intervalMs: 1000,
  addresses: ['192.168.1.100' as Address],
}
/** keepalived-and-vrrp.md §2.4: computed there, and equal to scapy's encoder byte for byte. */
const VECTORS: readonly Vector[] = [
  {
    name: 'v2 without authentication',
    hex: '213364010001b8bdc0a801640000000000000000',
    advertisement: { ...web, version: 2 },
    checksum: 'message-only',
  },
  {
    name: 'v2 with the password 1111',
    hex: '213364010101555bc0a801643131313100000000',
    advertisement: { ...web, version: 2 },
    password: '1111',
    checksum: 'message-only',
  },
  {
    name: 'v2 with the password 1111, priority 0',
    hex: '213300010101b95bc0a801643131313100000000',
    advertisement: { ...web, version: 2, priority: 0 },
    password: '1111',
    checksum: 'message-only',
  },
  {
    name: 'v2 owner with two addresses',
    hex: '210aff020001cbee0a0000010a0000020000000000000000',
    advertisement: {
      ...web,
      version: 2,
      vrid: 10,
      priority: 255,
      addresses: ['10.0.0.1' as Address, '10.0.0.2' as Address],
    },
    checksum: 'message-only',
  },
  {
    name: 'v3 IPv4 with pseudo-header',
    hex: '3133640100640619c0a80164',
    advertisement: web,
    checksum: 'pseudo-header',
  },
  {
    name: 'v3 IPv4 as RFC 9568 has it',
    hex: '313364010064a85ac0a80164',
    advertisement: web,
    checksum: 'message-only',
  },
  {
    name: 'v3 IPv4 to one peer, with pseudo-header',
    hex: '3133640100642478c0a80164',
    advertisement: web,
    destination: '192.168.1.11' as Address,
    checksum: 'pseudo-header',
  },
  {
    name: 'v3 IPv6',
    hex: '313364020064bb40fe80000000000000000000000000000120010db8000000000000000000000100',
    advertisement: { ...web, addresses: ['fe80::1' as Address, '2001:db8::100' as Address] },
    source: SOURCE6,
    destination: GROUP6,
    checksum: 'pseudo-header',
  },
]

function received(vector: Vector, payload = bytes(vector.hex)) {
  const source = vector.source ?? SOURCE
  const family = vector.source ? ('ipv6' as const) : ('ipv4' as const)
  return { source, destination: vector.destination ?? GROUP, family, payload }
}

function encode(vector: Vector): Uint8Array {
  const { password } = vector
  return encodeAdvertisement(vector.advertisement, {
    source: vector.source ?? SOURCE,
    destination: vector.destination ?? GROUP,
    authentication: password ? authenticationOf({ type: 'simple', password }) : NO_AUTHENTICATION,
    checksum: vector.checksum,
  })
}

describe.each(VECTORS)('$name', (vector) => {
  it('is written as the reference has it', () => {
    expect(hex(encode(vector))).toBe(vector.hex)
  })

  it('is read back, and the form of its checksum told', () => {
    const decoded = decodeAdvertisement(received(vector))
    expect(decoded).toMatchObject({ advertisement: vector.advertisement, checksum: vector.checksum })
  })

  it('has the length foretold', () => {
    const { version, addresses } = vector.advertisement
    const family = vector.source ? 'ipv6' : 'ipv4'
    expect(advertisementLength(version, family, addresses.length)).toBe(vector.hex.length / 2)
  })

  it('is refused at every shorter length', () => {
    const whole = bytes(vector.hex)
    for (let length = 0; length < whole.length; length++) {
      const expected = length < 8 ? 'truncated' : 'packet-length'
      expect(decodeAdvertisement(received(vector, whole.slice(0, length)))).toEqual({ malformed: expected })
    }
  })

  it('is refused with any one bit flipped', () => {
    const whole = bytes(vector.hex)
    for (let bit = 0; bit < 8 * whole.length; bit++) {
      const flipped = Uint8Array.from(whole)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(decodeAdvertisement(received(vector, flipped)), `bit ${bit}`).toHaveProperty('malformed')
    }
  })

  it('is refused when it comes from or goes to elsewhere, if its checksum covers that', () => {
    const elsewhere = vector.source ? ('fe80::9' as Address) : ('192.168.1.99' as Address)
    const otherGroup = vector.source ? ('ff02::99' as Address) : ('224.0.0.99' as Address)
    for (const change of [{ source: elsewhere }, { destination: otherGroup }]) {
      const decoded = decodeAdvertisement({ ...received(vector), ...change })
      if (vector.checksum === 'pseudo-header') expect(decoded).toEqual({ malformed: 'checksum' })
      else expect(decoded).not.toHaveProperty('malformed')
    }
  })
})

describe('reading', () => {
  it('RFC 9568 §7.1: discards an unknown version', () => {
    for (const version of [0, 1, 4, 15]) {
      expect(decodeAdvertisement(handmade({ first: (version << 4) | 1 }))).toEqual({ malformed: 'version' })
    }
  })

  it('RFC 9568 §5.2.2: discards an unknown type', () => {
    for (const type of [0, 2, 15]) {
      expect(decodeAdvertisement(handmade({ first: 0x30 | type }))).toEqual({ malformed: 'type' })
      expect(decodeAdvertisement(handmade({ first: 0x20 | type }))).toEqual({ malformed: 'type' })
    }
  })

  it('RFC 9568 erratum 8299: discards a count of zero', () => {
    expect(decodeAdvertisement(handmade({ addresses: [] }))).toEqual({ malformed: 'zero-count' })
  })

  it('RFC 9568 erratum 8301: discards an interval of zero', () => {
    expect(decodeAdvertisement(handmade({ interval: 0 }))).toEqual({ malformed: 'zero-interval' })
  })

  it('RFC 3768 §7.1: an interval of zero seconds is no interval', () => {
    const message = handmade({ first: 0x21, interval: 0, trailer: new Array(8).fill(0) })
    expect(decodeAdvertisement(message)).toEqual({ malformed: 'zero-interval' })
  })

  it('RFC 9568 §5.2.6: ignores the reserved bits', () => {
    const decoded = decodeAdvertisement(handmade({ interval: 0xf064 }))
    expect(decoded).toMatchObject({ advertisement: { intervalMs: 1000 } })
  })

  it('RFC 9568 §5.2.7: reads the whole range of intervals', () => {
    for (const interval of [1, 100, 4095]) {
      const decoded = decodeAdvertisement(handmade({ interval }))
      expect(decoded).toMatchObject({ advertisement: { intervalMs: 10 * interval } })
    }
  })

  it('RFC 9568 §5.2.8: IPv6 never leaves the pseudo-header out', () => {
    const message = handmade({ addresses: [...addressBytes('fe80::1' as Address)] })
    message.payload[3] = 1
    const summed = handmadeChecksum(message.payload)
    message.payload.set([summed >> 8, summed & 0xff], 6)
    const decoded = decodeAdvertisement({ ...message, family: 'ipv6', source: SOURCE6, destination: GROUP6 })
    expect(decoded).toEqual({ malformed: 'checksum' })
  })

  it('RFC 3768 knows no IPv6', () => {
    const payload = bytes('213364010001b8bdc0a801640000000000000000')
    const message = { payload, family: 'ipv6' as const, source: SOURCE6, destination: GROUP6 }
    expect(decodeAdvertisement(message)).toEqual({ malformed: 'family' })
  })

  it('v2 in a short frame: Ethernet padding is not part of the message, whatever it holds', () => {
    const [vector] = VECTORS
    if (vector === undefined) throw new Error('no vectors')
    for (let padding = 1; padding <= 6; padding++) {
      const payload = Uint8Array.from([...bytes(vector.hex), ...new Array(padding).fill(0xa5)])
      expect(decodeAdvertisement(received(vector, payload))).toMatchObject({
        advertisement: vector.advertisement,
      })
    }
    const more = Uint8Array.from([...bytes(vector.hex), 0, 0, 0, 0, 0, 0, 0])
    expect(decodeAdvertisement(received(vector, more))).toEqual({ malformed: 'packet-length' })
  })

  it('v3: a message longer than its count says is refused', () => {
    const message = handmade({ trailer: [0, 0] })
    expect(decodeAdvertisement(message)).toEqual({ malformed: 'packet-length' })
  })

  it('reads a message that lies in the middle of a bigger buffer', () => {
    const message = handmade({})
    const buffer = new Uint8Array(100).fill(0xff)
    buffer.set(message.payload, 33)
    const payload = buffer.subarray(33, 33 + message.payload.length)
    expect(decodeAdvertisement({ ...message, payload })).toMatchObject({ advertisement: { vrid: 7 } })
  })

  it('keeps no hold of the buffer it read from: a transport may use it again', () => {
    const vector = VECTORS[1]
    if (vector === undefined) throw new Error('no vectors')
    const message = received(vector)
    const decoded = decodeAdvertisement(message) as Decoded
    message.payload.fill(0)
    expect(hex(decoded.authentication?.data ?? new Uint8Array())).toBe('3131313100000000')
    expect(decoded.advertisement.addresses).toEqual(['192.168.1.100'])
  })

  it('random bytes never throw', () => {
    const family = fc.constantFrom('ipv4' as const, 'ipv6' as const)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), family, (payload, given) => {
        const six = given === 'ipv6'
        const from = six ? { source: SOURCE6, destination: GROUP6 } : { source: SOURCE, destination: GROUP }
        expect(() => decodeAdvertisement({ payload, family: given, ...from })).not.toThrow()
      }),
      { numRuns: 20_000, seed: 2 },
    )
  })

  it('bytes that begin like an advertisement never throw either', () => {
    const start = fc.constantFrom(0x21, 0x31)
    fc.assert(
      fc.property(start, fc.uint8Array({ minLength: 7, maxLength: 40 }), (first, rest) => {
        const payload = Uint8Array.from([first, ...rest])
        expect(() =>
          decodeAdvertisement({ payload, family: 'ipv4', source: SOURCE, destination: GROUP }),
        ).not.toThrow()
      }),
      { numRuns: 20_000, seed: 3 },
    )
  })
})

const anyIpv4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(addressFromBytes)
const anyIpv6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(addressFromBytes)
const vrid = fc.integer({ min: 1, max: 255 })
const priority = fc.integer({ min: 0, max: 255 })

describe('writing, then reading', () => {
  it('v2 gives back what was written', () => {
    const content = fc.record({
      vrid,
      priority,
      intervalMs: fc.integer({ min: 1, max: 255 }).map((seconds) => 1000 * seconds),
      addresses: fc.array(anyIpv4, { minLength: 1, maxLength: 255 }),
    })
    fc.assert(
      fc.property(content, fc.string({ maxLength: 8 }), anyIpv4, (fields, password, source) => {
        const advertisement: Advertisement = { version: 2, ...fields }
        const authentication = authenticationOf({ type: 'simple', password })
        const envelope = { source, destination: GROUP, authentication, checksum: 'pseudo-header' as const }
        const payload = encodeAdvertisement(advertisement, envelope)
        const decoded = decodeAdvertisement({ payload, family: 'ipv4', source, destination: GROUP })
        expect(decoded).toEqual({ advertisement, authentication, checksum: 'message-only' })
      }),
      { seed: 4 },
    )
  })

  it.each([
    ['ipv4', anyIpv4, GROUP],
    ['ipv6', anyIpv6, GROUP6],
  ] as const)('v3 over %s gives back what was written', (family, anyAddress, destination) => {
    const content = fc.record({
      vrid,
      priority,
      intervalMs: fc.integer({ min: 1, max: 4095 }).map((centiseconds) => 10 * centiseconds),
      addresses: fc.array(anyAddress, { minLength: 1, maxLength: 255 }),
    })
    fc.assert(
      fc.property(content, anyAddress, (fields, source) => {
        const advertisement: Advertisement = { version: 3, ...fields }
        const envelope = {
          source,
          destination,
          authentication: NO_AUTHENTICATION,
          checksum: 'pseudo-header' as const,
        }
        const payload = encodeAdvertisement(advertisement, envelope)
        const decoded = decodeAdvertisement({ payload, family, source, destination })
        expect(decoded).toEqual({ advertisement, authentication: null, checksum: 'pseudo-header' })
      }),
      { seed: 5 },
    )
  })

  it('rounds a v3 interval to centiseconds, a v2 interval to seconds', () => {
    const write = (version: 2 | 3, intervalMs: number) =>
      hex(
        encodeAdvertisement(
          { ...web, version, intervalMs },
          { source: SOURCE, destination: GROUP, authentication: NO_AUTHENTICATION, checksum: 'message-only' },
        ),
      ).slice(8, 12)
    expect(write(3, 333)).toBe('0021')
    expect(write(2, 1400)).toBe('0001')
  })
})

describe('writing refuses what no checked config contains', () => {
  const envelope = {
    source: SOURCE,
    destination: GROUP,
    authentication: NO_AUTHENTICATION,
    checksum: 'message-only' as const,
  }
  it.each([
    ['VRID 0', { vrid: 0 }, /VRID is 0/],
    ['VRID 256', { vrid: 256 }, /VRID is 256/],
    ['priority 256', { priority: 256 }, /priority is 256/],
    ['a fractional priority', { priority: 1.5 }, /priority is 1.5/],
    ['no address', { addresses: [] }, /address count is 0/],
    ['an interval of 0', { intervalMs: 0 }, /interval in centiseconds is 0/],
    ['an interval of 41 s in v3', { intervalMs: 41_000 }, /interval in centiseconds is 4100/],
    ['an interval of 100 ms in v2', { version: 2 as const, intervalMs: 100 }, /interval in seconds is 0/],
    [
      'an interval of 256 s in v2',
      { version: 2 as const, intervalMs: 256_000 },
      /interval in seconds is 256/,
    ],
    ['an IPv6 address over IPv4', { addresses: ['fe80::1' as Address] }, /fe80::1 is not an ipv4 address/],
  ])('%s', (_, change, message) => {
    expect(() => encodeAdvertisement({ ...web, ...change }, envelope)).toThrow(message)
  })
})

/** A v3 message over IPv4 put together by hand, with its own idea of the checksum. */
function handmade({ first = 0x31, interval = 100, addresses = [10, 0, 0, 1], trailer = [] as number[] }) {
  const head = [first, 7, 100, addresses.length / 4, interval >> 8, interval & 0xff]
  const payload = Uint8Array.from([...head, 0, 0, ...addresses, ...trailer])
  const sum = handmadeChecksum(payload)
  payload.set([sum >> 8, sum & 0xff], 6)
  return { payload, family: 'ipv4' as const, source: SOURCE, destination: GROUP }
}

/** One's complement arithmetic in big integers: modulo 65535, and nothing like the code under test. */
function handmadeChecksum(message: Uint8Array): number {
  const copy = Uint8Array.from(message)
  copy.set([0, 0], 6)
  const number = BigInt(`0x${hex(copy)}${copy.length % 2 === 1 ? '00' : ''}`)
  return Number(65535n - (number % 65535n))
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'))
}

function hex(from: Uint8Array): string {
  return Buffer.from(from).toString('hex')
}
