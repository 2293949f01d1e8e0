/** Whether enough of some processes run, and have done so for long enough. */
import type { ProcessTracker as Process } from '@aloft/shared/config/tracking-config'
import {
  isMatch,
  isQuorum,
  type ProcessImage,
  type Watched,
  watchQuorum,
} from '../../tracking/process-match.ts'
import type { VerdictState } from '../../tracking/verdict.ts'
import type { ProcessTable } from './process-table.ts'
import type { Tracker, TrackerReport, TrackerWorld } from './tracker.ts'

export class ProcessTracker implements Tracker {
  readonly #process: Process
  readonly #table: () => ProcessTable | null
  readonly #world: TrackerWorld
  #watched: Watched
  #running: number | null = null
  #runs = 0
  #settling: NodeJS.Timeout | null = null

  /** `known`: what held when the steward before this one ended, so that its delays go on applying. */
  constructor(
    process: Process,
    { known, table }: { readonly known: VerdictState | null; readonly table: () => ProcessTable | null },
    world: TrackerWorld,
  ) {
    this.#process = process
    this.#table = table
    this.#world = world
    const up = known === null || known === 'unknown' ? null : known === 'up'
    this.#watched = { up, settlesAt: null }
  }

  report(): TrackerReport {
    const { up } = this.#watched
    const { name, quorum, quorumMax } = this.#process
    const wanted = quorumMax === null ? `${quorum} or more` : `${quorum} to ${quorumMax}`
    return {
      kind: 'process',
      name,
      state: up === null ? 'unknown' : up ? 'up' : 'down',
      value: null,
      why: this.#running === null ? 'not looked at yet' : `${this.#running} running, ${wanted} wanted`,
      ...{ output: null, lastRunWallMs: null, durationMs: null, runs: this.#runs },
    }
  }

  stop(): void {
    if (this.#settling) clearTimeout(this.#settling)
  }

  counts(image: ProcessImage): boolean {
    return isMatch(this.#process, image)
  }

  /** The table changed, or a delay is over. */
  look(): void {
    const table = this.#table()
    if (table === null) return
    if (this.#settling) clearTimeout(this.#settling)
    this.#settling = null
    const before = this.#watched
    const running = table.count((image) => this.counts(image))
    const isNew = running !== this.#running
    this.#running = running
    this.#runs += 1
    const now = this.#world.now()
    this.#watched = watchQuorum(this.#process, before, { seen: isQuorum(this.#process, running), now })
    const { settlesAt } = this.#watched
    if (settlesAt !== null) this.#settling = setTimeout(() => this.look(), Math.max(1, settlesAt - now))
    if (isNew || this.#watched.up !== before.up) this.#world.changed()
  }
}
