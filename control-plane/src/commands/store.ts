import type { CommandOutcome } from '@aloft/shared/protocol/commands'
import { and, desc, eq, sql } from 'drizzle-orm'
import { announce } from '../database/after-commit.ts'
import type { Queryable, Transaction } from '../database/client.ts'
import { commands } from '../database/schema/index.ts'

export type CommandRow = typeof commands.$inferSelect

export interface NewCommand {
  readonly agentId: string
  readonly kind: string
  readonly createdBy: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

/** Every replica is told to look for it once it is committed. Throws on an agent there is not (foreign key). */
export async function insertCommand(tx: Transaction, command: NewCommand): Promise<CommandRow> {
  const [row] = await tx.insert(commands).values(command).returning()
  if (row === undefined) throw new Error('an insert gave no row')
  announce(tx, 'commands', row.id)
  return row
}

export async function siteOf(tx: Transaction, agentId: string): Promise<string | null> {
  const [row] = await tx.execute<{ site_id: string }>(
    sql`select site_id from agents where id = ${agentId}::uuid`,
  )
  return row?.site_id ?? null
}

export async function selectCommands(
  db: Queryable,
  filter: {
    readonly agentId: string
    readonly id?: string
    readonly before?: readonly [createdAtMs: number, id: string] | null
    readonly limit: number
  },
): Promise<readonly CommandRow[]> {
  const { agentId, id, before, limit } = filter
  const older =
    before === null || before === undefined
      ? undefined
      : sql`(${commands.createdAtMs}, ${commands.id}) < (${before[0]}::float8, ${before[1]}::uuid)`
  return db
    .select()
    .from(commands)
    .where(and(eq(commands.agentId, agentId), id === undefined ? undefined : eq(commands.id, id), older))
    .orderBy(desc(commands.createdAtMs), desc(commands.id))
    .limit(limit)
}

export interface DueCommand {
  readonly id: string
  readonly agentId: string
  readonly kind: string
  readonly expiresAtMs: number
  /** Of the session it is to be sent in. */
  readonly generation: number
}

export interface DueQuery {
  readonly nowMs: number
  readonly limit: number
  /** Sessions of a replica, or one session. */
  readonly of: { readonly replica: string } | { readonly agentId: string; readonly generation: number }
  /** Also those sent in this session that have no result: what they were sent in may have been lost. */
  readonly again?: boolean
}

/** Commands that wait, oldest first, whose agent's newest session is one of these and was not sent them yet. */
export async function selectDue(
  db: Queryable,
  { of, nowMs, limit, again = false }: DueQuery,
): Promise<readonly DueCommand[]> {
  const sessions =
    'replica' in of
      ? sql`s.replica = ${of.replica}`
      : sql`s.agent_id = ${of.agentId}::uuid and s.generation = ${of.generation}`
  const rows = await db.execute<{
    id: string
    agent_id: string
    kind: string
    expires_at_ms: number
    generation: string
  }>(sql`
    select c.id, c.agent_id, c.kind, c.expires_at_ms, s.generation
    from commands c join agent_sessions s on s.agent_id = c.agent_id
    where c.outcome is null and c.expires_at_ms > ${nowMs} and s.disconnected_at_ms is null and s.synced
      and (${again} or c.sent_generation is distinct from s.generation) and ${sessions}
    order by c.created_at_ms, c.id limit ${limit}`)
  return rows.map((row) => ({
    id: row.id,
    agentId: row.agent_id,
    kind: row.kind,
    expiresAtMs: row.expires_at_ms,
    generation: Number(row.generation),
  }))
}

export async function setSent(
  db: Queryable,
  sent: { readonly id: string; readonly generation: number; readonly nowMs: number },
): Promise<void> {
  await db.execute(sql`
    update commands set sent_at_ms = ${sent.nowMs}, sent_generation = ${sent.generation}
    where id = ${sent.id}::uuid and outcome is null and coalesce(sent_generation, 0) < ${sent.generation}`)
}

export interface Finished {
  readonly id: string
  readonly agentId: string
  /** Of the session that says so. One that a newer session replaced says nothing any more. */
  readonly generation: number
  readonly outcome: CommandOutcome
  readonly detail: string
  readonly nowMs: number
}

/** The first result stands. False: there is no such command of this agent that waits, or the session is not its newest. */
export async function setOutcome(db: Queryable, finished: Finished): Promise<boolean> {
  const { id, agentId, generation, outcome, detail, nowMs } = finished
  const rows = await db.execute(sql`
    update commands c set outcome = ${outcome}, detail = ${detail}, finished_at_ms = ${nowMs}
    where c.id = ${id}::uuid and c.agent_id = ${agentId}::uuid and c.outcome is null
      and exists (select 1 from agent_sessions s where s.agent_id = c.agent_id and s.generation = ${generation})
    returning 1`)
  return rows.length > 0
}

export async function deleteOlderThan(db: Queryable, beforeMs: number): Promise<number> {
  const rows = await db.execute(sql`delete from commands where created_at_ms < ${beforeMs}
    and expires_at_ms < ${beforeMs} returning 1`)
  return rows.length
}

interface CommandCount {
  readonly kind: string
  readonly outcome: string
  readonly count: number
}

/** What became of those that are kept, by kind. */
export async function countCommands(db: Queryable, nowMs: number): Promise<readonly CommandCount[]> {
  const rows = await db.execute<{ kind: string; outcome: string; count: string }>(sql`
    select kind, coalesce(outcome, case when expires_at_ms > ${nowMs} then 'waiting'
        when sent_at_ms is null then 'expired' else 'no-answer' end) as outcome, count(*)
    from commands group by 1, 2 order by 1, 2`)
  return rows.map((row) => ({ kind: row.kind, outcome: row.outcome, count: Number(row.count) }))
}
