/** The priority a router has now, and what a change of it means for a backup that is waiting. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { activeDownInterval, skewTime } from './intervals.ts'
import { type BackupState, type Milliseconds, OWNER, type Parameters } from './virtual-router.ts'

const LEAST = 1
const GREATEST = 254

/** Trackers move a priority within 1–254; the owner's 255 never changes, and nobody becomes the owner by them. */
export function effectivePriority({ priority: written }: VirtualRouterConfig, wanted: number): number {
  if (written === OWNER) return OWNER
  return Math.min(GREATEST, Math.max(LEAST, Math.round(wanted)))
}

/**
 * A backup whose priority was `before` until now. Its Active_Down_Timer runs on with the new Skew_Time, so that the
 * best backup still speaks first; and where it was letting the timer run out under an active that it outranks no
 * longer, it waits for that one as any backup does.
 */
export function rescaled(
  parameters: Parameters,
  state: BackupState,
  before: number,
  now: Milliseconds,
): BackupState {
  const { activeIntervalMs, lastHeard, preempting } = state
  if (preempting && lastHeard !== null && lastHeard.priority >= parameters.priority) {
    const activeDownAt = Math.max(now, lastHeard.at + activeDownInterval(parameters, activeIntervalMs))
    return { ...state, activeDownAt, preemptAt: null, preempting: false, isWilling: false }
  }
  const longerMs =
    skewTime(parameters, activeIntervalMs) - skewTime({ ...parameters, priority: before }, activeIntervalMs)
  return { ...state, activeDownAt: Math.max(now, state.activeDownAt + longerMs) }
}
