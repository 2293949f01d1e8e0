/**
 * Advertisements with a virtual MAC as their link-layer source (RFC 9568 §7.3), as whole frames, both ways. Out of the
 * interface below the macvlan: while backup that device is down, and the first advertisement leaves before it is up.
 * In through the macvlan: a frame whose source is the MAC of a private macvlan is given to that device alone, so that
 * an active router would never hear another one of its own virtual MAC on the interface.
 *
 * Three sockets serve all routers, because the kernel takes some 20 ms to close one.
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

type Family = 'ipv4' | 'ipv6'

export interface VirtualMacPort {
  /** Index of the interface below, and of the device with the virtual MAC. */
  readonly parent: number
  readonly device: number
  readonly mac: Uint8Array
  readonly family: Family
  /** What datagrams are said to have come in by. */
  readonly interfaceName: string
}

const ETHERTYPE = { ipv4: ETHERTYPE_IPV4, ipv6: ETHERTYPE_IPV6 } as const
/** struct sockaddr_ll: where the interface index and the sender's address stand. */
const INDEX_OFFSET = 4
const ADDRESS_OFFSET = 12

export class VirtualMacPorts {
  readonly #netio: Netio
  readonly #receive: (datagram: Datagram) => void
  readonly #ports = new Set<VirtualMacPort>()
  readonly #ears = new Map<Family, NativeSocket>()
  /** Which interfaces each of them leaves out. */
  readonly #filtered = new Map<Family, string>()
  readonly #buffer = new Uint8Array(BUFFER_BYTES)
  readonly #from = new Uint8Array(20)
  #mouth: NativeSocket | null = null
  #identification = 0

  constructor(netio: Netio, receive: (datagram: Datagram) => void) {
    this.#netio = netio
    this.#receive = receive
  }

  /** From now on what comes in by the port's device, from its MAC address, is received. */
  add(port: VirtualMacPort): void {
    this.#ports.add(port)
    this.#mouth ??= this.#open()
    const isOpen = this.#ears.has(port.family)
    const ear = this.#ears.get(port.family) ?? this.#open()
    this.#ears.set(port.family, ear)
    this.#setFilter(port.family)
    if (isOpen) return
    ear.bind(kernel.linkLayerAddress(0, ETHERTYPE[port.family]))
    ear.watch(() => this.#drain(port.family, ear))
  }

  remove(port: VirtualMacPort): void {
    this.#ports.delete(port)
  }

  /** Protocol 0: it receives nothing before it is bound. */
  #open(): NativeSocket {
    const socket = this.#netio.socket(kernel.AF_PACKET, kernel.SOCK_RAW, 0)
    socket.setOption(kernel.SOL_SOCKET, kernel.SO_PRIORITY, kernel.PRIORITY_CONTROL)
    return socket
  }

  /** What comes in by the interfaces below is for the sockets of the transport. */
  #setFilter(family: Family): void {
    const parents = [...new Set([...this.#ports].map(({ parent }) => parent))]
    if (this.#filtered.get(family) === parents.join()) return
    this.#filtered.set(family, parents.join())
    this.#ears.get(family)?.setFilter(virtualMacFilter(parents, family))
  }

  /** Sends to a group; false when the kernel refused. */
  send({ parent, mac, family }: VirtualMacPort, packet: OutgoingPacket): boolean {
    const header = {
      destination: multicastMac(packet.destination),
      source: mac,
      etherType: ETHERTYPE[family],
    }
    const frame = encodeEthernetFrame(header, this.#ipPacket(packet))
    try {
      const to = kernel.linkLayerAddress(parent, ETHERTYPE[family])
      return this.#mouth?.send(frame, to, null) === frame.length
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
    for (const [family, ear] of this.#ears) this.#drain(family, ear)
  }

  #drain(family: Family, ear: NativeSocket): void {
    for (let taken = 0; taken < DATAGRAMS_PER_TURN; taken++) {
      let bytes: number
      try {
        const received = ear.receive(this.#buffer, this.#from, null)
        if (received === null) return
        bytes = received.bytes
      } catch {
        // An interface went down; the next frame is received again.
        return
      }
      const port = this.#portOf(family)
      const datagram = port && datagramIn(port, this.#buffer.slice(ETHERNET_HEADER_BYTES, bytes))
      if (datagram) this.#receive(datagram)
    }
  }

  /** Whose the frame is that was just received. */
  #portOf(family: Family): VirtualMacPort | null {
    const index = new DataView(this.#from.buffer).getInt32(INDEX_OFFSET, kernel.LITTLE_ENDIAN)
    for (const port of this.#ports) {
      if (port.device !== index || port.family !== family) continue
      const sender = this.#from.subarray(ADDRESS_OFFSET, ADDRESS_OFFSET + port.mac.length)
      return Buffer.compare(sender, port.mac) === 0 ? port : null
    }
    return null
  }

  close(): void {
    this.#mouth?.close()
    for (const ear of this.#ears.values()) ear.close()
    this.#ears.clear()
  }
}

function datagramIn({ interfaceName, family }: VirtualMacPort, bytes: Uint8Array): Datagram | null {
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
