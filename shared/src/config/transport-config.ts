import type { Address } from '../network/address.ts'

/** How a virtual router's advertisements travel. */
export interface TransportSettings {
  /** Null: the group RFC 9568 gives the family, 224.0.0.18 or ff02::12. */
  readonly multicastGroup: Address | null
  /** Null: multicast. */
  readonly unicast: UnicastSettings | null
  /** Source address of adverts; null takes the interface's primary address. */
  readonly sourceAddress: Address | null
  /** Whether the router is in fault while its interface does not have `sourceAddress`. */
  readonly trackSourceAddress: boolean
  /** How much the kernel keeps for the router's socket; the largest of those that share one holds. */
  readonly receiveBufferBytes: number
}

export interface UnicastSettings {
  /** May hold the host's own address, so that one list serves every node. */
  readonly peers: readonly UnicastPeer[]
  /** TTL or hop limit of what is sent. */
  readonly ttl: number
  /** Whether advertisements of others than the peers are discarded. */
  readonly checkSource: boolean
  /** VRRPv3 over IPv4: checksums as keepalived before 1.3.7 had them, over the group instead of the peer. */
  readonly oldChecksum: 'detect' | 'always' | 'never'
}

export interface UnicastPeer {
  readonly address: Address
  /** Its advertisements are discarded when they arrive with a TTL or hop limit outside these. */
  readonly minTtl: number
  readonly maxTtl: number
}

export const TRANSPORT_DEFAULTS: TransportSettings = {
  multicastGroup: null,
  unicast: null,
  sourceAddress: null,
  trackSourceAddress: false,
  receiveBufferBytes: 1_048_576,
}
