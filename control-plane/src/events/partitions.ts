import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, Transaction } from '../database/client.ts'
import { databaseErrorCode } from '../database/transact.ts'
import { DAY_MS, daysAt, partitionName } from './days.ts'
import {
  attachDay,
  deleteStrays,
  emptyDay,
  hasReceivedBefore,
  removeDay,
  selectDays,
  selectStrayDays,
} from './store-partitions.ts'

/** What is kept, and how it is written. `transact` may be tried again by whoever gives it. */
export interface Retention {
  readonly db: Database
  readonly transact: <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>
  readonly nowMs: number
  readonly keepMs: number
}

/** What one run may make: the first start after a long absence finds many days in the default partition. */
const DAYS_PER_RUN = 30
const DELETED_PER_RUN = 20_000
/** How often a lock that is not free is asked for again in one run, and how soon. */
const LOCK_TRIES = 20
const LOCK_AGAIN_MS = 25

/**
 * Makes the partitions of the days to come, and those of earlier days whose events found none. Gives the days made.
 * Events of days beyond retention, or far in the future, stay in the default partition.
 */
export async function makeDays({ db, transact, nowMs, keepMs }: Retention): Promise<readonly number[]> {
  const { oldest, first, last } = daysAt(nowMs, keepMs)
  const there = new Set((await selectDays(db)).map(({ day }) => day))
  const always = Array.from({ length: last - first + 1 }, (_, i) => first + i)
  const stray = await selectStrayDays(db, oldest, last)
  const missing = [...new Set([...always, ...stray])].filter((day) => !there.has(day)).slice(0, DAYS_PER_RUN)
  for (const day of missing) await transact((tx) => attachDay(tx, { name: partitionName(day), day }))
  return missing
}

export interface Dropped {
  /** Days whose events are gone and whose room is free. */
  readonly emptied: readonly number[]
  /** Days whose empty partition is gone too. */
  readonly removed: readonly number[]
  /** Events without a day, deleted one by one. */
  readonly strays: number
}

/**
 * Drops the days that have been over for longer than events are kept. First their events, by a lock on that day's
 * partition alone; then the empty partition, by a lock on the whole table. Neither lock is waited for, so that nobody
 * waits behind us: what is in use is left to the next run, and an empty partition costs nothing but its name.
 */
export async function dropDays({ db, transact, nowMs, keepMs }: Retention): Promise<Dropped> {
  const beforeMs = nowMs - keepMs
  const over = (await selectDays(db)).filter(({ day }) => (day + 1) * DAY_MS <= beforeMs)
  const emptied: number[] = []
  const removed: number[] = []
  for (const { name, day } of over) {
    const full = await hasReceivedBefore(db, name, beforeMs)
    if (full && (await whenFree(() => transact((tx) => emptyDay(tx, name, beforeMs))))) emptied.push(day)
    if ((await whenFree(() => transact((tx) => removeDay(tx, name)))) === true) removed.push(day)
  }
  return { emptied, removed, strays: await transact((tx) => deleteStrays(tx, beforeMs, DELETED_PER_RUN)) }
}

/** Null when the lock was never free. */
async function whenFree<T>(work: () => Promise<T>): Promise<T | null> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (databaseErrorCode(error) !== '55P03') throw error
      if (tries === LOCK_TRIES) return null
      await sleep(LOCK_AGAIN_MS)
    }
  }
}
