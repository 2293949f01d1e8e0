import { parseDuration } from '@aloft/shared/time/duration'

/** For how long each part of the history is kept. */
export interface Retention {
  /** Everything agents observed, whole. */
  readonly eventsMs: number
  /** Transitions, and the failovers derived from them. */
  readonly transitionsMs: number
  /** Availability by the hour, and by the day. */
  readonly hoursMs: number
  readonly daysMs: number
  /** What changed, for those who follow the stream and come back. */
  readonly feedMs: number
}

const DAY_MS = 86_400_000

export const DEFAULT_RETENTION: Retention = {
  eventsMs: 90 * DAY_MS,
  transitionsMs: 730 * DAY_MS,
  hoursMs: 400 * DAY_MS,
  daysMs: 1_826 * DAY_MS,
  feedMs: 7 * DAY_MS,
}

const SETTINGS = [
  ['ALOFT_KEEP_EVENTS', 'eventsMs', 1],
  ['ALOFT_KEEP_TRANSITIONS', 'transitionsMs', 1],
  ['ALOFT_KEEP_HOURS', 'hoursMs', 2],
  ['ALOFT_KEEP_DAYS', 'daysMs', 2],
  ['ALOFT_KEEP_FEED', 'feedMs', 0],
] as const

/** From `ALOFT_KEEP_…`, each a number of days (`90d`) or a shorter duration. Throws a RangeError that says which is wrong. */
export function retentionOf(env: NodeJS.ProcessEnv): Retention {
  const given = SETTINGS.flatMap(([name, key, leastDays]) => {
    const text = env[name]
    if (text === undefined || text === '') return []
    const ms = durationOf(text)
    const least = leastDays === 0 ? 3_600_000 : leastDays * DAY_MS
    if (ms === null || ms < least)
      throw new RangeError(
        `${name} must be a duration such as 90d, of ${least / 3_600_000} hours at least, not "${text}"`,
      )
    return [[key, ms] as const]
  })
  return { ...DEFAULT_RETENTION, ...Object.fromEntries(given) }
}

function durationOf(text: string): number | null {
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  return days === undefined ? parseDuration(text) : Number(days) * DAY_MS
}
