/** What tells one virtual router of a host from the others. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Family } from '@aloft/shared/network/address'

/** A virtual router is known on the wire by these three, and only one on a host can be. */
export function wireKey(interfaceName: string, family: Family, vrid: number): string {
  return `${interfaceName} ${family} ${vrid}`
}

export function keyOf(config: VirtualRouterConfig): string {
  return wireKey(config.interface, config.family, config.vrid)
}
