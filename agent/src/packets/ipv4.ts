/** The IPv4 header (RFC 791 §3.1), as far as VRRP needs it: written without options, read with any. */
import { type Address, addressBytes, addressFromBytes } from '@aloft/shared/network/address'

const HEADER_BYTES = 20

export interface Ipv4Fields {
  readonly source: Address
  readonly destination: Address
  readonly protocol: number
  readonly ttl: number
  /** The whole type of service byte: DSCP and ECN. */
  readonly trafficClass: number
  /** 0 in a packet to be sent: the kernel chooses one. */
  readonly identification: number
}

/** A packet for a raw socket with its header: the kernel fills in identification, length and checksum (raw(7)). */
export function encodeIpv4Packet(fields: Ipv4Fields, payload: Uint8Array): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + payload.length)
  packet[0] = 0x45
  packet[1] = fields.trafficClass
  packet[2] = packet.length >> 8
  packet[3] = packet.length & 0xff
  packet[4] = fields.identification >> 8
  packet[5] = fields.identification & 0xff
  packet[8] = fields.ttl
  packet[9] = fields.protocol
  packet.set(addressBytes(fields.source), 12)
  packet.set(addressBytes(fields.destination), 16)
  packet.set(payload, HEADER_BYTES)
  return packet
}

/** Writes the header's checksum into a packet that goes out as a whole frame, which the kernel does not complete. */
export function fillIpv4Checksum(packet: Uint8Array): Uint8Array {
  const view = new DataView(packet.buffer, packet.byteOffset, HEADER_BYTES)
  view.setUint16(10, 0)
  let sum = 0
  for (let offset = 0; offset < HEADER_BYTES; offset += 2) sum += view.getUint16(offset)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  view.setUint16(10, ~sum & 0xffff)
  return packet
}

export interface Ipv4Packet extends Ipv4Fields {
  readonly payload: Uint8Array
}

/** The source a packet gives, for saying whose header is wrong; null when there is not that much of a header. */
export function claimedSource(packet: Uint8Array): Address | null {
  return packet.length < HEADER_BYTES ? null : addressFromBytes(packet.subarray(12, 16))
}

/** Whether the header has options, which few senders use and an authentication header would have to cover. */
export function hasIpv4Options(packet: Uint8Array): boolean {
  return ((packet[0] ?? 0) & 0x0f) * 4 > HEADER_BYTES
}

/** Texts of addresses by their 32 bits: the same few neighbours speak all the time. */
const TEXTS = new Map<number, Address>()
const TEXTS_MAX = 1_024

function addressAt(packet: Uint8Array, offset: number): Address {
  const bits =
    ((packet[offset] ?? 0) << 24) |
    ((packet[offset + 1] ?? 0) << 16) |
    ((packet[offset + 2] ?? 0) << 8) |
    (packet[offset + 3] ?? 0)
  const known = TEXTS.get(bits)
  if (known !== undefined) return known
  if (TEXTS.size >= TEXTS_MAX) TEXTS.clear()
  const text = addressFromBytes(packet.subarray(offset, offset + 4))
  TEXTS.set(bits, text)
  return text
}

/** Reads a received packet; null when it is shorter than it says. The payload is a view, without trailing padding. */
export function decodeIpv4Packet(packet: Uint8Array): Ipv4Packet | null {
  // By index: taking a typed array apart by its iterator costs more than all the rest.
  const first = packet[0] ?? 0
  const headerBytes = (first & 0x0f) * 4
  const totalBytes = ((packet[2] ?? 0) << 8) | (packet[3] ?? 0)
  if (first >> 4 !== 4 || headerBytes < HEADER_BYTES || totalBytes < headerBytes) return null
  if (totalBytes > packet.length) return null
  return {
    source: addressAt(packet, 12),
    destination: addressAt(packet, 16),
    protocol: packet[9] ?? 0,
    ttl: packet[8] ?? 0,
    trafficClass: packet[1] ?? 0,
    identification: ((packet[4] ?? 0) << 8) | (packet[5] ?? 0),
    payload: packet.subarray(headerBytes, totalBytes),
  }
}
