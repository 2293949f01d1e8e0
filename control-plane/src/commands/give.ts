import type { AgentCommand, CreateCommand } from '@aloft/shared/api/schemas'
import { getAgent } from '../agents/read.ts'
import { recordAudit } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import type { Reach } from '../database/reach.ts'
import { transact } from '../database/transact.ts'
import type { Caller } from '../http/request-context.ts'
import { toCommand } from './read.ts'
import { insertCommand, siteOf } from './store.ts'

export interface GiveCommand {
  readonly caller: Caller
  readonly reach: Reach
  readonly agentId: string
  readonly request: CreateCommand
  readonly nowMs: number
}

/** A word to an agent, on whatever replica its session is; if it has none until the deadline, it is never sent. */
export async function giveCommand(db: Database, input: GiveCommand): Promise<AgentCommand> {
  const { caller, reach, agentId, request, nowMs } = input
  const { value: agent } = await getAgent(db, reach, agentId)
  const row = await transact(db, async (tx) => {
    const command = await insertCommand(tx, {
      agentId: agent.id,
      kind: request.kind,
      createdBy: caller.id,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + request.ttlMs,
    })
    const { id, kind } = command
    const after = { agent: `${agent.site}/${agent.node}`, kind, ttlMs: request.ttlMs }
    const target = { kind: 'command', id }
    const siteId = await siteOf(tx, agent.id)
    await recordAudit(tx, caller, { action: 'command.give', target, siteId, before: null, after }, nowMs)
    return command
  })
  return toCommand(row, nowMs)
}
