import type { Agent } from '@aloft/shared/api/schemas'
import type { Database } from '../database/client.ts'
import { Conflict } from '../problems.ts'
import { type AgentRequest, onAgent } from './on-agent.ts'
import { requestRotation } from './store-identity.ts'

/**
 * The agent is to make a new key. The order stands until it has one: it is told with its next welcome and its next
 * credential, which is at most sixteen hours away.
 */
export function rotateAgentKey(db: Database, request: AgentRequest): Promise<Agent> {
  const { nowMs } = request
  return onAgent(db, request, async (tx, { id, node, standing, rotateRequestedAtMs }) => {
    if (standing === 'revoked')
      throw new Conflict(`node ${node} is revoked: its key is worth nothing already`)
    if (rotateRequestedAtMs !== null) return null
    await requestRotation(tx, id, nowMs)
    return {
      action: 'agent.rotate-key',
      before: { keyRotationAsked: false },
      after: { keyRotationAsked: true },
    }
  })
}
