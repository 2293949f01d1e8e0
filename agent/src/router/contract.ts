/**
 * What the router and the steward say to each other: one JSON object a line, over `STATE/router.sock`. The router
 * listens; stewards come and go, and none of it is needed to elect, fail over or boot.
 *
 * Observations do not travel here. The router appends them to `STATE/journal/` and rings `journal`; the steward reads
 * the files from where its spool says it stopped. So either process may die at any instruction without losing any.
 */

import type { AgentConfig } from '@aloft/shared/config/agent-config'
import type { EventBody, Observed } from '@aloft/shared/protocol/events'
import type { Verdict } from '../tracking/verdict.ts'
import type { BfdStatus, Farewell } from './loop/bfd-status.ts'
import type { DiscardTotal, RouterCounters } from './loop/counters.ts'
import type { HandedOver } from './loop/handed-over.ts'
import type { HoldingFailureCount } from './loop/holding-keeper.ts'
import type { FindingTotal } from './loop/lan-watch.ts'
import type { StallFigures } from './loop/stall-guard.ts'
import type { RouterDetail } from './loop/status.ts'

export type StewardMessage =
  /** First line of a steward; other clients (`aloft status`, tests) never send it. */
  | { readonly kind: 'hello'; readonly runId: string; readonly pid: number }
  /** Clean end of a steward that wants the router to go on; without it the router takes the steward for killed. */
  | { readonly kind: 'goodbye' }
  /** Run exactly these virtual routers. Kept in `STATE/running-config.json` by the router, which boots from it. */
  | { readonly kind: 'configure'; readonly revision: string; readonly config: AgentConfig }
  /** All that the steward knows of scripts, files and processes, whenever any of it changes. */
  | { readonly kind: 'verdicts'; readonly verdicts: readonly Verdict[] }
  | { readonly kind: 'status'; readonly id: number }
  /** Write what the flight recorder holds to `STATE/recordings/`; answered by `recording`. */
  | { readonly kind: 'dump'; readonly id: number }
  /** Resign, release once a successor is there (`now`: at once), then exit 0. */
  | { readonly kind: 'shutdown'; readonly now?: boolean }
  | StepDownMessage
  /** Start another router process in your place; answered by `replacing`. */
  | { readonly kind: 'replace'; readonly id: number }
  /** Of that process, once it is ready: hand over. Answered by `handed-over`, and the sender is the router then. */
  | { readonly kind: 'take-over'; readonly pid: number }

/** Give a role away; answered by `stepped-down`. */
export interface StepDownMessage {
  readonly kind: 'step-down'
  readonly id: number
  readonly virtualRouter: string
  /** How long nobody is preempted afterwards; null: until it is undone. */
  readonly forMs: number | null
  /** End an earlier one instead. */
  readonly undo: boolean
}

export type RouterMessage =
  /** `verdicts`: what it goes by until it is told otherwise. */
  | {
      readonly kind: 'hello'
      readonly runId: string
      readonly pid: number
      readonly revision: string | null
      readonly verdicts: readonly Verdict[]
    }
  | { readonly kind: 'configured'; readonly revision: string }
  | { readonly kind: 'status'; readonly id: number; readonly status: RouterStatus }
  /** `path` null: it could not be written, and `error` says why. */
  | {
      readonly kind: 'recording'
      readonly id: number
      readonly path: string | null
      readonly error: string | null
    }
  /** `refused` null: the role was given up, or was none. Otherwise why it was not. */
  | { readonly kind: 'stepped-down'; readonly id: number; readonly refused: string | null }
  /** `error` null: the other process is being started. */
  | { readonly kind: 'replacing'; readonly id: number; readonly error: string | null }
  | { readonly kind: 'handed-over'; readonly handed: HandedOver }
  /** The line was not a message; nothing was done. */
  | { readonly kind: 'refused'; readonly error: string }
  /** What to say for this process should it die; replaces what was told before. */
  | { readonly kind: 'farewells'; readonly farewells: readonly Farewell[] }
  /** There is something new in the journal. */
  | { readonly kind: 'journal' }
  /** Clean end; a steward that sees the socket close without it knows the router was killed. */
  | { readonly kind: 'goodbye' }

export interface RouterStatus {
  readonly runId: string
  readonly pid: number
  readonly startedWallMs: number
  readonly revision: string | null
  /** `spinLimitMs`: the kernel ends it when a thread runs for longer without sleeping; null where nothing limits it. */
  readonly realtime: {
    readonly policy: 'fifo' | 'other'
    readonly detail: string | null
    readonly spinLimitMs: number | null
  }
  /** How late the loop's alarms rang, in milliseconds, since the start and in the last minute. */
  readonly lateness: { readonly maxMs: number; readonly lastMinuteMaxMs: number; readonly p99Ms: number }
  /** `waiting`: observations not written to disk yet; `lost`: dropped, and not yet recorded as a gap. */
  readonly journal: { readonly waiting: number; readonly lost: number; readonly error: string | null }
  /** Inputs the loop threw on and that were dropped, since the start. Each is a bug; a recording was dumped. */
  readonly inputErrors: number
  /** What the kernel refused: addresses, routes, rules, the latest error of each. */
  readonly holdingFailures: readonly HoldingFailureCount[]
  readonly virtualRouters: readonly RouterDetail[]
  readonly discards: readonly DiscardTotal[]
  /** Left out where there is no BFD. */
  readonly bfd?: BfdStatus
  /** How often, and how long at most, the process was not running for longer than its peers wait. */
  readonly stalls: StallFigures
  readonly findings: readonly FindingTotal[]
}

export type { RouterCounters }

/** One line of a journal file. `n` counts from 1 within a run; files are `RUN-SEGMENT.jsonl`, segments from 1. */
export interface JournalLine {
  readonly n: number
  readonly at: Observed
  readonly body: EventBody
}
