import type { Duty } from '../duties/duty.ts'
import { deleteExpired } from './store-expired.ts'

/** Kept for a while, so that somebody who comes with it is told that it has expired. */
const KEPT_MS = 86_400_000

/** What signed people in once and does no more. */
export const expiredCredentials: Duty = {
  name: 'expired-credentials',
  everyMs: 600_000,
  run: ({ fence, nowMs }) => fence.transact((tx) => deleteExpired(tx, { beforeMs: nowMs - KEPT_MS, nowMs })),
}
