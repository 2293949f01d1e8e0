/** What `aloft status` and the snapshot to the centre say of a virtual router. */
import type { RouterState } from '@aloft/shared/protocol/frames'
import { type Parameters, RESIGN, type State } from '../../vrrp/virtual-router.ts'
import type { Clock } from '../../world/router-world.ts'
import type { DiscardTotal, RouterCounters } from './counters.ts'
import type { Instance } from './instance.ts'

export interface LoopStatus {
  readonly virtualRouters: readonly (RouterState & { readonly counters: RouterCounters })[]
  readonly discards: readonly DiscardTotal[]
  /** Addresses that could not be added, the latest error of each. */
  readonly addressFailures: readonly AddressFailureCount[]
}

export interface AddressFailureCount {
  readonly interface: string
  readonly address: string
  readonly error: string
  readonly count: number
}

export function statusOf(
  instance: Instance,
  clock: Clock,
): RouterState & { readonly counters: RouterCounters } {
  const { config, state, parameters, roleSince } = instance
  return {
    virtualRouter: config.name,
    vrid: config.vrid,
    family: config.family,
    interface: config.interface,
    version: config.version,
    role: state.role,
    sinceWallMs: clock.wallMs() - (clock.now() - roleSince),
    priority: config.priority,
    advertisementIntervalMs: config.advertisementIntervalMs,
    addresses: config.addresses.map(({ address }) => address),
    active: activeRouter(parameters, state),
    counters: { ...instance.counters },
  }
}

/** Whom we hold for active: ourselves, the last one heard, or nobody. */
function activeRouter({ config, source }: Parameters, state: State): RouterState['active'] {
  if (state.role === 'active' && source !== null) return { address: source, priority: config.priority }
  if (state.role !== 'backup' || state.lastHeard === null || state.lastHeard.priority === RESIGN) return null
  return { address: state.lastHeard.source, priority: state.lastHeard.priority }
}
