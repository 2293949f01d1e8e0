/** When to start a process again that died: at once, then after 1, 2, 4 … seconds if it keeps dying young. */

export interface RespawnThrottle {
  /** Deaths in a row after a short life. */
  readonly shortLives: number
}

export const FRESH_THROTTLE: RespawnThrottle = { shortLives: 0 }

/** A life this long forgives all earlier deaths. */
export const LONG_LIFE_MS = 60_000
const DELAY_MS_MAX = 30_000

/** The state after a process that lived for `livedMs` died, and how long to wait before starting the next. */
export function afterDeath(throttle: RespawnThrottle, livedMs: number): readonly [RespawnThrottle, number] {
  const before = livedMs >= LONG_LIFE_MS ? 0 : throttle.shortLives
  const delayMs = before === 0 ? 0 : Math.min(DELAY_MS_MAX, 1_000 * 2 ** (before - 1))
  return [{ shortLives: before + 1 }, delayMs]
}
