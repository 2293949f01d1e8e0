/**
 * What stands between a virtual router and its LAN besides its addresses: a device of its own (a macvlan with its virtual
 * MAC, or an ipvlan), and the firewall that keeps packets to its addresses out where `accept` is false.
 */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { FirewallSettings } from '@aloft/shared/config/virtual-link-config'
import type { OutgoingPacket } from './links.ts'

export interface Preparation extends FirewallSettings {
  readonly routers: readonly VirtualRouterConfig[]
  /** Those of the routers that hold their addresses from before. The links of all others answer nothing from now on. */
  readonly holding: readonly VirtualRouterConfig[]
}

export interface VirtualLinks {
  /**
   * Makes the devices, settings and firewall these routers need; what matches already is kept. Never throws: what
   * could not be done is the router's `problem`.
   */
  prepare(preparation: Preparation): void
  /** Takes away whatever these routers do not need. */
  retain(routers: readonly VirtualRouterConfig[]): void
  /**
   * Before a router's addresses are added: what `accept` forbids is dropped, then its device answers. False: the
   * addresses may not be added, and its `problem` says why.
   */
  raise(router: VirtualRouterConfig): boolean
  /** After its addresses were removed: its device answers nothing. */
  lower(router: VirtualRouterConfig): void
  /** Sends for a router that transmits from its virtual MAC. False: it could not be sent. */
  send(router: VirtualRouterConfig, packet: OutgoingPacket): boolean
  /** Why the router cannot take part; null when it can. A change is told by `RouterInput.virtualLinkChanged`. */
  problem(router: VirtualRouterConfig): string | null
}
