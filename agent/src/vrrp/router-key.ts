/** What tells one virtual router of a host from the others. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Family } from '@aloft/shared/network/address'

/** Where virtual routers are known on the wire; where several are, they have groups or peers of their own. */
export function wireKey(interfaceName: string, family: Family, vrid: number): string {
  return `${interfaceName} ${family} ${vrid}`
}

/** One virtual router on a host. Peers may come and go without making another of it. */
export function keyOf(config: VirtualRouterConfig): string {
  const { interface: interfaceName, family, vrid, unicast, multicastGroup, name } = config
  const key = wireKey(interfaceName, family, vrid)
  if (unicast !== null) return `${key} peers of ${name}`
  return multicastGroup === null ? key : `${key} ${multicastGroup}`
}
