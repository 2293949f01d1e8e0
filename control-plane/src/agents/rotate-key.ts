import type { Agent } from '@aloft/shared/api/schemas'
import { orderAgent } from '../commands/order.ts'
import type { Database } from '../database/client.ts'
import type { Revised } from '../http/entity-tag.ts'
import { Conflict } from '../problems.ts'
import { type AgentRequest, onAgent } from './on-agent.ts'
import { isInSession, requestRotation } from './store-identity.ts'

/** An agent in session hears it at once; one that is not, with its next welcome. */
const ORDER_TTL_MS = 60_000

/**
 * The agent is to make a new key. The order stands until it has one: it is told at once if it is in session, and again
 * with every welcome and every credential.
 */
export function rotateAgentKey(db: Database, request: AgentRequest): Promise<Revised<Agent>> {
  const { nowMs, caller } = request
  return onAgent(db, request, async (tx, { id, node, standing, rotateRequestedAtMs }) => {
    if (standing === 'revoked')
      throw new Conflict(`node ${node} is revoked: its key is worth nothing already`)
    if (rotateRequestedAtMs !== null) return null
    await requestRotation(tx, id, nowMs)
    if (await isInSession(tx, id)) {
      const kind = 'rotate-key' as const
      await orderAgent(tx, { agentId: id, kind, createdBy: caller.id, nowMs, ttlMs: ORDER_TTL_MS })
    }
    const after = { keyRotationAsked: true }
    return { action: 'agent.rotate-key', before: { keyRotationAsked: false }, after }
  })
}
