/** A running router is given another configuration: what of its timers changes. Its role and what it has heard do not. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { activeDownInterval } from './intervals.ts'
import type { ActiveState, BackupState, Milliseconds, Parameters, State } from './virtual-router.ts'

export function reconfigured(
  parameters: Parameters,
  state: State,
  before: VirtualRouterConfig,
  now: Milliseconds,
): State {
  if (state.role === 'active') return withInterval(parameters, state, now)
  return state.role === 'backup' ? withTimers(parameters, state, before, now) : state
}

/** Peers have learned the old interval and the next advertisement tells them the new one: no later than either wants. */
function withInterval({ config }: Parameters, state: ActiveState, now: Milliseconds): ActiveState {
  return { ...state, advertiseAt: Math.min(state.advertiseAt, now + config.advertisementIntervalMs) }
}

/** The running Active_Down_Timer is as much longer or shorter as one that would be set now. */
function withTimers(
  parameters: Parameters,
  state: BackupState,
  before: VirtualRouterConfig,
  now: Milliseconds,
): BackupState {
  const { config } = parameters
  // An interval learned from the active stays; our own is only what we go by until we hear one, and all v2 has.
  const isOwn = state.lastHeard === null || config.version === 2
  const activeIntervalMs = isOwn ? config.advertisementIntervalMs : state.activeIntervalMs
  const wantedMs = activeDownInterval(parameters, activeIntervalMs)
  if (state.preempting && state.lastHeard !== null && !config.preempt.enabled) {
    const activeDownAt = Math.max(now, state.lastHeard.at + wantedMs)
    return { ...state, activeIntervalMs, activeDownAt, preemptAt: null, preempting: false, isWilling: false }
  }
  const wasMs = activeDownInterval({ ...parameters, config: before }, state.activeIntervalMs)
  const activeDownAt = state.resigned ? state.activeDownAt : state.activeDownAt + wantedMs - wasMs
  return { ...state, activeIntervalMs, activeDownAt: Math.max(now, activeDownAt) }
}
