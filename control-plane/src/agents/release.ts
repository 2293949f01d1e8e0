import type { Agent } from '@aloft/shared/api/schemas'
import type { Database } from '../database/client.ts'
import type { Revised } from '../http/entity-tag.ts'
import { type AgentRequest, onAgent } from './on-agent.ts'
import { liftQuarantine } from './store-identity.ts'

/** Ends a quarantine: somebody saw to its cause. If it is still there, the next hello shows it again. */
export function releaseAgent(db: Database, request: AgentRequest): Promise<Revised<Agent>> {
  return onAgent(db, request, async (tx, { id, quarantinedReason }) => {
    if (quarantinedReason === null) return null
    await liftQuarantine(tx, id)
    return { action: 'agent.release', before: { quarantinedReason }, after: { quarantinedReason: null } }
  })
}
