/**
 * Which scripts run, on disk: a steward that was killed leaves them running, and its successor, which repeats them,
 * must not run one beside its own repetition.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { processIdentity, runningProcess, signalProcessGroup } from '../../node/process-identity.ts'

export class RunningScripts {
  readonly #directory: string

  /** Ends what a predecessor left running. */
  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(directory)) {
      const file = path.join(directory, name)
      const pid = runningProcess(readFileSync(file, 'utf8'))
      if (pid !== null) signalProcessGroup(pid, 'SIGKILL')
      rmSync(file)
    }
  }

  began(pid: number | undefined): void {
    const identity = pid === undefined ? null : processIdentity(pid)
    if (identity !== null) writeFileSync(path.join(this.#directory, String(pid)), identity)
  }

  ended(pid: number | undefined): void {
    if (pid !== undefined) rmSync(path.join(this.#directory, String(pid)), { force: true })
  }
}
