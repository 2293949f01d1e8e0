/**
 * What stands between a virtual router and its LAN besides its addresses: the device that carries its virtual MAC, and
 * the firewall that keeps packets to its addresses out where `accept` is false.
 */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { OutgoingPacket } from './links.ts'

export interface VirtualLinks {
  /**
   * Makes the devices, settings and firewall these routers need; what matches already is kept. Those of routers that
   * are not among `holding` (who hold their addresses from before) answer nothing from now on. Never throws: what
   * could not be done is the router's `problem`.
   */
  prepare(routers: readonly VirtualRouterConfig[], holding: readonly VirtualRouterConfig[]): void
  /** Takes away whatever these routers do not need. */
  retain(routers: readonly VirtualRouterConfig[]): void
  /** Before a router's addresses are added: what `accept` forbids is dropped, then its device answers. */
  raise(router: VirtualRouterConfig): void
  /** After its addresses were removed: its device answers nothing. */
  lower(router: VirtualRouterConfig): void
  /** Sends for a router that transmits from its virtual MAC. False: it could not be sent. */
  send(router: VirtualRouterConfig, packet: OutgoingPacket): boolean
  /** Why the router cannot take part; null when it can. A change is told by `RouterInput.virtualLinkChanged`. */
  problem(router: VirtualRouterConfig): string | null
}
