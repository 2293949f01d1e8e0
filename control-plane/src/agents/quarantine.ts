import { recordAudit, systemActor } from '../audit/record.ts'
import type { Transaction } from '../database/client.ts'
import { setQuarantine } from './store-sessions.ts'

/** From now on the agent is refused at the door, until it enrols again with a new token. Its VRRP goes on. */
export async function quarantine(
  tx: Transaction,
  agentId: string,
  reason: string,
  nowMs: number,
): Promise<void> {
  const before = await setQuarantine(tx, agentId, reason)
  if (before === null || before.reason === reason) return
  const change = {
    action: 'agent.quarantine',
    target: { kind: 'agent', id: agentId },
    siteId: before.siteId,
    before: { quarantinedReason: before.reason },
    after: { quarantinedReason: reason },
  } as const
  await recordAudit(tx, systemActor('gateway'), change, nowMs)
}
