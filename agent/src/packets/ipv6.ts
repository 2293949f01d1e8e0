/** The IPv6 header (RFC 8200 §3), as far as VRRP needs it: written, never read, because raw sockets take it off. */
import { type Address, addressBytes } from '@aloft/shared/network/address'

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
