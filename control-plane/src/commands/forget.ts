import type { Duty } from '../duties/duty.ts'
import { deleteOlderThan } from './store.ts'

/** The audit keeps who gave which command; what came of it is of interest for as long as people ask. */
const KEPT_MS = 30 * 86_400_000

export const oldCommands: Duty = {
  name: 'old-commands',
  everyMs: 3_600_000,
  run: ({ nowMs, fence }) => fence.transact(async (tx) => void (await deleteOlderThan(tx, nowMs - KEPT_MS))),
}
