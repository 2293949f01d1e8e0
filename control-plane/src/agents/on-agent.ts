import type { Agent } from '@aloft/shared/api/schemas'
import { recordAudit } from '../audit/record.ts'
import type { Database, Transaction } from '../database/client.ts'
import { type Reach, reaches } from '../database/reach.ts'
import { transact } from '../database/transact.ts'
import { type Revised, requireRevision } from '../http/entity-tag.ts'
import { isId } from '../http/list-query.ts'
import type { Caller } from '../http/request-context.ts'
import { NotFound } from '../problems.ts'
import { publishPresence } from './presence.ts'
import { getAgent } from './read.ts'
import { agentRevision } from './revision.ts'
import { type EnrolledAgent, lockAgent } from './store-sessions.ts'

/** Somebody wants something done about an agent. */
export interface AgentRequest {
  readonly caller: Caller
  readonly reach: Reach
  readonly id: string
  /** For the record, and for whoever reads it on the agent's side. */
  readonly reason?: string | undefined
  /** From `If-Match`; without one it is taken as it is. */
  readonly revision?: string | null
  readonly nowMs: number
}

/** What was done, for the record. */
export interface AgentChange {
  readonly action: `agent.${string}`
  readonly before: object
  readonly after: object
}

/**
 * One change of one agent: within reach, locked, recorded, told to whoever watches. `change` answers null when it is so
 * already. Gives the agent as it then is; throws `NotFound`, and whatever `change` throws.
 */
export function onAgent(
  db: Database,
  request: AgentRequest,
  change: (tx: Transaction, agent: EnrolledAgent) => Promise<AgentChange | null>,
): Promise<Revised<Agent>> {
  const { caller, reach, id, nowMs } = request
  return transact(db, async (tx) => {
    const agent = isId(id) ? await lockAgent(tx, id) : null
    if (agent === null || !reaches(reach, agent.siteId)) throw new NotFound(`there is no agent ${id}`)
    await requireRevision(request.revision ?? null, agentRevision(agent), () => getAgent(tx, reach, id))
    const changed = await change(tx, agent)
    if (changed !== null) {
      const target = { kind: 'agent', id }
      await recordAudit(tx, caller, { ...changed, target, siteId: agent.siteId }, nowMs)
      await publishPresence(tx, [id], nowMs)
    }
    // Within it: under an Idempotency-Key nobody else sees the change before the answer is kept with it.
    return getAgent(tx, reach, id)
  })
}
