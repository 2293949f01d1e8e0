/**
 * VRRP advertisements on the wire. Three promises: `decodeAdvertisement` never throws, whatever the bytes;
 * `advertisementLength` says how long a message is; `encodeAdvertisement` writes exactly that.
 *
 *   0               1               2               3
 *   +-------+-------+---------------+---------------+---------------+
 *   |version| type 1|     VRID      |   priority    | address count |
 *   +-------+-------+---------------+---------------+---------------+
 *   | v2: authentication, interval s|           checksum            |   RFC 3768 §5.3
 *   | v3: rsvd 4, interval cs 12    |                               |   RFC 9568 §5.2
 *   +-------------------------------+-------------------------------+
 *   | addresses, 4 or 16 bytes each                                 |
 *   +---------------------------------------------------------------+
 *   | v2 only: 8 bytes of authentication data                       |
 *   +---------------------------------------------------------------+
 */
import {
  type Address,
  addressBytes,
  addressFromBytes,
  addressLength,
  type Family,
  familyOf,
} from '@aloft/shared/network/address'
import { isMulticast } from '@aloft/shared/network/scope'
import type { DiscardReason } from '@aloft/shared/protocol/events'
import { AUTHENTICATION_LENGTH, type Authentication } from './authentication.ts'
import { type ChecksumForm, type Endpoints, isChecksumRight, vrrpChecksum } from './checksum.ts'
import { type Advertisement, GROUP } from './virtual-router.ts'

export interface ReceivedMessage extends Endpoints {
  readonly family: Family
  /** The VRRP message, IP header removed. */
  readonly payload: Uint8Array
}

export interface Decoded {
  readonly advertisement: Advertisement
  /** Null for v3, which has no such fields. */
  readonly authentication: Authentication | null
  readonly checksum: ChecksumForm
}

export interface Malformed {
  readonly malformed: DiscardReason
}

/** What a message carries beside its content. `authentication` is for v2, `checksum` for v3 over IPv4. */
export interface Envelope extends Endpoints {
  readonly authentication: Authentication
  readonly checksum: Exclude<ChecksumForm, 'old-unicast'>
}

const HEADER_LENGTH = 8
const TYPE_ADVERTISEMENT = 1
const CENTISECOND_MS = 10
const SECOND_MS = 1000
/** v3 has 12 bits for its interval, v2 has 8. */
const INTERVAL_CS_MAX = 0xfff
const INTERVAL_S_MAX = 0xff
/** A frame carries at least 46 bytes (IEEE 802.3), 20 of them the IP header: a shorter v2 message arrives padded. */
const PADDED_LENGTH = 26
const TRAILER_LENGTH = 28
const TRAILER_TYPE_HMAC = 1

export function advertisementLength(version: 2 | 3, family: Family, count: number): number {
  return HEADER_LENGTH + count * addressLength[family] + (version === 2 ? AUTHENTICATION_LENGTH : 0)
}

/** Reads an advertisement, or says why it must be discarded (RFC 9568 §7.1, RFC 3768 §7.1). */
export function decodeAdvertisement(received: ReceivedMessage): Decoded | Malformed {
  const { payload, family } = received
  const [first = 0, vrid = 0, priority = 0, count = 0] = payload
  if (payload.length < HEADER_LENGTH) return { malformed: 'truncated' }

  const version = first >> 4
  if (version !== 2 && version !== 3) return { malformed: 'version' }
  if (version === 2 && family === 'ipv6') return { malformed: 'family' }
  if ((first & 0xf) !== TYPE_ADVERTISEMENT) return { malformed: 'type' }

  const length = advertisementLength(version, family, count)
  if (hasTrailer(payload, length)) return { malformed: 'authentication-trailer' }
  const message = withoutPadding(payload, version, length)
  if (message === null) return { malformed: 'packet-length' }
  const checksum = checksumForm(message, version, received)
  if (checksum === null) return { malformed: 'checksum' }
  if (count === 0) return { malformed: 'zero-count' }
  const intervalMs = decodeInterval(message, version)
  if (intervalMs === 0) return { malformed: 'zero-interval' }

  const addresses = decodeAddresses(message, family, count)
  const authentication = version === 2 ? decodeAuthentication(message) : null
  return { advertisement: { version, vrid, priority, intervalMs, addresses }, authentication, checksum }
}

/**
 * Writes an advertisement. v3 intervals are rounded to centiseconds, v2 intervals to seconds. Throws RangeError for
 * what no checked config contains: an interval, count, VRID or priority that does not fit, or mixed families.
 */
export function encodeAdvertisement(advertisement: Advertisement, envelope: Envelope): Uint8Array {
  const { version, vrid, priority, addresses } = advertisement
  const family = familyOf(envelope.source)
  assertFits('VRID', vrid, 1, 255)
  assertFits('priority', priority, 0, 255)
  assertFits('address count', addresses.length, 1, 255)

  const message = new Uint8Array(advertisementLength(version, family, addresses.length))
  message.set([(version << 4) | TYPE_ADVERTISEMENT, vrid, priority, addresses.length])
  message.set(encodeInterval(advertisement, envelope.authentication.type), 4)
  message.set(encodeAddresses(addresses, family), HEADER_LENGTH)
  if (version === 2) message.set(envelope.authentication.data, message.length - AUTHENTICATION_LENGTH)

  const isSummedWithHeader = version === 3 && (family === 'ipv6' || envelope.checksum === 'pseudo-header')
  const checksum = vrrpChecksum(message, isSummedWithHeader ? envelope : null)
  message.set([checksum >> 8, checksum & 0xff], 6)
  return message
}

/** keepalived 2.4 may sign with 28 bytes after the message (draft-cassen-vrrp-auth-hmac); they begin with its type, 1. */
function hasTrailer(payload: Uint8Array, length: number): boolean {
  return payload.length === length + TRAILER_LENGTH && payload[length] === TRAILER_TYPE_HMAC
}

/** Null when the length is wrong. RFC 9568 §5.2: the length is exact; for v2, short frames come padded. */
function withoutPadding(payload: Uint8Array, version: 2 | 3, length: number): Uint8Array | null {
  if (payload.length === length) return payload
  const isPadded = version === 2 && payload.length > length && payload.length <= PADDED_LENGTH
  return isPadded ? payload.subarray(0, length) : null
}

function checksumForm(message: Uint8Array, version: 2 | 3, received: ReceivedMessage): ChecksumForm | null {
  if (version === 3 && isChecksumRight(message, received)) return 'pseudo-header'
  const mayOmitHeader = version === 2 || received.family === 'ipv4'
  if (mayOmitHeader && isChecksumRight(message, null)) return 'message-only'
  if (version === 2 || received.family === 'ipv6' || isMulticast(received.destination)) return null
  const old = { source: received.source, destination: GROUP.ipv4 }
  return isChecksumRight(message, old) ? 'old-unicast' : null
}

function decodeInterval(message: Uint8Array, version: 2 | 3): number {
  const [, , , , high = 0, low = 0] = message
  return version === 2 ? low * SECOND_MS : (((high & 0xf) << 8) | low) * CENTISECOND_MS
}

function decodeAddresses(message: Uint8Array, family: Family, count: number): Address[] {
  const size = addressLength[family]
  const addresses: Address[] = []
  for (let i = 0; i < count; i++) {
    const offset = HEADER_LENGTH + i * size
    addresses.push(addressFromBytes(message.subarray(offset, offset + size)))
  }
  return addresses
}

function decodeAuthentication(message: Uint8Array): Authentication {
  return { type: message[4] ?? 0, data: message.slice(-AUTHENTICATION_LENGTH) }
}

function encodeInterval(
  { version, intervalMs }: Advertisement,
  authenticationType: number,
): [number, number] {
  if (version === 2) {
    const seconds = Math.round(intervalMs / SECOND_MS)
    assertFits('interval in seconds', seconds, 1, INTERVAL_S_MAX)
    return [authenticationType, seconds]
  }
  const centiseconds = Math.round(intervalMs / CENTISECOND_MS)
  assertFits('interval in centiseconds', centiseconds, 1, INTERVAL_CS_MAX)
  return [centiseconds >> 8, centiseconds & 0xff]
}

function encodeAddresses(addresses: readonly Address[], family: Family): Uint8Array {
  const size = addressLength[family]
  const bytes = new Uint8Array(addresses.length * size)
  for (const [i, address] of addresses.entries()) {
    if (familyOf(address) !== family) throw new RangeError(`${address} is not an ${family} address`)
    bytes.set(addressBytes(address), i * size)
  }
  return bytes
}

function assertFits(what: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new RangeError(`${what} is ${value}, not ${min} to ${max}`)
}
