import { sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { databaseNow } from '../database/live-session.ts'

export interface Turn {
  readonly agentId: string
  readonly generation: number
  readonly turn: number
}

/** Takes the turn, or takes it again when it was the last one taken. */
export async function takeTurn(db: Queryable, { agentId, generation, turn }: Turn): Promise<boolean> {
  const rows = await db.execute(sql`
    update agent_sessions set turn = ${turn}
    where agent_id = ${agentId}::uuid and generation = ${generation} and turn in (${turn - 1}, ${turn})
    returning 1`)
  return rows.length > 0
}

/** Whether the turn is still the newest; it stays so until the commit. */
export async function holdTurn(tx: Transaction, { agentId, generation, turn }: Turn): Promise<boolean> {
  const rows = await tx.execute(sql`
    select 1 from agent_sessions
    where agent_id = ${agentId}::uuid and generation = ${generation} and turn = ${turn} for update`)
  return rows.length > 0
}

export interface NewestSession {
  readonly sessionId: string
  readonly generation: number
  readonly turn: number
  readonly connectedAtMs: number
  readonly bootId: string
  readonly machineId: string | null
  /** Somebody ended it, and this is what its agent is to hear. */
  readonly dismissal: { readonly code: number; readonly reason: string } | null
  readonly quarantinedReason: string | null
}

/** The newest session of the agent; null when it never had one, or is no longer enrolled. */
export async function newestSession(db: Queryable, agentId: string): Promise<NewestSession | null> {
  const [row] = await db.execute<{
    session_id: string
    generation: string
    turn: string
    connected_at_ms: number
    boot_id: string
    machine_id: string | null
    dismissed_code: number | null
    dismissed_reason: string | null
    quarantined_reason: string | null
  }>(sql`
    select s.session_id, s.generation, s.turn, s.connected_at_ms, s.boot_id, s.machine_id, s.dismissed_code,
      s.dismissed_reason, a.quarantined_reason
    from agent_sessions s join agents a on a.id = s.agent_id where a.id = ${agentId}::uuid`)
  if (row === undefined) return null
  return {
    sessionId: row.session_id,
    generation: Number(row.generation),
    turn: Number(row.turn),
    connectedAtMs: row.connected_at_ms,
    bootId: row.boot_id,
    machineId: row.machine_id,
    dismissal:
      row.dismissed_code === null ? null : { code: row.dismissed_code, reason: row.dismissed_reason ?? '' },
    quarantinedReason: row.quarantined_reason,
  }
}

/**
 * Ends sessions over HTTP requests that said nothing for `silenceMs`. Where the centre was away itself, nobody could say
 * anything: that takes as long as its amnesty.
 */
export async function endSilent(tx: Transaction, silenceMs: number): Promise<void> {
  await tx.execute(sql`
    update agent_sessions set disconnected_at_ms = last_seen_at_ms
    where disconnected_at_ms is null and transport = 'exchange'
      and last_seen_at_ms < ${databaseNow} - ${silenceMs}::float8
      and not exists (select 1 from centre_watch w where ${databaseNow} < w.amnesty_until_ms)`)
}

export async function countLive(db: Queryable): Promise<number> {
  const [row] = await db.execute<{ count: string }>(
    sql`select count(*) as count from agent_sessions where disconnected_at_ms is null`,
  )
  return Number(row?.count ?? 0)
}
