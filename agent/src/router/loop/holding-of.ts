/** What a virtual router holds while it is active, on which interfaces. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { StaticHoldings } from '@aloft/shared/config/holdings-config'
import { homeDevice } from '@aloft/shared/config/virtual-link-config'
import type { HeldAddress, Holding } from '../../world/holdings.ts'
import { keyOf } from './instance.ts'

/** How long addresses outlive the agent that no longer renews them. */
const LEASE_MS = 2000

/** One holding for each virtual router. A reconfigured one is another object, so that it is made once for each. */
const made = new WeakMap<VirtualRouterConfig, Holding>()

export function holdingOf(config: VirtualRouterConfig): Holding {
  const known = made.get(config)
  if (known !== undefined) return known
  const { routes, rules, promoteSecondaries, lease } = config
  const addresses = [...config.addresses, ...config.excludedAddresses].map(
    (each): HeldAddress => ({ ...each, device: homeDevice(config, each.device) }),
  )
  const leaseMs = lease ? LEASE_MS : null
  const holding = { holder: keyOf(config), addresses, routes, rules, leaseMs, promoteSecondaries }
  made.set(config, holding)
  return holding
}

export function holdsOtherThings(before: VirtualRouterConfig, after: VirtualRouterConfig): boolean {
  return JSON.stringify(holdingOf(before)) !== JSON.stringify(holdingOf(after))
}

/** What the node holds whoever is active: what the config says, and the addresses of the ipvlans themselves. */
export function heldAlways(config: StaticHoldings, routers: readonly VirtualRouterConfig[]): StaticHoldings {
  const own = routers.flatMap(({ ipvlan }) =>
    ipvlan?.address ? [{ ...ipvlan.address, device: ipvlan.name }] : [],
  )
  return own.length === 0 ? config : { ...config, addresses: [...config.addresses, ...own] }
}
