/** Virtual links on a simulated LAN, where hosts have names instead of MAC addresses and no firewall: there are none. */
import type { VirtualLinks } from '../world/virtual-links.ts'

export const NO_VIRTUAL_LINKS: VirtualLinks = {
  prepare() {},
  retain() {},
  raise: () => true,
  lower() {},
  send: () => false,
  problem({ virtualMac, ipvlan, accept }) {
    if (ipvlan) return 'a simulated LAN has no ipvlan devices'
    if (virtualMac !== null) return 'a simulated LAN has no virtual MAC addresses'
    return accept ? null : 'a simulated LAN has no firewall'
  },
}
