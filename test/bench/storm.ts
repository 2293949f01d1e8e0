/** Whether a fleet came back from the loss of its only replica as it was told to. */
import type { DialFacts } from '../fleet/fleet-process.ts'

export interface StormFigures {
  /** The longest that a welcome told, and the shortest. */
  readonly spreadS: number
  readonly spreadMinS: number
  /** From the kill until the last agent was back. */
  readonly backS: number
  readonly inTime: boolean
  readonly asTold: boolean
  readonly attempts: number
  readonly attemptsOfOneMax: number
  readonly busiestSecond: number
  /** First dials in the second that should be the busiest, by what each agent was told. */
  readonly expectedBusiest: number
  /** Seconds with more first dials than chance explains. */
  readonly crowdedSeconds: number
  /** Dials before a Retry-After was over, or while another was under way. */
  readonly tooEarly: number
  /** First dials after the spread their agent was told; agents without a welcome to go by. */
  readonly tooLate: number
  readonly untold: number
}

/** What is allowed beyond the spread: the replica's own restart, and the admissions of the last to come. */
const GRACE_S = 10
/** A kill is noticed, and a timer rings, a little late on a busy machine. */
const NOTICE_MS = 1_000

interface Storm {
  readonly killedAtMs: number
  readonly tookMs: number
}

interface Return {
  readonly spreadMs: number
  readonly firstAtMs: number
}

/**
 * Each agent is judged by what its own last welcome before the kill told it: its first dial is random within that spread.
 * So is the crowd: as many first dials in a second as all those spreads let expect, and six standard deviations. After
 * a Retry-After nobody dials before it is over, and nobody has two dials at once.
 */
export function judgeStorm(
  perAgent: readonly (readonly DialFacts[])[],
  { killedAtMs, tookMs }: Storm,
): StormFigures {
  const returns = perAgent.flatMap((dials) => returnOf(dials, killedAtMs) ?? [])
  const retries = perAgent.map((dials) => dials.filter(({ atMs }) => atMs >= killedAtMs))
  const spreads = returns.map(({ spreadMs }) => spreadMs)
  const longestMs = spreads.reduce((most, one) => Math.max(most, one), 0)
  const shortestMs = spreads.reduce((least, one) => Math.min(least, one), longestMs)
  const tooEarly = perAgent.flatMap((dials) => dials.filter((dial, i) => isTooEarly(dials[i - 1], dial)))
  const tooLate = returns.filter(({ firstAtMs, spreadMs }) => firstAtMs - killedAtMs > spreadMs + NOTICE_MS)
  const firsts = bySecond(returns.map(({ firstAtMs }) => firstAtMs - killedAtMs))
  const all = bySecond(retries.flat().map(({ atMs }) => atMs - killedAtMs))
  const expected = Array.from({ length: Math.ceil(longestMs / 1_000) }, (_, s) => expectedIn(s, spreads))
  const crowded = [...firsts].filter(([s, count]) => {
    // A second's neighbours count, for what was noticed late falls into the next.
    const even = Math.max(expected[s] ?? 0, expected[s - 1] ?? 0)
    return count > even + 6 * Math.sqrt(Math.max(even, 1))
  })
  const untold = perAgent.length - returns.length
  const backS = tookMs / 1_000
  return {
    spreadS: longestMs / 1_000,
    spreadMinS: shortestMs / 1_000,
    backS,
    inTime: backS <= longestMs / 1_000 + GRACE_S,
    asTold: tooEarly.length === 0 && tooLate.length === 0 && crowded.length === 0 && untold === 0,
    attempts: retries.flat().length,
    attemptsOfOneMax: retries.reduce((most, { length }) => Math.max(most, length), 0),
    busiestSecond: Math.max(0, ...all.values()),
    expectedBusiest: Math.max(0, ...expected),
    crowdedSeconds: crowded.length,
    tooEarly: tooEarly.length,
    tooLate: tooLate.length,
    untold,
  }
}

/** Null: it never came back, or nobody told it how. */
function returnOf(dials: readonly DialFacts[], killedAtMs: number): Return | null {
  const first = dials.find(({ atMs }) => atMs >= killedAtMs)
  const told = dials.filter(({ atMs, spreadMs }) => atMs < killedAtMs && spreadMs !== null).at(-1)
  if (first === undefined || told === undefined || told.spreadMs === null) return null
  return { spreadMs: told.spreadMs, firstAtMs: first.atMs }
}

/** How many of those who choose at random within their spreads choose this second. */
function expectedIn(second: number, spreads: readonly number[]): number {
  return spreads.reduce((sum, spreadMs) => {
    const within = Math.min(1_000, spreadMs - second * 1_000)
    return within <= 0 ? sum : sum + within / spreadMs
  }, 0)
}

function bySecond(instants: readonly number[]): ReadonlyMap<number, number> {
  const seconds = new Map<number, number>()
  for (const ms of instants)
    seconds.set(Math.floor(ms / 1_000), (seconds.get(Math.floor(ms / 1_000)) ?? 0) + 1)
  return seconds
}

function isTooEarly(before: DialFacts | undefined, dial: DialFacts): boolean {
  if (before === undefined) return false
  if (before.endedAtMs === null) return true
  return dial.atMs < before.endedAtMs + (before.retryAfterMs ?? 0) - 5
}
