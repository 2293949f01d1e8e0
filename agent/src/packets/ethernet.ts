/** The Ethernet header (IEEE 802.3), and which group address on Ethernet an IP group has. */
import { type Address, addressBytes } from '@aloft/shared/network/address'

export const ETHERTYPE_IPV4 = 0x0800
export const ETHERTYPE_IPV6 = 0x86dd
export const ETHERNET_HEADER_BYTES = 14

/** A frame of these fields around what it carries. */
export function encodeEthernetFrame(
  { destination, source, etherType }: { destination: Uint8Array; source: Uint8Array; etherType: number },
  carried: Uint8Array,
): Uint8Array {
  if (destination.length !== 6 || source.length !== 6) throw new RangeError('an Ethernet address has 6 bytes')
  const frame = new Uint8Array(ETHERNET_HEADER_BYTES + carried.length)
  frame.set(destination, 0)
  frame.set(source, 6)
  new DataView(frame.buffer).setUint16(12, etherType)
  frame.set(carried, ETHERNET_HEADER_BYTES)
  return frame
}

/** RFC 1112 §6.4: the low 23 bits of an IPv4 group; RFC 2464 §7: the low 32 of an IPv6 one. */
export function multicastMac(group: Address): Uint8Array {
  const bytes = addressBytes(group)
  if (bytes.length === 16) return Uint8Array.of(0x33, 0x33, ...bytes.subarray(12))
  return Uint8Array.of(0x01, 0x00, 0x5e, (bytes[1] ?? 0) & 0x7f, bytes[2] ?? 0, bytes[3] ?? 0)
}

/** `00:00:5e:00:01:33` as its six bytes. Throws RangeError on anything else. */
export function macBytes(text: string): Uint8Array {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(text)) throw new RangeError(`not a MAC address: ${text}`)
  return Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16))
}

export function formatMac(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}
