/**
 * A backup that hears its active say what it said before does nothing but set its Active_Down_Timer anew (RFC 9568
 * §6.4.2). With hundreds of virtual routers that is all there is to do, thousands of times a second; so it has a short
 * way, beside `step`, that leads to the same (heard-again.test.ts).
 */
import type { BackupState, Milliseconds, State } from './virtual-router.ts'

/**
 * Whether an advertisement that has just led to a state will lead to it again. An active that is to be preempted, or has
 * resigned, leaves its mark in the state.
 */
export function isSteady(state: State): state is BackupState {
  return state.role === 'backup' && state.preemptAt === null && !state.resigned
}

/** The same backup when it has heard the same again. `downMs`: its Active_Down_Interval. */
export function heardAgain(state: BackupState, downMs: Milliseconds, now: Milliseconds): BackupState {
  const { lastHeard } = state
  return {
    role: 'backup',
    activeDownAt: now + downMs,
    activeIntervalMs: state.activeIntervalMs,
    lastHeard:
      lastHeard === null ? null : { source: lastHeard.source, priority: lastHeard.priority, at: now },
    preemptAt: null,
    resigned: false,
    preempting: false,
    isWilling: false,
  }
}
