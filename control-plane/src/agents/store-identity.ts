import type { Credential } from '@aloft/shared/protocol/identity'
import { eq, sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { agents, type Standing } from '../database/schema/index.ts'

export async function setStanding(
  tx: Transaction,
  agentId: string,
  to: { readonly standing: Standing; readonly reason: string | null },
): Promise<void> {
  await tx
    .update(agents)
    .set({ standing: to.standing, standingReason: to.reason })
    .where(eq(agents.id, agentId))
}

/** One whose credential lapsed for too long may prove itself by its key again, from now on. */
export async function approve(tx: Transaction, agentId: string, nowMs: number): Promise<void> {
  await tx.execute(sql`update agents set standing = 'approved', standing_reason = null,
      credential_expires_at_ms = case when credential_expires_at_ms is null then null else ${nowMs}::float8 end
    where id = ${agentId}::uuid`)
}

export async function liftQuarantine(tx: Transaction, agentId: string): Promise<void> {
  await tx.update(agents).set({ quarantinedReason: null }).where(eq(agents.id, agentId))
}

export async function writeCredential(
  tx: Transaction,
  { agentId, serial, expiresMs }: Credential,
): Promise<void> {
  await tx
    .update(agents)
    .set({ credentialSerial: serial, credentialExpiresAtMs: expiresMs })
    .where(eq(agents.id, agentId))
}

export async function setCandidate(tx: Transaction, agentId: string, candidateKey: string): Promise<void> {
  await tx.update(agents).set({ candidateKey }).where(eq(agents.id, agentId))
}

/** The candidate is the agent's key, and the one before it nobody's. */
export async function takeCandidate(tx: Transaction, agentId: string, nowMs: number): Promise<void> {
  await tx
    .update(agents)
    .set({
      publicKey: sql`${agents.candidateKey}`,
      candidateKey: null,
      keySinceMs: nowMs,
      rotateRequestedAtMs: null,
    })
    .where(eq(agents.id, agentId))
}

export async function requestRotation(tx: Transaction, agentId: string, nowMs: number): Promise<void> {
  await tx.update(agents).set({ rotateRequestedAtMs: nowMs }).where(eq(agents.id, agentId))
}

export async function isInSession(tx: Transaction, agentId: string): Promise<boolean> {
  const rows = await tx.execute(sql`
    select 1 from agent_sessions where agent_id = ${agentId}::uuid and disconnected_at_ms is null`)
  return rows.length > 0
}

/** Whether any agent has this key, or is about to. */
export async function isKeyTaken(tx: Transaction, publicKey: string): Promise<boolean> {
  const rows = await tx.execute(sql`
    select 1 from agents where public_key = ${publicKey} or candidate_key = ${publicKey}`)
  return rows.length > 0
}

export interface CurrentSession {
  readonly generation: number
  readonly sessionId: string
  readonly bootId: string
  readonly machineId: string | null
}

export async function currentSession(tx: Transaction, agentId: string): Promise<CurrentSession | null> {
  const [row] = await tx.execute<{
    generation: string
    session_id: string
    boot_id: string
    machine_id: string | null
  }>(
    sql`select generation, session_id, boot_id, machine_id from agent_sessions where agent_id = ${agentId}::uuid`,
  )
  if (row === undefined) return null
  return {
    generation: Number(row.generation),
    sessionId: row.session_id,
    bootId: row.boot_id,
    machineId: row.machine_id,
  }
}

/**
 * The agent's session is over, wherever it is: a generation that nobody has takes its place, so that whatever the old
 * one still says changes nothing, and its replica finds what to tell the agent.
 */
export async function dismissSession(
  tx: Transaction,
  agentId: string,
  end: { readonly code: number; readonly reason: string; readonly nowMs: number },
): Promise<void> {
  await tx.execute(sql`update agent_sessions set generation = generation + 1,
      disconnected_at_ms = coalesce(disconnected_at_ms, ${end.nowMs}::float8),
      dismissed_code = ${end.code}::integer, dismissed_reason = ${end.reason}
    where agent_id = ${agentId}::uuid`)
}
