/**
 * Runs one script again and again, never twice at once, and holds what its exit statuses come to. A run that is not
 * over in time has failed then; the next one waits until its process group has ended.
 */
import type { ScriptTracker as Script } from '@aloft/shared/config/tracking-config'
import { type Account, recallAccount } from '../../node/accounts.ts'
import { scriptProblem } from '../../node/script-check.ts'
import { type RunningScript, runScript, type ScriptResult } from '../../node/script-run.ts'
import { afterResult, beginTally, type Tally } from '../../tracking/tally.ts'
import { nextDue, type Slot } from '../../tracking/timetable.ts'
import type { VerdictState } from '../../tracking/verdict.ts'
import type { Tracker, TrackerReport, TrackerWorld } from './tracker.ts'

export interface ScriptStart {
  readonly script: Script
  /** What held when its last runner ended; null: nothing is known. */
  readonly known: VerdictState | null
  /** When it runs first, on the monotonic clock. */
  readonly firstAt: number
  /** What every script of this agent carries in its environment, so that a later steward knows it. */
  readonly mark: Readonly<Record<string, string>>
}

/** setTimeout(3) takes no more than this. */
const SLEEP_MS_MAX = 86_400_000
const OUTPUT_CHARACTERS = 1_000

export class ScriptTracker implements Tracker {
  readonly #start: ScriptStart
  readonly #world: TrackerWorld
  readonly #slot: Slot
  #tally: Tally
  #running: RunningScript | null = null
  #timer: NodeJS.Timeout | null = null
  #isStopped = false
  #last: Omit<TrackerReport, 'kind' | 'name' | 'state' | 'value'>

  constructor(start: ScriptStart, world: TrackerWorld) {
    this.#start = start
    this.#world = world
    this.#slot = { intervalMs: start.script.intervalMs, phaseMs: start.firstAt }
    this.#tally = beginTally(start.script, start.known)
    const why =
      start.known === null || start.known === 'unknown' ? 'not run yet' : 'as the last steward left it'
    this.#last = { why, output: null, lastRunWallMs: null, durationMs: null, runs: 0 }
    this.#sleepUntil(start.firstAt)
  }

  report(): TrackerReport {
    const { name } = this.#start.script
    return { kind: 'script', name, state: this.#tally.state, value: null, ...this.#last }
  }

  stop(): void {
    this.#isStopped = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#running?.end()
  }

  #sleepUntil(dueAt: number): void {
    const waitMs = Math.min(SLEEP_MS_MAX, Math.max(0, Math.ceil(dueAt - this.#world.now())))
    this.#timer = setTimeout(() => {
      if (this.#world.now() >= dueAt) void this.#run()
      else this.#sleepUntil(dueAt)
    }, waitMs)
  }

  async #run(): Promise<void> {
    const { script, mark } = this.#start
    const startedAt = this.#world.now()
    this.#last = { ...this.#last, lastRunWallMs: this.#world.wallMs(), runs: this.#last.runs + 1 }
    // Looked at before each run: what may have been put in its place since must not run as root.
    const problem = scriptProblem(script.command, script)
    if (problem !== null) this.#take(false, { why: problem, output: null, startedAt })
    else await this.#runProgram(startedAt, { command: script, mark })
    if (!this.#isStopped) this.#sleepUntil(nextDue(this.#slot, this.#world.now()))
  }

  async #runProgram(
    startedAt: number,
    { command: script, mark }: { readonly command: Script; readonly mark: ScriptStart['mark'] },
  ): Promise<void> {
    const { timeoutMs } = script
    const running = runScript({
      ...programOf(script),
      timeoutMs,
      env: { ...mark, ALOFT_TRACKER: script.name },
    })
    this.#running = running
    // It may take two more seconds to die; that it has failed is known now.
    let isOverdue = false
    const overdue = setTimeout(() => {
      isOverdue = true
      this.#take(false, { why: `not over after ${timeoutMs} ms`, output: null, startedAt })
    }, timeoutMs)
    const result = await running.result
    clearTimeout(overdue)
    this.#running = null
    if (this.#isStopped) return
    if (isOverdue) this.#last = { ...this.#last, output: lastLines(result.output) }
    else this.#take(isWell(result), { why: whyOf(result), output: lastLines(result.output), startedAt })
  }

  #take(
    ok: boolean,
    seen: { readonly why: string; readonly output: string | null; readonly startedAt: number },
  ): void {
    if (this.#isStopped) return
    const { script } = this.#start
    this.#tally = afterResult(script, this.#tally, ok)
    const said = ok ? 'up' : 'down'
    const { state, contrary } = this.#tally
    const needed = ok ? script.rise : script.fall
    const why = state === said ? seen.why : `${seen.why} (${contrary} of ${needed} in a row)`
    const durationMs = this.#world.now() - seen.startedAt
    this.#last = { ...this.#last, why, output: seen.output, durationMs }
    this.#world.changed()
  }
}

/** As whom it runs. Taking on a user's other groups is more than a child can do by itself: setpriv(1) does. */
function programOf(script: Script): {
  readonly command: readonly string[]
  readonly account: Account | null
} {
  const { command, user, group, supplementaryGroups } = script
  if (user === null) return { command, account: null }
  const account = recallAccount(user, group)
  if (!supplementaryGroups || account === null) return { command, account }
  const as = ['--reuid', user, '--regid', String(account.gid), '--init-groups']
  return { command: ['/usr/bin/setpriv', ...as, '--', ...command], account: null }
}

function isWell({ ending, exitCode }: ScriptResult): boolean {
  return ending === 'exited' && exitCode === 0
}

function whyOf({ ending, exitCode, output }: ScriptResult): string {
  if (ending === 'not-started') return `could not be started: ${output}`
  return ending === 'exited' ? `exit status ${exitCode}` : 'ended by a signal'
}

/** What a person reads first when a check fails; control characters must not reach a terminal. */
function lastLines(output: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  const text = output.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '·').trim()
  return text === '' ? null : text.slice(-OUTPUT_CHARACTERS)
}
