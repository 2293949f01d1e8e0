import type { Address } from '../network/address.ts'

/** A BFD session that the config asks for (RFC 5880 asynchronous mode), and that trackers may name. */
export interface BfdSessionConfig {
  readonly name: string
  readonly neighbor: Address
  /** What we send from; null: what the kernel would choose. */
  readonly source: Address | null
  /** Single hop: the interface it runs over; null: whichever leads to the neighbour. */
  readonly interface: string | null
  /** What we would send at, at least, and accept at most, once the session is up. */
  readonly minTxMs: number
  readonly minRxMs: number
  /** What we send at until the session is up (RFC 5880 §6.8.3: a second or more). */
  readonly idleTxMs: number
  readonly multiplier: number
  /** Waits to be spoken to (RFC 5880 §6.1). */
  readonly passive: boolean
  /** RFC 5883 instead of RFC 5881. */
  readonly multihop: boolean
  /** TTL or hop limit of what we send; 255 in a single hop (RFC 5881 §5). */
  readonly ttl: number
  /** Multihop: what arrives must have come over no more routers than this; null: over any number. */
  readonly maxHops: number | null
}

/** How the pairing sessions of a virtual router are timed (docs/decisions/0016-bfd-and-pairing.md). */
export interface PairingConfig {
  readonly intervalMs: number
  readonly multiplier: number
}

export interface BfdAgentSettings {
  readonly bfd: readonly BfdSessionConfig[]
}

export interface BfdRouterSettings {
  /** Null: this virtual router starts no session to its active, and answers none. */
  readonly pairing: PairingConfig | null
}

export const BFD_AGENT_DEFAULTS: BfdAgentSettings = { bfd: [] }

export const PAIRING_DEFAULTS: PairingConfig = { intervalMs: 50, multiplier: 3 }

export const BFD_ROUTER_DEFAULTS: BfdRouterSettings = { pairing: PAIRING_DEFAULTS }
