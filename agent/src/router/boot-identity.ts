/** Which boot of this host is this, which process is that pid, and what does its monotonic clock say. Linux only. */
import { readFileSync } from 'node:fs'

let cachedBootId: string | null = null

/** The kernel's random identity of this boot (proc(5)); monotonic times compare only within one. */
export function bootId(): string {
  cachedBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return cachedBootId
}

/** CLOCK_MONOTONIC in milliseconds, fractional; the same for every process of one boot. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/**
 * When process `pid` started, in clock ticks since boot (proc(5), stat field 22): with the pid it names one process
 * for ever, as a pid alone does not. Null when there is no such process, or only a zombie of it is left.
 */
export function processStartTicks(pid: number): string | null {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return null
  }
  // The second field is the command name in parentheses and may hold anything, spaces and parentheses included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const state = fields[0]
  return state === 'Z' || state === 'X' ? null : (fields[19] ?? null)
}
