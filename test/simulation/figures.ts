/** What many runs come to. */
import type { Outcome } from './run.ts'

export const NOTHING = {
  virtualMs: 0,
  events: 0,
  transitions: 0,
  overlapMs: 0,
  losses: 0,
  falseAlarms: 0,
  pairedFailovers: 0,
}
type Figures = typeof NOTHING

export function sumOf(before: Figures, outcome: Outcome): Figures {
  const sum = { ...before }
  for (const key of Object.keys(NOTHING) as (keyof Figures)[]) sum[key] += outcome[key]
  return sum
}

export function hours(virtualMs: number): number {
  return virtualMs / 3_600_000
}

export function summary(figures: Figures): string {
  return (
    `${hours(figures.virtualMs).toFixed(1)} virtual hours, ${figures.events} events, ` +
    `${figures.transitions} transitions, ${(figures.overlapMs / 1000).toFixed(1)} s of overlap, ` +
    `${figures.losses} actives lost by BFD, ${figures.falseAlarms} of them false alarms, ` +
    `${figures.pairedFailovers} dead ones told by it`
  )
}
