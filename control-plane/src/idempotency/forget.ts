import type { Duty } from '../duties/duty.ts'
import { KEPT_FOR_MS } from './once.ts'
import { forgetKeys } from './store.ts'

/** One transaction's worth. */
const ROWS_AT_ONCE = 5_000

/** Clears away the answers that nobody is promised any more. */
export const forgottenKeys: Duty = {
  name: 'forgotten-idempotency-keys',
  everyMs: 10 * 60_000,
  run: async ({ nowMs, fence }) => {
    let gone = ROWS_AT_ONCE
    while (gone === ROWS_AT_ONCE) {
      gone = await fence.transact((tx) => forgetKeys(tx, nowMs - KEPT_FOR_MS, ROWS_AT_ONCE))
    }
  },
}
