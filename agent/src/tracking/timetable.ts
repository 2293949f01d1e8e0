/** When does a script run next? On a grid of its own, so that runs neither drift nor, after a pause, burst. */

export interface Slot {
  readonly intervalMs: number
  /** Any of its due times; the others are whole intervals away. */
  readonly phaseMs: number
}

/**
 * The first of its due times after `now`. Those that passed meanwhile, because a run took longer or the process did not
 * run at all, are left out: one run now tells as much as ten would.
 */
export function nextDue({ intervalMs, phaseMs }: Slot, now: number): number {
  const passed = Math.floor((now - phaseMs) / intervalMs)
  return phaseMs + (passed + 1) * intervalMs
}

/**
 * Phases for scripts that begin together: spread over the shorter of their interval and a second, so that a hundred of
 * them do not all start in one moment, and yet each soon gives its first result.
 */
export function spread(intervalsMs: readonly number[], now: number): number[] {
  const count = intervalsMs.length
  return intervalsMs.map((intervalMs, i) => now + (Math.min(intervalMs, SPREAD_MS) * i) / count)
}

const SPREAD_MS = 1_000
