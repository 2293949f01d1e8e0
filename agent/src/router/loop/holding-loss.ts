/** How refusals and losses are told, and what concerns the node itself instead of a virtual router. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { StaticHoldings } from '@aloft/shared/config/holdings-config'
import type { HoldingLostBody, HoldingRefusedBody } from '@aloft/shared/protocol/events'
import { describeHeld } from '../../world/describe-held.ts'
import type { HeldItem, Holding, HoldingFailure, HoldingLoss } from '../../world/holdings.ts'

/** The holder of what the node holds whoever is active. */
export const STATIC = 'static'

/** So many of what is gone are named. */
const NAMED_MAX = 20

export function lostEvent(
  router: VirtualRouterConfig | null,
  { lost, byPort }: Pick<HoldingLoss, 'lost' | 'byPort'>,
  how: Pick<HoldingLostBody, 'cause' | 'response'>,
): HoldingLostBody {
  const items = lost.slice(0, NAMED_MAX).map(describeHeld)
  return { kind: 'holding-lost', ...refOf(router), items, count: lost.length, byPort, ...how, windowMs: 0 }
}

export function refusedEvent(
  router: VirtualRouterConfig | null,
  { kind: of, what, error, remedy }: HoldingFailure,
): HoldingRefusedBody {
  return { kind: 'holding-refused', ...refOf(router), of, what, error, remedy, count: 1, windowMs: 0 }
}

function refOf(router: VirtualRouterConfig | null) {
  return {
    virtualRouter: router?.name ?? null,
    vrid: router?.vrid ?? null,
    family: router?.family ?? null,
    interface: router?.interface ?? null,
  }
}

/** Held for ever: there is no role that it ends with. */
export function staticHolding({ addresses, routes, rules }: StaticHoldings): Holding {
  return { holder: STATIC, addresses, routes, rules, leaseMs: null, promoteSecondaries: false }
}

/** The virtual routers that do not stay active without these. */
export function routersDependingOn(lost: readonly HeldItem[]): ReadonlySet<string> {
  return new Set(lost.flatMap(namesIn))
}

function namesIn(item: HeldItem): readonly string[] {
  const held: object = item.kind === 'address' ? item.address : item.kind === 'route' ? item.route : item.rule
  return 'withRouters' in held && Array.isArray(held.withRouters) ? held.withRouters.map(String) : []
}
