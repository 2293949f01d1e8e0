/** One thing that is watched, as the keeper of all of them sees it. */
import type { Verdict } from '../../tracking/verdict.ts'

export interface Tracker {
  report(): TrackerReport
  /** It is watched no more; what it started is ended. */
  stop(): void
}

/** A verdict, and what a person wants to know beside it. */
export interface TrackerReport extends Verdict {
  /** Why it is held for that: how a run ended, what a file says, how many processes there are. */
  readonly why: string
  /** The last lines that a script wrote; null where there are none. */
  readonly output: string | null
  /** When the last run or look began, and how long it took; null where there was none. */
  readonly lastRunWallMs: number | null
  readonly durationMs: number | null
  /** Runs or looks since the steward started. */
  readonly runs: number
}

export interface TrackerWorld {
  /** CLOCK_MONOTONIC in milliseconds. */
  now(): number
  wallMs(): number
  log(text: string): void
  /** The tracker has something new to report. */
  changed(): void
}
