/** Real-time scheduling of this process, where the host allows it. An advertisement must not wait for a busy CPU. */
import { readdirSync } from 'node:fs'
import type { RouterStatus } from './contract.ts'

/** The scheduling calls of netio; `policy` as in sched(7). */
export interface SchedulerCalls {
  setScheduler(tid: number, policy: number, priority: number): void
}

const SCHED_FIFO = 1
/** Children and threads to come start as ordinary ones: a steward started from here must not run in real time. */
const SCHED_RESET_ON_FORK = 0x4000_0000
/** Above ordinary work, below the kernel's own threaded interrupts (50). */
const PRIORITY = 20

/**
 * Puts every thread of this process under SCHED_FIFO, V8's helpers too, at one priority: they wait for each other by
 * asking again and again, and the one that asks must not keep the other from its core. Refused: the process goes on as
 * an ordinary one, and says so.
 */
export function becomeRealtime(calls: SchedulerCalls): RouterStatus['realtime'] {
  try {
    for (const tid of readdirSync('/proc/self/task'))
      calls.setScheduler(Number(tid), SCHED_FIFO | SCHED_RESET_ON_FORK, PRIORITY)
    return { policy: 'fifo', detail: `priority ${PRIORITY}` }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { policy: 'other', detail: `SCHED_FIFO was refused (${why}); CAP_SYS_NICE allows it` }
  }
}
