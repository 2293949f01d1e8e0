import type { Database, Transaction } from '../database/client.ts'
import type { Duty } from '../duties/duty.ts'
import { segmentsOf, sumsOf } from './derive.ts'
import { type RouterHistory, readHistories } from './history.ts'
import { HEARS_AFTER_MS } from './lanes.ts'
import { addRouters, type DueRouter, finishRouters, putSums, selectDueRouters } from './store-sums.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/** Of one transaction, and of one run: a run that ends before all is done is followed by another. */
const ROUTERS_AT_ONCE = 20
const ROUTERS_PER_RUN = 2_000
/** Nothing older is summed up: an agent whose clock is in 1970 would have us write half a million hours. */
const OLDEST_MS = 400 * DAY_MS

/** Sums up the availability of hours that are over, and again of those whose past has changed. */
export const sumUpAvailability: Duty = {
  name: 'availability',
  everyMs: 30_000,
  run: async ({ db, nowMs, fence }) => {
    await sumUp({ db, nowMs, transact: (work) => fence.transact(work) })
  },
}

export interface SumUp {
  readonly db: Database
  readonly nowMs: number
  readonly transact: <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>
}

/** Gives how many routers were summed up. */
export async function sumUp({ db, nowMs, transact }: SumUp): Promise<number> {
  const toMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS
  await transact((tx) => addRouters(tx, HOUR_MS))
  const due = await selectDueRouters(db, toMs, ROUTERS_PER_RUN)
  for (let i = 0; i < due.length; i += ROUTERS_AT_ONCE) {
    await transact((tx) => sumUpRouters(tx, due.slice(i, i + ROUTERS_AT_ONCE), toMs))
  }
  return due.length
}

async function sumUpRouters(tx: Transaction, due: readonly DueRouter[], toMs: number): Promise<void> {
  const oldestMs = toMs - OLDEST_MS
  // An hour earlier than is summed up: what a segment is that begins with the first hour must be known.
  const spans = due.map(({ id, fromMs }) => {
    const firstHourMs = Math.min(Math.max(Math.floor(fromMs / HOUR_MS) * HOUR_MS, oldestMs), toMs)
    return { id, firstHourMs, fromMs: firstHourMs - HOUR_MS, toMs }
  })
  const histories = await readHistories(tx, spans)
  const sums = spans.map(({ id, firstHourMs, fromMs }) => {
    const nodes = histories.get(id)?.nodes ?? []
    const segments = segmentsOf(nodes, fromMs, toMs)
    const observedMs = Math.min(...nodes.flatMap(({ changes }) => changes.map(({ atMs }) => atMs)))
    const firstMs = Math.max(firstHourMs, Math.floor(observedMs / HOUR_MS) * HOUR_MS)
    return { id, hours: sumsOf(segments, { fromMs: firstMs, toMs, stepMs: HOUR_MS }) }
  })
  await putSums(tx, sums, DAY_MS)
  await finishRouters(
    tx,
    due.map(({ id, firstMs, marks }, i) => {
      const settledMs = settledUntil(histories.get(id), toMs)
      const first = Math.min(firstMs, sums[i]?.hours[0]?.startMs ?? firstMs)
      return { id, firstMs: first, untilMs: toMs, settledMs, marks }
    }),
  )
}

/** Until when nothing stands on a node that has not told everything, or whose last event is not what it is now. */
function settledUntil(history: RouterHistory | undefined, toMs: number): number {
  const open = (history?.nodes ?? []).flatMap(({ changes, knownUntilMs, currentRole, unseen }) => {
    const last = changes.at(-1)
    const disagrees = last !== undefined && currentRole !== null && currentRole !== last.to
    const openHole = unseen.find((hole) => hole.toMs === Number.POSITIVE_INFINITY)
    return [knownUntilMs, disagrees ? last.atMs : null, openHole?.fromMs ?? null].filter((ms) => ms !== null)
  })
  return Math.min(toMs, ...open.map((ms) => ms - HEARS_AFTER_MS))
}
