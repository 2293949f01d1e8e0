import type { Duty } from '../duties/duty.ts'
import { dropDays, makeDays } from './partitions.ts'

/** Makes the partitions of the days to come, long before they do. */
export function eventDaysAhead(keepMs: number): Duty {
  return {
    name: 'event-days-ahead',
    everyMs: 3_600_000,
    run: async ({ db, nowMs, fence }) => {
      await makeDays({ db, transact: fence.transact, nowMs, keepMs })
    },
  }
}

/** Drops the days of events that are over. Often, because what is in use is left to the next run. */
export function eventDaysOver(keepMs: number): Duty {
  return {
    name: 'event-days-over',
    everyMs: 600_000,
    run: async ({ db, nowMs, fence }) => {
      await dropDays({ db, transact: fence.transact, nowMs, keepMs })
    },
  }
}
