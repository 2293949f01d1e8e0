/**
 * How long an agent waits before it dials again. Thousands of agents lose a centre in the same second, so every wait
 * is random, the first one over the whole spread the centre asked for, and only a session that lasted makes the agent
 * eager again: a centre that accepts and dies at once must not pull everybody back into the same window.
 */

const FAST_BASE_MS = 1_000
const FAST_CAP_MS = 60_000
const SLOW_BASE_MS = 60_000
const SLOW_CAP_MS = 3_600_000
const PENDING_CAP_MS = 600_000
const SPREAD_CAP_MS = 120_000
/** So many refusals may be a centre in trouble; more of them are a decision somebody has to change. */
const REFUSALS_BEFORE_SLOW = 6
export const STABLE_AFTER_MS = 60_000

export interface Retry {
  /** Attempts since the last session that lasted. */
  readonly failures: number
  /** Times in a row the centre said no to who we are or what we speak. */
  readonly refusals: number
  /** As the last welcome asked. */
  readonly spreadMs: number
}

export const FIRST_RETRY: Retry = { failures: 0, refusals: 0, spreadMs: 0 }

/**
 * Why there is no session now. `failed`: none came about. `lost`: an established one ended. `unauthorised`: not (or no
 * longer) enrolled. `incompatible`: another version, another centre, or quarantined; only people can change that.
 * `pending`: people have not said yes yet. `superseded`: a newer session of the same agent lives. `planned`: the centre
 * asked us to come back elsewhere.
 */
export type Ending =
  | { readonly kind: 'failed' | 'unauthorised' | 'incompatible' | 'pending' | 'superseded' | 'planned' }
  | { readonly kind: 'lost'; readonly lastedMs: number }

/** The wait in milliseconds, and what to remember for the next one. `random` in [0, 1). */
export function waitAfter(retry: Retry, ending: Ending, random: number): readonly [Retry, number] {
  switch (ending.kind) {
    case 'planned':
      return [retry, 0]
    case 'failed': {
      const failures = retry.failures + 1
      return [{ ...retry, failures }, random * fastCeiling(failures)]
    }
    case 'lost': {
      const before = ending.lastedMs >= STABLE_AFTER_MS ? 0 : retry.failures
      const ceiling = Math.max(Math.min(retry.spreadMs, SPREAD_CAP_MS), fastCeiling(before))
      return [{ ...retry, failures: before + 1 }, random * ceiling]
    }
    case 'unauthorised':
      return refused(retry, REFUSALS_BEFORE_SLOW, random)
    case 'incompatible':
      return refused(retry, 0, random)
    case 'pending':
      return awaited(retry, random)
    case 'superseded':
      return [retry, FAST_CAP_MS / 2 + random * (FAST_CAP_MS / 2)]
  }
}

/** A wait the centre named itself (Retry-After), spread by a tenth so that not everybody returns in one instant. */
export function waitAsTold(retryAfterMs: number, random: number): number {
  return Math.min(Math.max(retryAfterMs, 0), SLOW_CAP_MS) * (1 + random / 10)
}

function fastCeiling(failures: number): number {
  return failures === 0 ? 0 : Math.min(FAST_CAP_MS, FAST_BASE_MS * 2 ** (failures - 1))
}

/** Whoever installs a node approves it within minutes, or not today. */
function awaited(retry: Retry, random: number): readonly [Retry, number] {
  const refusals = retry.refusals + 1
  const steps = Math.max(0, refusals - REFUSALS_BEFORE_SLOW)
  const ceiling = Math.min(PENDING_CAP_MS, FAST_CAP_MS * 2 ** steps)
  return [{ ...retry, refusals }, ceiling / 2 + random * (ceiling / 2)]
}

function refused(retry: Retry, patience: number, random: number): readonly [Retry, number] {
  const refusals = retry.refusals + 1
  const next = { ...retry, refusals }
  if (refusals <= patience) return [next, random * fastCeiling(refusals)]
  // Never near zero: the answer will hardly have changed.
  const ceiling = Math.min(SLOW_CAP_MS, SLOW_BASE_MS * 2 ** (refusals - patience - 1))
  return [next, ceiling / 2 + random * (ceiling / 2)]
}
