/** Whether a fleet came back from the loss of its only replica as it was told to. */
import type { DialFacts } from '../fleet/fleet-process.ts'

export interface StormFigures {
  readonly spreadS: number
  /** From the kill until the last agent was back. */
  readonly backS: number
  readonly inTime: boolean
  readonly asTold: boolean
  readonly attempts: number
  readonly attemptsOfOneMax: number
  readonly busiestSecond: number
  /** First dials per second over the spread, if they were spread evenly. */
  readonly evenSecond: number
  readonly tooEarly: number
}

/** What is allowed beyond the spread: the replica's own restart, and the admissions of the last to come. */
const GRACE_S = 10

/**
 * Told: the first dial is random within the spread, so a second sees two hundred of them; one that failed is random
 * within a second, then two, four…; after a Retry-After nobody dials before it is over.
 */
export function judgeStorm(
  perAgent: readonly (readonly DialFacts[])[],
  {
    killedAtMs,
    tookMs,
    agents,
  }: { readonly killedAtMs: number; readonly tookMs: number; readonly agents: number },
): StormFigures {
  const spreadS = Math.min(120, Math.max(2, agents / 200))
  const retries = perAgent.map((dials) => dials.filter(({ atMs }) => atMs >= killedAtMs))
  const seconds = new Map<number, number>()
  for (const { atMs } of retries.flat()) {
    const second = Math.floor((atMs - killedAtMs) / 1_000)
    seconds.set(second, (seconds.get(second) ?? 0) + 1)
  }
  const busiestSecond = Math.max(0, ...seconds.values())
  const evenSecond = agents / spreadS
  const tooEarly = perAgent.flatMap((dials) =>
    dials.filter((dial, i) => isTooEarly(dials[i - 1], dial)),
  ).length
  const late = retries.filter(
    ([first]) => first === undefined || first.atMs - killedAtMs > spreadS * 1_000 + 1_000,
  )
  const backS = tookMs / 1_000
  return {
    spreadS,
    backS,
    inTime: backS <= spreadS + GRACE_S,
    // Three standard deviations of a random spread, and as many again for those whose first dial met nobody.
    asTold:
      tooEarly === 0 && late.length === 0 && busiestSecond <= evenSecond * 1.5 + 6 * Math.sqrt(evenSecond),
    attempts: retries.flat().length,
    attemptsOfOneMax: Math.max(0, ...retries.map((dials) => dials.length)),
    busiestSecond,
    evenSecond,
    tooEarly,
  }
}

function isTooEarly(before: DialFacts | undefined, dial: DialFacts): boolean {
  if (before?.endedAtMs === undefined || before.endedAtMs === null || before.retryAfterMs === null)
    return false
  return dial.atMs < before.endedAtMs + before.retryAfterMs - 5
}
