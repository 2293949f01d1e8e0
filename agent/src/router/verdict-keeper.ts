/**
 * `STATE/tracker-verdicts.json`: what the trackers last said, for the router process that comes after this one. Without
 * it a router that resumes as active would be in fault until its scripts have run again.
 */
import { rmSync } from 'node:fs'
import type { Verdict } from '../tracking/verdict.ts'
import { readJson, replaceFile } from './atomic-file.ts'
import { readHeartbeat } from './heartbeat.ts'
import type { StatePaths } from './state-directory.ts'

/** A router that was away for longer than this knows nothing of what its host's programs do now. */
const INHERIT_WITHIN_MS = 30_000

export class VerdictKeeper {
  readonly #paths: Pick<StatePaths, 'trackerVerdicts' | 'routerAlive'>
  readonly #bootId: string
  #verdicts: readonly Verdict[] = []
  #isScheduled = false

  constructor(paths: Pick<StatePaths, 'trackerVerdicts' | 'routerAlive'>, bootId: string) {
    this.#paths = paths
    this.#bootId = bootId
  }

  get verdicts(): readonly Verdict[] {
    return this.#verdicts
  }

  /** What a predecessor of this boot that was alive a moment ago left; empty when there was none. */
  inherit(nowMs: number): readonly Verdict[] {
    const alive = readHeartbeat(this.#paths.routerAlive)
    const isFresh = alive?.bootId === this.#bootId && nowMs - alive.atMonoMs < INHERIT_WITHIN_MS
    const left = readJson(this.#paths.trackerVerdicts)
    if (!isFresh || typeof left !== 'object' || left === null) return []
    if (!('bootId' in left) || left.bootId !== this.#bootId || !('verdicts' in left)) return []
    this.#verdicts = isVerdicts(left.verdicts) ? left.verdicts : []
    return this.#verdicts
  }

  /** Written once per turn of the event loop in which anything changed. */
  keep(verdicts: readonly Verdict[]): void {
    this.#verdicts = verdicts
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      // Stopped meanwhile: the file is gone for good.
      if (this.#isScheduled) this.#write()
    })
  }

  /** A router that was stopped leaves nothing: when it is started again, its host may be another place. */
  forget(): void {
    this.#isScheduled = false
    rmSync(this.#paths.trackerVerdicts, { force: true })
  }

  /** A file that cannot be written costs a successor what it knew, never this process its life. */
  #write(): void {
    this.#isScheduled = false
    const text = `${JSON.stringify({ bootId: this.#bootId, verdicts: this.#verdicts })}\n`
    try {
      replaceFile(this.#paths.trackerVerdicts, text, 'until-power-loss')
    } catch (error) {
      console.error(`aloft router: cannot write ${this.#paths.trackerVerdicts}: ${String(error)}`)
    }
  }
}

/** Whether it is what a steward sends: a message from anybody else must not reach the loop. */
export function isVerdicts(value: unknown): value is readonly Verdict[] {
  return Array.isArray(value) && value.every(isVerdict)
}

function isVerdict(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (!('kind' in value) || !('name' in value) || !('state' in value) || !('value' in value)) return false
  return (
    ['script', 'file', 'process'].includes(String(value.kind)) &&
    typeof value.name === 'string' &&
    ['unknown', 'up', 'down'].includes(String(value.state)) &&
    (value.value === null || Number.isInteger(value.value))
  )
}
