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
 * V8's main thread asks again and again, without sleeping, whether they have done with a garbage collection. At the same
 * priority they would never get a core that it is on: on a host of one core, or with a router in lockstep on each, forever.
 */
const HELPER_PRIORITY = PRIORITY + 1

/**
 * Puts every thread of this process under SCHED_FIFO: V8's helpers too, since the main thread waits for them in a
 * garbage collection. Refused: the process goes on as an ordinary one, and says so.
 */
export function becomeRealtime(calls: SchedulerCalls): RouterStatus['realtime'] {
  try {
    for (const tid of readdirSync('/proc/self/task')) {
      const priority = Number(tid) === process.pid ? PRIORITY : HELPER_PRIORITY
      calls.setScheduler(Number(tid), SCHED_FIFO | SCHED_RESET_ON_FORK, priority)
    }
    return { policy: 'fifo', detail: `priority ${PRIORITY}` }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { policy: 'other', detail: `SCHED_FIFO was refused (${why}); CAP_SYS_NICE allows it` }
  }
}
