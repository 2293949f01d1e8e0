/** Which process a number stands for, across restarts of whoever remembers it. */
import { readFileSync } from 'node:fs'

/** `PID STARTTIME`: a number that is used again has another start (proc(5)). Null: no such process, or a dead one. */
export function processIdentity(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`)
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  return state === undefined || state === 'Z' ? null : `${pid} ${fields[18]}`
}

/** The process of an identity while it runs; null when it has ended. */
export function runningProcess(identity: string | null): number | null {
  const pid = Number(identity?.split(' ')[0])
  return identity !== null && processIdentity(pid) === identity ? pid : null
}

export function signalProcessGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // The whole group has ended.
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
