import type { Transaction } from '../database/client.ts'
import type { Duty } from '../duties/duty.ts'
import { insertReportsOfTaken } from './store-taken.ts'

/** By then the agent's own heartbeat has said more, over either transport. */
const ASK_TTL_MS = 30_000

/**
 * A peer took over from an agent whose session is open: either its host died a moment ago, or both are active. Only it can
 * tell, and its `report` does within a second; its heartbeat would take up to half a minute. To be called in the
 * transaction that notes the takeovers. An agent is asked once a second at most; `takeoversToAskAbout` makes up for it.
 */
export async function askTaken(tx: Transaction, routerIds: readonly string[], nowMs: number): Promise<void> {
  if (routerIds.length > 0) await insertReportsOfTaken(tx, { routerIds, nowMs, ttlMs: ASK_TTL_MS })
}

/** Asks about what was taken too soon after the agent was asked before. */
export const takeoversToAskAbout: Duty = {
  name: 'takeovers-to-ask-about',
  everyMs: 900,
  run: ({ nowMs, fence }) =>
    fence.transact((tx) => insertReportsOfTaken(tx, { routerIds: null, nowMs, ttlMs: ASK_TTL_MS })),
}
