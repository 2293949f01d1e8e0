/**
 * When to start a process again that died: at once, as long as it lives for a while between deaths; more and more
 * slowly when it keeps dying young. At once, because the two processes keep each other alive: while one is missing,
 * the other's death would end the agent.
 */

export interface RespawnThrottle {
  /** Recent deaths, each forgiven by five seconds of life. */
  readonly recentDeaths: number
}

export const FRESH_THROTTLE: RespawnThrottle = { recentDeaths: 0 }

const FORGIVEN_BY_LIFE_MS = 5_000
/** So many deaths in a row cost no delay: somebody is killing it, or had bad luck. More look like a crash loop. */
const FREE_DEATHS = 3
const DELAY_MS_MAX = 30_000

/** The state after a process that lived for `livedMs` died, and how long to wait before starting the next. */
export function afterDeath(throttle: RespawnThrottle, livedMs: number): readonly [RespawnThrottle, number] {
  const recentDeaths = Math.max(0, throttle.recentDeaths - livedMs / FORGIVEN_BY_LIFE_MS) + 1
  const counted = Math.floor(recentDeaths) - FREE_DEATHS
  return [{ recentDeaths }, counted <= 0 ? 0 : Math.min(DELAY_MS_MAX, 1_000 * 2 ** (counted - 1))]
}
