import type { Address, Family } from '../network/address.ts'
import type { Prefix } from '../network/prefix.ts'

/** A checked agent config: every default filled in, every duration in milliseconds. What the router process is given. */
export interface AgentConfig {
  readonly node: string
  readonly virtualRouters: readonly VirtualRouterConfig[]
}

export interface VirtualRouterConfig {
  readonly name: string
  readonly interface: string
  readonly vrid: number
  readonly version: 2 | 3
  readonly family: Family
  /** 1–255; 255 is the owner of the addresses (RFC 9568 §6.1). */
  readonly priority: number
  readonly advertisementIntervalMs: number
  readonly preempt: { readonly enabled: boolean; readonly delayMs: number }
  /** In the order they are advertised; at least one. */
  readonly addresses: readonly Prefix[]
  readonly authentication: { readonly type: 'none' } | { readonly type: 'simple'; readonly password: string }
  /** VRRPv3 over IPv4 only: whether sent checksums cover the IPv4 pseudo-header. Both forms are always accepted. */
  readonly checksum: 'pseudo-header' | 'message-only'
  /** Source address of adverts; null takes the interface's primary address. */
  readonly sourceAddress: Address | null
}
