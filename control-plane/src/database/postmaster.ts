import { readFileSync, readlinkSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** What `postmaster.pid` says (PostgreSQL's src/include/utils/pidfile.h: line 1 the pid, line 8 the status). */
export interface Postmaster {
  readonly pid: number
  readonly status: string
}

export function readPostmaster(folder: string): Postmaster | null {
  try {
    const lines = readFileSync(path.join(folder, 'postmaster.pid'), 'utf8').split('\n')
    const pid = Number(lines[0])
    return Number.isInteger(pid) && pid > 1 ? { pid, status: (lines[7] ?? '').trim() } : null
  } catch {
    return null
  }
}

/**
 * Stops a server that a killed control plane left running on this folder. Only a process whose working directory is
 * the folder is one: PostgreSQL changes into it, and a recycled pid belongs to something else.
 */
export async function stopLeftover(folder: string, progress: (line: string) => void): Promise<void> {
  const left = readPostmaster(folder)
  if (left === null || !worksIn(left.pid, folder)) return
  progress(`Stopping the PostgreSQL (pid ${left.pid}) that an earlier run left behind …`)
  await waitForEnd(left.pid, () => !worksIn(left.pid, folder))
}

function worksIn(pid: number, folder: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder)
  } catch {
    return false
  }
}

/** Fast shutdown, then immediate, then none at all: PostgreSQL's own three ways, each with its time. */
const WAYS: readonly (readonly [NodeJS.Signals, number])[] = [
  ['SIGINT', 15_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 5_000],
]

export async function waitForEnd(pid: number, ended: () => boolean): Promise<void> {
  for (const [signal, patienceMs] of WAYS) {
    if (ended()) return
    try {
      process.kill(pid, signal)
    } catch {
      // It ended in between; `ended` will say so.
    }
    const giveUpAtMs = performance.now() + patienceMs
    while (!ended() && performance.now() < giveUpAtMs) await sleep(10)
  }
  if (!ended()) throw new Error(`PostgreSQL (pid ${pid}) does not end, not even by SIGKILL`)
}
