/** Real-time scheduling of this process, where the host allows it. An advertisement must not wait for a busy CPU. */
import { readdirSync } from 'node:fs'
import type { RouterStatus } from './contract.ts'

/** The scheduling calls of netio; `policy` as in sched(7), limits in microseconds, null for none. */
export interface SchedulerCalls {
  setScheduler(tid: number, policy: number, priority: number): void
  setRealtimeLimit(soft: number | null, hard: number | null): void
  getRealtimeLimit(): { soft: number | null; hard: number | null }
}

export interface Realtime {
  readonly status: RouterStatus['realtime']
  /** Runs what starts a process, which inherits none of this: a steward may work for as long as it has to. */
  startOrdinary<T>(start: () => T): T
}

const SCHED_OTHER = 0
const SCHED_FIFO = 1
/** Children and threads to come start as ordinary ones: a steward started from here must not run in real time. */
const SCHED_RESET_ON_FORK = 0x4000_0000
/** Above ordinary work, below the kernel's own threaded interrupts (50). */
const PRIORITY = 20
/**
 * A thread that runs for so long without sleeping spins: the kernel ends the process (SIGXCPU), and a successor resumes
 * before the leases of the addresses (2 s), or a peer's patience at 1 s advertisements (3 s), have ended. Loading a
 * thousand routers takes a tenth of it (decision 0018).
 */
export const SPIN_LIMIT_MS = 1_000

/**
 * Puts every thread of this process under SCHED_FIFO, V8's helpers too, at one priority: they wait for each other by
 * asking again and again, and the one that asks must not keep the other from its core. Refused: the process goes on as
 * an ordinary one, without a limit, and says so.
 */
export function becomeRealtime(calls: SchedulerCalls): Realtime {
  try {
    for (const tid of readdirSync('/proc/self/task'))
      calls.setScheduler(Number(tid), SCHED_FIFO | SCHED_RESET_ON_FORK, PRIORITY)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const detail = `SCHED_FIFO was refused (${why}); CAP_SYS_NICE allows it`
    return { status: { policy: 'other', detail, spinLimitMs: null }, startOrdinary: (start) => start() }
  }
  const { soft, hard } = calls.getRealtimeLimit()
  // Only the soft limit, which may be raised again by whoever lowered it; one that is lower already is meant.
  const limit = Math.min(SPIN_LIMIT_MS * 1_000, soft ?? Number.POSITIVE_INFINITY)
  calls.setRealtimeLimit(limit, hard)
  return {
    status: { policy: 'fifo', detail: `priority ${PRIORITY}`, spinLimitMs: limit / 1_000 },
    startOrdinary(start) {
      calls.setRealtimeLimit(soft, hard)
      try {
        return start()
      } finally {
        calls.setRealtimeLimit(limit, hard)
      }
    },
  }
}

/**
 * Before this process exits: a helper that V8 takes down polls until the main thread, which has just woken it, goes on.
 * On a host of one core, in real time, that has kept a stopped router from ending.
 */
export function leaveRealtime(calls: Pick<SchedulerCalls, 'setScheduler'>): void {
  for (const tid of readdirSync('/proc/self/task')) calls.setScheduler(Number(tid), SCHED_OTHER, 0)
}
