/** One thing that is held: how it is asked for, known again, and called. */
import type { HeldAddress, HeldItem, Holding } from '../../world/holdings.ts'
import { type AddressChange, encodeAddress, lifetimesOf } from './address-request.ts'
import { routeKey, ruleKey } from './held-key.ts'
import { encodeRoute, type IndexOf, NoSuchDevice } from './route-request.ts'
import { encodeRule } from './rule-request.ts'

const HEADER_BYTES = 16

/** What a holding consists of, in the order it is taken: routes may have an address of it as their source. */
export function itemsOf({ addresses, routes, rules }: Holding): HeldItem[] {
  return [
    ...addresses.map((address): HeldItem => ({ kind: 'address', address })),
    ...routes.map((route): HeldItem => ({ kind: 'route', route })),
    ...rules.map((rule): HeldItem => ({ kind: 'rule', rule })),
  ]
}

/** By what the kernel's notices name it. Null: it is on an interface that the host does not have. */
export function keyOfItem(item: HeldItem, indexOf: IndexOf): string | null {
  if (item.kind === 'address') {
    const index = indexOf(item.address.device)
    return index === null ? null : addressKey(index, item.address.address)
  }
  const request = requestFor('add', item, { indexOf, leaseMs: null, heldMs: 0 })
  if (request === null) return null
  return item.kind === 'route'
    ? routeKey(request.subarray(HEADER_BYTES))
    : ruleKey(request.subarray(HEADER_BYTES))
}

export function addressKey(index: number, address: HeldAddress['address']): string {
  return `address ${index} ${address}`
}

export interface RequestContext {
  readonly indexOf: IndexOf
  readonly leaseMs: number | null
  readonly heldMs: number
}

/** Null: the item names an interface that is not there. */
export function requestFor(
  change: AddressChange,
  item: HeldItem,
  context: RequestContext,
): Uint8Array | null {
  const { indexOf, leaseMs, heldMs } = context
  if (item.kind === 'address') {
    const { address } = item
    const index = indexOf(address.device)
    return index === null
      ? null
      : encodeAddress(change, { address, index, lifetimes: lifetimesOf(address, leaseMs, heldMs) })
  }
  const addsOrRemoves = change === 'remove' ? 'remove' : 'add'
  if (item.kind === 'rule') return encodeRule(addsOrRemoves, item.rule)
  try {
    return encodeRoute(addsOrRemoves, item.route, indexOf)
  } catch (error) {
    if (error instanceof NoSuchDevice) return null
    throw error
  }
}

/** The interfaces it names. */
export function devicesOf(item: HeldItem): readonly string[] {
  if (item.kind === 'address') return [item.address.device]
  if (item.kind === 'rule') return []
  return [item.route, ...(item.route.nexthops ?? [])].flatMap(({ device }) => device ?? [])
}
