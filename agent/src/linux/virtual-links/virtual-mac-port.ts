/**
 * Advertisements with a virtual MAC as their link-layer source (RFC 9568 §7.3), as whole frames, both ways. Out of the
 * interface below the macvlan: while backup that device is down, and the first advertisement leaves before it is up.
 * In through the macvlan: a frame whose source is the MAC of a private macvlan is given to that device alone, so that
 * an active router would never hear another one of its own virtual MAC on the interface.
 */
import { familyOf } from '@aloft/shared/network/address'
import {
  ETHERNET_HEADER_BYTES,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  encodeEthernetFrame,
  multicastMac,
} from '../../packets/ethernet.ts'
import { decodeIpv4Packet, encodeIpv4Packet, fillIpv4Checksum } from '../../packets/ipv4.ts'
import { decodeIpv6Packet, encodeIpv6Packet } from '../../packets/ipv6.ts'
import type { Datagram, OutgoingPacket } from '../../world/links.ts'
import * as kernel from '../kernel-numbers.ts'
import type { NativeSocket, Netio } from '../netio.ts'
import { BUFFER_BYTES, DATAGRAMS_PER_TURN, TRAFFIC_CLASS } from '../transport.ts'
import { virtualMacFilter } from './virtual-mac-filter.ts'

export interface VirtualMacPortOptions {
  readonly netio: Netio
  /** Index of the interface below, and of the device with the virtual MAC. */
  readonly parent: number
  readonly device: number
  readonly mac: Uint8Array
  readonly family: 'ipv4' | 'ipv6'
  /** What datagrams are said to have come in by. */
  readonly interfaceName: string
  receive(datagram: Datagram): void
}

export class VirtualMacPort {
  readonly #options: VirtualMacPortOptions
  readonly #out: NativeSocket
  readonly #in: NativeSocket
  readonly #buffer = new Uint8Array(BUFFER_BYTES)
  readonly #to: Uint8Array
  #identification = 0

  constructor(options: VirtualMacPortOptions) {
    const { netio, parent, device, mac, family } = options
    const etherType = family === 'ipv4' ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6
    this.#options = options
    this.#to = kernel.linkLayerAddress(parent, etherType)
    // Protocol 0: neither receives before it is bound, and the one that sends never does.
    this.#out = netio.socket(kernel.AF_PACKET, kernel.SOCK_RAW, 0)
    this.#out.setOption(kernel.SOL_SOCKET, kernel.SO_PRIORITY, kernel.PRIORITY_CONTROL)
    this.#in = netio.socket(kernel.AF_PACKET, kernel.SOCK_RAW, 0)
    this.#in.setFilter(virtualMacFilter(mac, family))
    this.#in.bind(kernel.linkLayerAddress(device, etherType))
    this.#in.watch(() => this.drain())
  }

  /** Sends to a group; false when the kernel refused. */
  send(packet: OutgoingPacket): boolean {
    const { mac, family } = this.#options
    const etherType = family === 'ipv4' ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6
    const header = { destination: multicastMac(packet.destination), source: mac, etherType }
    const frame = encodeEthernetFrame(header, this.#ipPacket(packet))
    try {
      return this.#out.send(frame, this.#to, null) === frame.length
    } catch {
      return false
    }
  }

  #ipPacket({ source, destination, ttl, payload, authenticated }: OutgoingPacket): Uint8Array {
    const protocol = authenticated === undefined ? kernel.IPPROTO_VRRP : kernel.IPPROTO_AH
    const fields = { source, destination, trafficClass: TRAFFIC_CLASS }
    if (familyOf(destination) === 'ipv6')
      return encodeIpv6Packet({ ...fields, nextHeader: protocol, hopLimit: ttl }, payload)
    this.#identification = (this.#identification % 0xffff) + 1
    const identification = authenticated?.identification ?? this.#identification
    return fillIpv4Checksum(encodeIpv4Packet({ ...fields, protocol, ttl, identification }, payload))
  }

  /** Takes in what waits. */
  drain(): void {
    for (let taken = 0; taken < DATAGRAMS_PER_TURN; taken++) {
      const bytes = this.#next()
      if (bytes === null) return
      const datagram = this.#datagramIn(bytes)
      if (datagram !== null) this.#options.receive(datagram)
    }
  }

  #next(): Uint8Array | null {
    try {
      const received = this.#in.receive(this.#buffer, null, null)
      return received && this.#buffer.slice(ETHERNET_HEADER_BYTES, received.bytes)
    } catch {
      // ENETDOWN, told once whenever the device goes down; it receives again when it is up.
      return null
    }
  }

  #datagramIn(bytes: Uint8Array): Datagram | null {
    const { interfaceName, family } = this.#options
    if (family === 'ipv6') {
      const packet = decodeIpv6Packet(bytes)
      if (packet === null) return null
      const { source, destination, hopLimit: ttl, payload } = packet
      return { interfaceName, family, source, destination, ttl, payload }
    }
    const packet = decodeIpv4Packet(bytes)
    if (packet === null) return null
    const { source, destination, ttl, payload, identification, protocol } = packet
    const datagram = { interfaceName, family, source, destination, ttl, payload }
    return protocol === kernel.IPPROTO_AH ? { ...datagram, authenticated: { identification } } : datagram
  }

  close(): void {
    this.#in.close()
    this.#out.close()
  }
}
