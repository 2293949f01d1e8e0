/**
 * What a virtual router holds in the kernel while it is active: addresses of either family, on one or more interfaces,
 * routes and rules. Taken and given back as one, because a takeover is one write to the kernel.
 */
import type { Route, RoutingRule, VirtualAddress } from '@aloft/shared/config/holdings-config'
import type { Prefix } from '@aloft/shared/network/prefix'

export interface HeldAddress extends VirtualAddress {
  /** The network interface it is on. */
  readonly device: string
}

export interface Holding {
  /** Whose it is: `wireKey` of a virtual router, or `static`. One holder holds one thing. */
  readonly holder: string
  readonly addresses: readonly HeldAddress[]
  readonly routes: readonly Route[]
  readonly rules: readonly RoutingRule[]
  /** The addresses vanish by themselves unless renewed within this time; null: they stay. Whole seconds. */
  readonly leaseMs: number | null
  /** The other addresses of a network stay when the first one goes (sysctl promote_secondaries). */
  readonly promoteSecondaries: boolean
}

export type HeldItem =
  | { readonly kind: 'address'; readonly address: HeldAddress }
  | { readonly kind: 'route'; readonly route: Route }
  | { readonly kind: 'rule'; readonly rule: RoutingRule }

export interface Holdings {
  /**
   * Addresses, then routes, then rules. What is there already and is ours is adopted as it is; what is there and is
   * the host's own is left alone, then and at release. A holder that holds something else gives that up. Refusals reach
   * `RouterInput.holdingFailed`, never inside this call.
   */
  acquire(holding: Holding): void
  /** Rules, then routes, then addresses; already gone is fine. */
  release(holding: Holding): void
  /** Begins the leases of what these hold anew, all in one write. Never for what was not acquired. */
  renew(holdings: readonly Holding[]): void
  /** Gratuitous ARP (RFC 826, RFC 5227 §3) or unsolicited neighbour advertisement, once per address. */
  announce(interfaceName: string, addresses: readonly Prefix[]): void
}

/** The kernel refused something. */
export interface HoldingFailure {
  /** Null: an announcement, which is nobody's holding. */
  readonly holder: string | null
  readonly kind: HeldItem['kind'] | 'announcement'
  /** As `ip` would print it: `192.0.2.100/24 dev eth0`. */
  readonly what: string
  readonly error: string
  /** What would help; null where nobody knows. */
  readonly remedy: string | null
}

/** Somebody else removed what a holder holds, or its lease ran out. Told once for what is gone at the same time. */
export interface HoldingLoss {
  readonly holder: string
  readonly lost: readonly HeldItem[]
  /** The netlink port that removed it (often the pid), where the kernel says. */
  readonly byPort: number | null
}

/** Addresses by the interface they are on, each list in the order given. */
export function byDevice(addresses: readonly HeldAddress[]): ReadonlyMap<string, readonly HeldAddress[]> {
  const lists = new Map<string, HeldAddress[]>()
  for (const each of addresses) {
    const list = lists.get(each.device)
    if (list === undefined) lists.set(each.device, [each])
    else list.push(each)
  }
  return lists
}
