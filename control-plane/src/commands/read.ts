import type { AgentCommand } from '@aloft/shared/api/schemas'
import { z } from 'zod'
import { getAgent } from '../agents/read.ts'
import type { Queryable } from '../database/client.ts'
import type { Reach } from '../database/reach.ts'
import { isoInstant, isoInstantOrNull } from '../http/instant.ts'
import { decodeCursor, isId, toPage } from '../http/list-query.ts'
import { NotFound } from '../problems.ts'
import { type CommandRow, selectCommands } from './store.ts'

export interface ListCommands {
  readonly reach: Reach
  readonly agentId: string
  readonly cursor?: string | undefined
  readonly limit: number
  readonly nowMs: number
}

const Cursor = z.tuple([z.number(), z.uuid()])

/** Newest first. */
export async function listCommands(db: Queryable, { reach, agentId, cursor, limit, nowMs }: ListCommands) {
  const { value: agent } = await getAgent(db, reach, agentId)
  const before = decodeCursor(cursor, Cursor)
  const rows = await selectCommands(db, { agentId: agent.id, before, limit: limit + 1 })
  const page = toPage(rows, limit, (row) => [row.createdAtMs, row.id])
  return { items: page.items.map((row) => toCommand(row, nowMs)), nextCursor: page.nextCursor }
}

export interface GetCommand {
  readonly reach: Reach
  readonly agentId: string
  readonly id: string
  readonly nowMs: number
}

export async function getCommand(
  db: Queryable,
  { reach, agentId, id, nowMs }: GetCommand,
): Promise<AgentCommand> {
  const { value: agent } = await getAgent(db, reach, agentId)
  const [row] = isId(id) ? await selectCommands(db, { agentId: agent.id, id, limit: 1 }) : []
  if (row === undefined) throw new NotFound(`there is no command ${id} of agent ${agentId}`)
  return toCommand(row, nowMs)
}

export function toCommand(row: CommandRow, nowMs: number): AgentCommand {
  return {
    id: row.id,
    agentId: row.agentId,
    kind: row.kind,
    state: stateOf(row, nowMs),
    detail: row.detail,
    createdAt: isoInstant(row.createdAtMs),
    createdBy: row.createdBy,
    expiresAt: isoInstant(row.expiresAtMs),
    sentAt: isoInstantOrNull(row.sentAtMs),
    finishedAt: isoInstantOrNull(row.finishedAtMs),
  }
}

/** What is not known is not guessed: one that was sent and not answered may have been done. */
function stateOf(row: CommandRow, nowMs: number): AgentCommand['state'] {
  if (row.outcome !== null) return row.outcome
  const sent = row.sentAtMs !== null
  if (nowMs < row.expiresAtMs) return sent ? 'sent' : 'waiting'
  return sent ? 'no-answer' : 'expired'
}
