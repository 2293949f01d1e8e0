/** A pair of VRRP sockets on one interface, for one family and one IP protocol: what both families have in common. */
import type { Address } from '@aloft/shared/network/address'
import type { Datagram, OutgoingPacket } from '../world/links.ts'
import type { UndecodablePacket } from '../world/router-world.ts'
import type { Netio } from './netio.ts'

/** CS6, network control (RFC 4594 §3.1), as routing protocols use it. */
export const TRAFFIC_CLASS = 0xc0
/** An advertisement of 255 IPv4 addresses has 1036 bytes, of as many IPv6 addresses as fit an MTU less than that. */
export const BUFFER_BYTES = 2048
/** Datagrams taken in one turn; more wait for the next, so that the alarm gets its turn under a flood. */
export const DATAGRAMS_PER_TURN = 256

export interface TransportOptions {
  readonly netio: Netio
  readonly interfaceName: string
  readonly index: number
  /** IP protocol 51 instead of 112. */
  readonly isAuthenticated: boolean
  receive(datagram: Datagram): void
  /** What `deliver` gives came in one read. */
  together(deliver: () => void): void
  undecodable(packet: UndecodablePacket): void
  /** The socket broke: open another. */
  failed(): void
}

/** Opening throws what the kernel says. */
export interface Transport {
  readonly index: number
  /** Throws where the kernel refuses the group. */
  join(group: Address): void
  leave(group: Address): void
  setReceiveBuffer(bytes: number): void
  /** Sends now; false when the kernel refused (interface down, no such source, queue full). */
  send(packet: OutgoingPacket): boolean
  /** Takes in what waits in the socket, without waiting for the event loop to come round. */
  drain(): void
  close(): void
}
