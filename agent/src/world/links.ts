/** What travels between a router and its LAN, and through which sockets. */
import type { Address, Family } from '@aloft/shared/network/address'
import type { Prefix } from '@aloft/shared/network/prefix'

/** What a socket is for. Equal endpoints are one socket, however many virtual routers share it. */
export interface Endpoint {
  /** The interface the socket is bound to: the router's own, or a virtual link made for it. */
  readonly interfaceName: string
  readonly family: Family
  /** The multicast group it hears; null: only what is sent to the host itself. */
  readonly group: Address | null
  /** Whether what it carries is protected by an authentication header (IP protocol 51, RFC 2402). */
  readonly isAuthenticated: boolean
  /** How much the kernel keeps unread; the largest that was asked for holds. Left out: what the world sees fit. */
  readonly receiveBufferBytes?: number
}

/** One VRRP message on its way out; the world adds the IP header, with traffic class 0xc0. */
export interface OutgoingPacket {
  readonly source: Address
  /** A group or a peer. */
  readonly destination: Address
  readonly ttl: number
  readonly payload: Uint8Array
  /** Set when the payload begins with an authentication header: IP protocol 51, and what that header vouches for. */
  readonly authenticated?: AuthenticatedFields
}

/** Fields of the IP header that an authentication header covers and nobody else needs. */
export interface AuthenticatedFields {
  /** 1 to 65535: a kernel would choose another for 0. */
  readonly identification: number
}

/**
 * A received IP datagram as the loop gets it. `payload` is what follows the IP header. A world may give the same object
 * for an equal datagram; it does not write it over then.
 */
export interface Datagram {
  readonly interfaceName: string
  readonly family: Family
  readonly source: Address
  readonly destination: Address
  readonly ttl: number
  readonly payload: Uint8Array
  /** Only of IP protocol 51: the payload is an authentication header, then the VRRP message. */
  readonly authenticated?: AuthenticatedFields
}

export interface LinkState {
  /** Administratively up with carrier. */
  readonly up: boolean
  /** Primary addresses: the first IPv4 address that is not one of ours, the IPv6 link-local. */
  readonly ipv4: Address | null
  readonly ipv6: Address | null
  /** Further addresses of the host on this interface, without those of virtual routers. */
  readonly others?: readonly Address[]
  /** What the interface's own addresses, virtual ones aside, make neighbours; left out, nothing is on the link. */
  readonly prefixes?: readonly Prefix[]
}

/** The network interfaces with VRRP sockets on them. */
export interface Links {
  /** Start listening (joins the group); state and datagrams arrive at RouterInput. Open already is fine. */
  open(endpoint: Endpoint): void
  close(endpoint: Endpoint): void
  /** Changes of this interface are told too, though nothing listens on it. */
  watch(interfaceName: string): void
  unwatch(interfaceName: string): void
  /** Current state; null while no such interface exists. */
  state(interfaceName: string): LinkState | null
  /** Sends out of an interface that has an endpoint of the packet's family. False: it could not be sent. */
  send(interfaceName: string, packet: OutgoingPacket): boolean
}

/** Whether the host itself, not a virtual router, has the address on the interface. */
export function isOwnAddress(link: LinkState, address: Address): boolean {
  return link.ipv4 === address || link.ipv6 === address || (link.others?.includes(address) ?? false)
}
