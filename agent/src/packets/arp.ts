/** Gratuitous ARP: telling a LAN, unasked, which link-layer address now answers for an IPv4 address. */
import { type Address, addressBytes } from '@aloft/shared/network/address'

export const ETHERTYPE_ARP = 0x0806
const ETHERTYPE_IPV4 = 0x0800
const HARDWARE_ETHERNET = 1
const OPERATION_REQUEST = 1
const FRAME_BYTES = 42

/**
 * A whole Ethernet frame: an ARP announcement (RFC 5227 §3), which is a broadcast request by the address for itself
 * (RFC 826; RFC 9568 §6.4.2 asks for one per address on becoming active).
 */
export function encodeGratuitousArp({ mac, address }: { mac: Uint8Array; address: Address }): Uint8Array {
  if (mac.length !== 6) throw new RangeError(`an Ethernet address has 6 bytes, not ${mac.length}`)
  const ip = addressBytes(address)
  if (ip.length !== 4) throw new RangeError(`ARP is for IPv4, not ${address}`)
  const frame = new Uint8Array(FRAME_BYTES)
  const view = new DataView(frame.buffer)
  frame.fill(0xff, 0, 6)
  frame.set(mac, 6)
  view.setUint16(12, ETHERTYPE_ARP)
  view.setUint16(14, HARDWARE_ETHERNET)
  view.setUint16(16, ETHERTYPE_IPV4)
  frame[18] = mac.length
  frame[19] = ip.length
  view.setUint16(20, OPERATION_REQUEST)
  frame.set(mac, 22)
  frame.set(ip, 28)
  // A request leaves blank what it asks for; this one asks nothing, and keepalived sends broadcast here.
  frame.fill(0xff, 32, 38)
  frame.set(ip, 38)
  return frame
}
