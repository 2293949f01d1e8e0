/**
 * What a router process hands to the one that takes its place while both run (decision 0018): each virtual router as
 * it is, to the deadline. Plain JSON. `CLOCK_MONOTONIC` is the same for both.
 */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Departure } from '../../vrrp/departure.ts'
import { keyOf } from '../../vrrp/router-key.ts'
import type { State } from '../../vrrp/virtual-router.ts'
import { isEqual } from './changes.ts'
import type { RouterCounters } from './counters.ts'
import type { Instance } from './instance.ts'

export interface HandedRouter {
  /** `wireKey`. */
  readonly key: string
  readonly config: VirtualRouterConfig
  readonly state: State
  readonly departure: Departure
  readonly startAt: number | null
  readonly roleSince: number
  readonly sequence: number | null
  readonly counters: RouterCounters
}

export interface HandedOver {
  readonly bootId: string
  /** When the predecessor did its last deed. */
  readonly atMonoMs: number
  readonly routers: readonly HandedRouter[]
}

/** As long as this, in advertisement intervals, no peer has missed anything that matters. */
const INTERVALS_MAX = 2

export function handOver(instance: Instance): HandedRouter {
  const { config, state, departure, startAt, roleSince, sequence, counters } = instance
  return {
    key: keyOf(config),
    config,
    state,
    departure,
    startAt,
    roleSince,
    sequence,
    counters: { ...counters },
  }
}

/** Goes on as the other was. */
export function takeUp(instance: Instance, handed: HandedRouter): void {
  instance.state = handed.state
  instance.departure = handed.departure
  instance.startAt = handed.startAt
  instance.roleSince = handed.roleSince
  instance.sequence = handed.sequence
  Object.assign(instance.counters, handed.counters)
}

/**
 * Which of them may be gone on with: those that are configured exactly so, of this boot, and handed over so recently
 * that nothing has happened since. What is older than the peers' patience is no state of anything any more.
 */
export function adoptable(
  handed: HandedOver | null,
  now: { readonly bootId: string; readonly nowMs: number; readonly routers: readonly VirtualRouterConfig[] },
): readonly HandedRouter[] {
  if (handed === null || handed.bootId !== now.bootId) return []
  const ageMs = now.nowMs - handed.atMonoMs
  const configs = new Map(now.routers.map((router) => [keyOf(router), router]))
  return handed.routers.filter(({ key, config }) => {
    const isFresh = ageMs >= 0 && ageMs < INTERVALS_MAX * config.advertisementIntervalMs
    return isFresh && isEqual(configs.get(key), config)
  })
}

export function holdsAddresses({ state, departure }: HandedRouter): boolean {
  return state.role === 'active' || departure.leaving !== null
}
