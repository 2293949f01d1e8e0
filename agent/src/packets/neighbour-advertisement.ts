/** Unsolicited neighbour advertisements: gratuitous ARP's counterpart for IPv6. */
import { type Address, addressBytes, knownAddress } from '@aloft/shared/network/address'
import { encodeIpv6Packet } from './ipv6.ts'
import { onesComplementSum } from './ones-complement.ts'

export const ETHERTYPE_IPV6 = 0x86dd
const ICMPV6 = 58
const ALL_NODES = knownAddress('ff02::1')
const TYPE_ADVERTISEMENT = 136
const FLAG_ROUTER = 0x80
const FLAG_OVERRIDE = 0x20
const OPTION_TARGET_LINK_LAYER_ADDRESS = 2
/** RFC 4861 §7.1.2: a receiver discards anything less. */
const HOP_LIMIT = 255
const ETHERNET_BYTES = 14

export interface NeighbourAdvertisement {
  readonly mac: Uint8Array
  readonly address: Address
  /** Whether this host forwards IPv6: hosts take a router that says it is none off their list. */
  readonly isRouter: boolean
}

/**
 * A whole Ethernet frame to all nodes of the LAN (RFC 4861 §4.4, §7.2.6; RFC 9568 §6.4.2 asks for one per address):
 * not solicited, overriding what neighbours have cached, with the target's link-layer address.
 */
export function encodeUnsolicitedAdvertisement(advertisement: NeighbourAdvertisement): Uint8Array {
  const { mac, address } = advertisement
  if (mac.length !== 6) throw new RangeError(`an Ethernet address has 6 bytes, not ${mac.length}`)
  const packet = encodeIpv6Packet(
    { source: address, destination: ALL_NODES, nextHeader: ICMPV6, hopLimit: HOP_LIMIT, trafficClass: 0xc0 },
    message(advertisement),
  )
  const frame = new Uint8Array(ETHERNET_BYTES + packet.length)
  // RFC 2464 §7: a multicast group is reached at 33:33 and its last four bytes.
  frame.set([0x33, 0x33, ...addressBytes(ALL_NODES).subarray(12)])
  frame.set(mac, 6)
  frame.set([ETHERTYPE_IPV6 >> 8, ETHERTYPE_IPV6 & 0xff], 12)
  frame.set(packet, ETHERNET_BYTES)
  return frame
}

function message({ mac, address, isRouter }: NeighbourAdvertisement): Uint8Array {
  const target = addressBytes(address)
  if (target.length !== 16) throw new RangeError(`neighbour discovery is for IPv6, not ${address}`)
  const bytes = new Uint8Array(32)
  bytes[0] = TYPE_ADVERTISEMENT
  bytes[4] = FLAG_OVERRIDE | (isRouter ? FLAG_ROUTER : 0)
  bytes.set(target, 8)
  bytes.set([OPTION_TARGET_LINK_LAYER_ADDRESS, 1, ...mac], 24)
  const sum = checksum(bytes, target)
  bytes.set([sum >> 8, sum & 0xff], 2)
  return bytes
}

/** RFC 4443 §2.3: over the pseudo-header of RFC 8200 §8.1 and the message. */
function checksum(bytes: Uint8Array, source: Uint8Array): number {
  const pseudo = new Uint8Array(40)
  pseudo.set(source, 0)
  pseudo.set(addressBytes(ALL_NODES), 16)
  pseudo[35] = bytes.length
  pseudo[39] = ICMPV6
  const whole = new Uint8Array(pseudo.length + bytes.length)
  whole.set(pseudo)
  whole.set(bytes, pseudo.length)
  return ~onesComplementSum(whole) & 0xffff
}
