/** Which days events are kept in. A day is counted from 1970 in UTC, by the clock of the agent that observed the event. */

export const DAY_MS = 86_400_000

/** Days that are made before they come. An agent's clock may be ahead of ours, and a duty may not run for a while. */
const AHEAD_DAYS = 7

export function dayOf(wallMs: number): number {
  return Math.floor(wallMs / DAY_MS)
}

/** Partitions of `events` once so much is kept: the days, those to come, and the one of events without a day. */
export function partitionsKeeping(keepMs: number): number {
  return Math.ceil(keepMs / DAY_MS) + 1 + AHEAD_DAYS + 1
}

export function partitionName(day: number): string {
  return `events_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`
}

/** The days that get a partition if they have events, and of those the ones that always have one. */
export function daysAt(
  nowMs: number,
  keepMs: number,
): { readonly oldest: number; readonly first: number; readonly last: number } {
  const today = dayOf(nowMs)
  return { oldest: dayOf(nowMs - keepMs), first: today - 1, last: today + AHEAD_DAYS }
}
