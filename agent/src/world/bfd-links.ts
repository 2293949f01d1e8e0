/** UDP sockets for BFD as the router loop uses them (RFC 5881 §4, RFC 5883 §5). */
import type { Address, Family } from '@aloft/shared/network/address'

export type Hops = 'single-hop' | 'multihop'

/** Where the packets of one session go, and from where. */
export interface BfdPath {
  /** Single hop: the interface it runs over; null: whichever leads there. */
  readonly interfaceName: string | null
  /** Null: what the kernel chooses. */
  readonly local: Address | null
  readonly remote: Address
  readonly hops: Hops
  readonly ttl: number
  /** Never by way of a router, whatever the routing table says. */
  readonly onLinkOnly: boolean
}

export interface BfdLinks {
  /** Starts to receive; once it does, asking again changes nothing. Null, or why it cannot: a port in use. */
  listen(hops: Hops, family: Family): string | null
  ignore(hops: Hops, family: Family): void
  /**
   * Sends one control packet now; false: the kernel refused. All packets of a path leave from one port of its own, from
   * 49152 on, which is opened with the first of them.
   */
  send(path: BfdPath, payload: Uint8Array): boolean
  /** Gives the port of a path back. */
  close(path: BfdPath): void
  /** Uniform in [0, 1), unforeseeable: discriminators and jitter. */
  draw(): number
}

/** A received UDP datagram of BFD as the loop gets it. */
export interface BfdDatagram {
  /** The interface it arrived by. */
  readonly interfaceName: string
  readonly hops: Hops
  readonly source: Address
  readonly destination: Address
  readonly ttl: number
  readonly payload: Uint8Array
}
/** The same, payload in hex, so that a recording is text. */
export type RecordedBfdDatagram = Omit<BfdDatagram, 'payload'> & { readonly payload: string }
