import type { Agent } from '@aloft/shared/api/schemas'
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { Database } from '../database/client.ts'
import type { Revised } from '../http/entity-tag.ts'
import { type AgentRequest, onAgent } from './on-agent.ts'
import { dismissSession, setStanding } from './store-identity.ts'

/**
 * The agent's key is worth nothing any more, and neither are its credentials. A session under way ends, on whatever
 * replica it is, within about a second; nothing it still says counts. Its VRRP goes on.
 */
export function revokeAgent(db: Database, request: AgentRequest): Promise<Revised<Agent>> {
  const { nowMs } = request
  return onAgent(db, request, async (tx, { id, standing, standingReason }) => {
    if (standing === 'revoked') return null
    const reason = request.reason ?? 'by an operator'
    await setStanding(tx, id, { standing: 'revoked', reason })
    await dismissSession(tx, id, { code: CloseCode.unauthorised, reason: `revoked: ${reason}`, nowMs })
    const after = { standing: 'revoked', standingReason: reason }
    return { action: 'agent.revoke', before: { standing, standingReason }, after }
  })
}
