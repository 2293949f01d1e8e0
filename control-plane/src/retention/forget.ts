import type { Transaction } from '../database/client.ts'
import type { Duty } from '../duties/duty.ts'
import type { Retention } from './settings.ts'
import { type AgedTable, deleteOlder, deleteOldFeed } from './store.ts'

/** Rows of one transaction, and transactions of one table in one run: what remains is for the next. */
const ROWS = 5_000
const TIMES = 20

/** Deletes what is older than is kept, a little at a time. Days of events go as a whole (`events/keep-days.ts`). */
export function oldHistory(keep: Retention): Duty {
  return {
    name: 'old-history',
    everyMs: 600_000,
    run: async ({ nowMs, fence }) => {
      const aged: readonly (readonly [AgedTable, number])[] = [
        ['failovers', keep.transitionsMs],
        ['transitions', keep.transitionsMs],
        ['availability_hours', keep.hoursMs],
        ['availability_days', keep.daysMs],
      ]
      for (const [table, keepMs] of aged) {
        const rows = { table, beforeMs: nowMs - keepMs, limit: ROWS }
        await untilDone((tx) => deleteOlder(tx, rows), fence.transact)
      }
      await untilDone((tx) => deleteOldFeed(tx, nowMs - keep.feedMs, ROWS), fence.transact)
    },
  }
}

async function untilDone(
  some: (tx: Transaction) => Promise<number>,
  transact: (work: (tx: Transaction) => Promise<number>) => Promise<number>,
): Promise<void> {
  for (let i = 0; i < TIMES; i++) if ((await transact(some)) < ROWS) return
}
