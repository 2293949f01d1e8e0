/** The IPv6 header (RFC 8200 §3), as far as VRRP needs it: without extension headers. */
import { type Address, addressBytes, addressFromBytes } from '@aloft/shared/network/address'

const HEADER_BYTES = 40

export interface Ipv6Fields {
  readonly source: Address
  readonly destination: Address
  readonly nextHeader: number
  readonly hopLimit: number
  readonly trafficClass: number
}

/** A packet for a raw socket with its header. */
export function encodeIpv6Packet(fields: Ipv6Fields, payload: Uint8Array): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + payload.length)
  const view = new DataView(packet.buffer)
  view.setUint32(0, (6 << 28) | (fields.trafficClass << 20))
  view.setUint16(4, payload.length)
  view.setUint8(6, fields.nextHeader)
  view.setUint8(7, fields.hopLimit)
  packet.set(addressBytes(fields.source), 8)
  packet.set(addressBytes(fields.destination), 24)
  packet.set(payload, HEADER_BYTES)
  return packet
}

export interface Ipv6Packet extends Ipv6Fields {
  readonly payload: Uint8Array
}

/** Reads a packet of a frame; null when it is shorter than it says. The payload is a view, without trailing padding. */
export function decodeIpv6Packet(packet: Uint8Array): Ipv6Packet | null {
  if (packet.length < HEADER_BYTES) return null
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  const first = view.getUint32(0)
  const totalBytes = HEADER_BYTES + view.getUint16(4)
  if (first >>> 28 !== 6 || totalBytes > packet.length) return null
  return {
    source: addressFromBytes(packet.subarray(8, 24)),
    destination: addressFromBytes(packet.subarray(24, 40)),
    nextHeader: view.getUint8(6),
    hopLimit: view.getUint8(7),
    trafficClass: (first >>> 20) & 0xff,
    payload: packet.subarray(HEADER_BYTES, totalBytes),
  }
}
