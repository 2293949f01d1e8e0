import type { Agent } from '@aloft/shared/api/schemas'
import type { Database } from '../database/client.ts'
import type { Revised } from '../http/entity-tag.ts'
import { Conflict } from '../problems.ts'
import { type AgentRequest, onAgent } from './on-agent.ts'
import { approve, setStanding } from './store-identity.ts'

/** Lets in an agent that waits for it. Throws `Conflict` when it was rejected or revoked: that is final for its key. */
export function approveAgent(db: Database, request: AgentRequest): Promise<Revised<Agent>> {
  return onAgent(db, request, async (tx, { id, standing, standingReason, node }) => {
    if (standing === 'approved') return null
    if (standing === 'revoked')
      throw new Conflict(`node ${node} was revoked; it has to enrol anew, with a new key and a new token`)
    await approve(tx, id, request.nowMs)
    return { action: 'agent.approve', before: { standing, standingReason }, after: { standing: 'approved' } }
  })
}

/** Turns away an agent that waits for approval, for good. */
export function rejectAgent(db: Database, request: AgentRequest): Promise<Revised<Agent>> {
  return onAgent(db, request, async (tx, { id, standing, standingReason, node }) => {
    if (standing === 'revoked') return null
    if (standing !== 'pending')
      throw new Conflict(`node ${node} does not wait for approval; to shut it out, revoke it`)
    const reason = request.reason ?? 'not approved'
    await setStanding(tx, id, { standing: 'revoked', reason })
    const after = { standing: 'revoked', standingReason: reason }
    return { action: 'agent.reject', before: { standing, standingReason }, after }
  })
}
