/**
 * The authentication header of VRRPv2 (RFC 2402, RFC 2338 §5.3.6.3): it vouches for the IP packet, itself and the
 * message with HMAC-MD5-96 (RFC 2403), and counts the packets, so that an old one cannot be sent again.
 *
 *   0               1               2               3
 *   +---------------+---------------+---------------+---------------+
 *   |  next header  | length in 32  |            reserved           |
 *   |      112      |  bit words -2 |                               |
 *   +---------------+---------------+---------------+---------------+
 *   | security parameters index: the source address                 |
 *   | sequence number                                               |
 *   | integrity check value, 12 bytes                               |
 *   +---------------------------------------------------------------+
 */
import { type Address, addressBytes } from '@aloft/shared/network/address'
import { isEqualInConstantTime } from './authentication.ts'
import { hmacMd5 } from './md5.ts'

const HEADER_BYTES = 24
const CHECK_OFFSET = 12
const CHECK_BYTES = 12
const PROTOCOL_AH = 51
const PROTOCOL_VRRP = 112
const PAYLOAD_LENGTH = HEADER_BYTES / 4 - 2
const IP_BYTES = 20

/** Of the IP header, what is covered. Type of service, fragment offset, flags and checksum may change underway. */
export interface CoveredFields {
  readonly source: Address
  readonly destination: Address
  readonly ttl: number
  readonly identification: number
}

export interface Signed {
  readonly sequence: number
  /** The VRRP message; a view. */
  readonly message: Uint8Array
}

/** The authentication header, and the message after it. */
export function signMessage(
  message: Uint8Array,
  { key, sequence, fields }: { key: Uint8Array; sequence: number; fields: CoveredFields },
): Uint8Array {
  const payload = new Uint8Array(HEADER_BYTES + message.length)
  const view = new DataView(payload.buffer)
  payload.set([PROTOCOL_VRRP, PAYLOAD_LENGTH])
  payload.set(addressBytes(fields.source), 4)
  view.setUint32(8, sequence)
  payload.set(message, HEADER_BYTES)
  payload.set(checkValue(key, payload, { ...fields, ttl: coveredTtl(fields) }), CHECK_OFFSET)
  return payload
}

/** Reads a header without judging it; null when this is none, or nothing follows. */
export function readSigned(payload: Uint8Array): Signed | null {
  const [nextHeader, length] = payload
  if (payload.length <= HEADER_BYTES || nextHeader !== PROTOCOL_VRRP || length !== PAYLOAD_LENGTH) return null
  const view = new DataView(payload.buffer, payload.byteOffset)
  return { sequence: view.getUint32(8), message: payload.subarray(HEADER_BYTES) }
}

/** Whether the payload was signed with the key, and arrived as it was sent. */
export function isSignedWith(key: Uint8Array, payload: Uint8Array, fields: CoveredFields): boolean {
  const received = payload.slice(CHECK_OFFSET, CHECK_OFFSET + CHECK_BYTES)
  const bare = Uint8Array.from(payload)
  bare.fill(0, CHECK_OFFSET, CHECK_OFFSET + CHECK_BYTES)
  const ttls = new Set([coveredTtl(fields), 0])
  return [...ttls].some((ttl) => isEqualInConstantTime(received, checkValue(key, bare, { ...fields, ttl })))
}

/** RFC 2402 §3.3.3.1.1.1 leaves the TTL out; keepalived puts it in where it cannot change: in multicast. */
function coveredTtl({ destination, ttl }: CoveredFields): number {
  const [first = 0] = addressBytes(destination)
  return first >= 224 && first < 240 ? ttl : 0
}

function checkValue(key: Uint8Array, payload: Uint8Array, fields: CoveredFields): Uint8Array {
  const covered = new Uint8Array(IP_BYTES + payload.length)
  const view = new DataView(covered.buffer)
  covered[0] = 0x45
  view.setUint16(2, covered.length)
  view.setUint16(4, fields.identification)
  covered[8] = fields.ttl
  covered[9] = PROTOCOL_AH
  covered.set(addressBytes(fields.source), 12)
  covered.set(addressBytes(fields.destination), 16)
  covered.set(payload, IP_BYTES)
  return hmacMd5(key, covered).subarray(0, CHECK_BYTES)
}
