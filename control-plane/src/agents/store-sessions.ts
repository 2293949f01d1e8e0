import type { CloseCode } from '@aloft/shared/protocol/close-codes'
import { eq, type SQL, sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { databaseNow } from '../database/live-session.ts'
import { recordset } from '../database/recordset.ts'
import { agents, type Standing, sites } from '../database/schema/index.ts'
import { OFFLINE_GRACE_MS } from './absence.ts'
import { amnesty } from './store-watch.ts'

export interface EnrolledAgent {
  readonly id: string
  readonly siteId: string
  readonly site: string
  readonly node: string
  readonly publicKey: string
  readonly quarantinedReason: string | null
  readonly standing: Standing
  readonly standingReason: string | null
  readonly candidateKey: string | null
  readonly keySinceMs: number
  readonly rotateRequestedAtMs: number | null
  readonly credentialExpiresAtMs: number | null
}

/** Locked until the commit: two sessions of one agent open one after the other. */
export async function lockAgent(tx: Transaction, agentId: string): Promise<EnrolledAgent | null> {
  const [row] = await tx
    .select({
      id: agents.id,
      siteId: agents.siteId,
      site: sites.name,
      node: agents.node,
      publicKey: agents.publicKey,
      quarantinedReason: agents.quarantinedReason,
      standing: agents.standing,
      standingReason: agents.standingReason,
      candidateKey: agents.candidateKey,
      keySinceMs: sql<number>`coalesce(${agents.keySinceMs}, ${agents.enrolledAtMs})`,
      rotateRequestedAtMs: agents.rotateRequestedAtMs,
      credentialExpiresAtMs: agents.credentialExpiresAtMs,
    })
    .from(agents)
    .innerJoin(sites, eq(sites.id, agents.siteId))
    .where(eq(agents.id, agentId))
    .for('no key update', { of: agents })
  return row ?? null
}

/** What it was quarantined for before; null when there is no such agent. */
export async function setQuarantine(
  tx: Transaction,
  agentId: string,
  reason: string,
): Promise<{ readonly siteId: string; readonly reason: string | null } | null> {
  const [row] = await tx.execute<{ site_id: string; before: string | null }>(sql`
    update agents a set quarantined_reason = ${reason}
    from (select id, quarantined_reason as before from agents where id = ${agentId}::uuid for update) old
    where a.id = old.id returning a.site_id, old.before`)
  return row === undefined ? null : { siteId: row.site_id, reason: row.before }
}

export async function setSoftware(tx: Transaction, agentId: string, software: string): Promise<void> {
  await tx.execute(
    sql`update agents set software = ${software} where id = ${agentId}::uuid and software <> ${software}`,
  )
}

export interface NewSession {
  readonly agentId: string
  readonly sessionId: string
  readonly replica: string
  readonly bootId: string
  readonly runId: string
  readonly machineId: string | null
  readonly nowMs: number
  readonly clockOffsetMs: number
  readonly clockErrorMs: number
  readonly transport: 'websocket' | 'exchange'
}

/** Puts the session on record as the agent's newest, and gives its generation. */
export async function insertSession(tx: Transaction, session: NewSession): Promise<number> {
  const {
    agentId,
    sessionId,
    replica,
    bootId,
    runId,
    machineId,
    nowMs,
    clockOffsetMs,
    clockErrorMs,
    transport,
  } = session
  const turn = transport === 'exchange' ? 1 : 0
  const [row] = await tx.execute<{ generation: string }>(sql`
    insert into agent_sessions as s (agent_id, session_id, generation, replica, boot_id, run_id, machine_id,
      connected_at_ms, last_seen_at_ms, clock_offset_ms, clock_error_ms, transport, turn)
    values (${agentId}, ${sessionId}, 1, ${replica}, ${bootId}, ${runId}, ${machineId}, ${nowMs}, ${databaseNow},
      ${clockOffsetMs}, ${clockErrorMs}, ${transport}, ${turn})
    on conflict (agent_id) do update set session_id = excluded.session_id, generation = s.generation + 1,
      replica = excluded.replica, boot_id = excluded.boot_id, run_id = excluded.run_id,
      machine_id = excluded.machine_id, dismissed_code = null, dismissed_reason = null,
      connected_at_ms = excluded.connected_at_ms, last_seen_at_ms = excluded.last_seen_at_ms,
      disconnected_at_ms = null, excused_until_ms = null, synced = s.synced and ${isBack}, clock_offset_ms = excluded.clock_offset_ms,
      clock_error_ms = excluded.clock_error_ms, transport = excluded.transport, turn = excluded.turn, spool_backlog = null,
      router_alive = case when ${isBack} then s.router_alive end
    returning generation`)
  return Number(row?.generation)
}

/** The cursor of a spool, made at its first hello and locked; its `seq` is 0 then. */
export async function lockCursor(
  tx: Transaction,
  spool: { readonly agentId: string; readonly epoch: string; readonly nowMs: number },
): Promise<number> {
  const [row] = await tx.execute<{ seq: string }>(sql`
    insert into agent_epochs as e (agent_id, epoch, seq, started_at_ms)
    values (${spool.agentId}, ${spool.epoch}, 0, ${spool.nowMs})
    on conflict (agent_id, epoch) do update set seq = e.seq returning seq`)
  return Number(row?.seq)
}

/** Gives up on events the agent has no longer. */
export async function skipTo(
  tx: Transaction,
  spool: { readonly agentId: string; readonly epoch: string; readonly seq: number },
): Promise<void> {
  await tx.execute(sql`update agent_epochs set seq = ${spool.seq}
    where agent_id = ${spool.agentId}::uuid and epoch = ${spool.epoch}`)
}

/** What a session last said of itself. */
export interface SessionNote {
  readonly agentId: string
  readonly generation: number
  readonly seenAtMs: number
  readonly clockOffsetMs: number | null
  readonly clockErrorMs: number | null
  readonly spoolBacklog: number | null
  readonly routerAlive: boolean | null
}

export interface WrittenNote {
  readonly agentId: string
  /** The router process came or went: people should see it now. */
  readonly routerChanged: boolean
}

/**
 * Writes notes of sessions that still are their agents' newest; those missing from the answer are superseded. How
 * long ago something was is by the replica's clock, when it was by the database's.
 */
export async function writeNotes(
  tx: Transaction,
  notes: readonly SessionNote[],
  nowMs: number,
): Promise<readonly WrittenNote[]> {
  const rows = await tx.execute<{ agent_id: string; router_changed: boolean }>(sql`
    update agent_sessions s set last_seen_at_ms = ${agoOf(sql`n."seenAtMs"`, nowMs)}, disconnected_at_ms = null,
      excused_until_ms = null,
      clock_offset_ms = coalesce(n."clockOffsetMs", s.clock_offset_ms),
      clock_error_ms = coalesce(n."clockErrorMs", s.clock_error_ms),
      spool_backlog = coalesce(n."spoolBacklog", s.spool_backlog),
      router_alive = coalesce(n."routerAlive", s.router_alive)
    from ${recordset(
      notes,
      `as n("agentId" uuid, generation bigint, "seenAtMs" float8, "clockOffsetMs" float8, "clockErrorMs" float8,
        "spoolBacklog" integer, "routerAlive" boolean)`,
    )}
    join agent_sessions old on old.agent_id = n."agentId"
    where s.agent_id = n."agentId" and s.generation = n.generation
    returning s.agent_id, old.router_alive is distinct from s.router_alive
      or exists (select 1 from virtual_router_members m
        where m.agent_id = s.agent_id and m.taken_at_ms > old.last_seen_at_ms) as router_changed`)
  return rows.map((row) => ({ agentId: row.agent_id, routerChanged: row.router_changed }))
}

/** An instant by the replica's clock, by the database's: a clock that jumped moves it by five minutes at most. */
function agoOf(instant: SQL, nowMs: number): SQL {
  return sql`${databaseNow} - least(greatest(${nowMs}::float8 - ${instant}, 0), 300000)`
}

/**
 * The agent that is back within the grace, and did not start anew, goes on in the roles it showed before until its
 * snapshot comes, which is at once.
 */
const isBack = sql`(s.boot_id = excluded.boot_id and s.run_id = excluded.run_id
  and coalesce(s.disconnected_at_ms, ${databaseNow}) > ${databaseNow} - ${OFFLINE_GRACE_MS})`

export async function setSynced(tx: Transaction, agentId: string, generation: number): Promise<boolean> {
  const rows = await tx.execute(sql`update agent_sessions set synced = true
    where agent_id = ${agentId}::uuid and generation = ${generation} and not synced returning 1`)
  return rows.length > 0
}

export interface EndedSession {
  readonly agentId: string
  readonly generation: number
  readonly atMs: number
  /** The centre ended it on its own account, so that the agent's absence says nothing for a while. */
  readonly excused: boolean
}

/** Ends sessions unless newer ones took their place. */
export async function endSessions(
  tx: Transaction,
  ended: readonly EndedSession[],
  nowMs: number,
): Promise<void> {
  await tx.execute(sql`
    update agent_sessions s set disconnected_at_ms = ${agoOf(sql`e."atMs"`, nowMs)},
      excused_until_ms = case when e.excused then ${databaseNow} + ${amnesty(sql`0`)} end
    from ${recordset(ended, 'as e("agentId" uuid, generation bigint, "atMs" float8, excused boolean)')}
    where s.agent_id = e."agentId" and s.generation = e.generation and s.disconnected_at_ms is null`)
}

export async function routersOf(tx: Transaction, agentIds: readonly string[]): Promise<readonly string[]> {
  const rows = await tx.execute<{ id: string }>(sql`
    select distinct virtual_router_id as id from virtual_router_members
    where agent_id in (select x::uuid from jsonb_array_elements_text(${JSON.stringify(agentIds)}::text::jsonb) x)`)
  return rows.map(({ id }) => id)
}

/** An agent's session as it is on record, for whoever holds an older one. */
export interface NewerSession {
  readonly agentId: string
  readonly generation: number
  readonly host: { readonly bootId: string; readonly machineId: string | null }
  readonly dismissal: { readonly code: CloseCode; readonly reason: string } | null
}

/** Of these agents; or, of this replica's, those that were ended from elsewhere since `sinceMs`. */
export async function selectNewer(
  db: Queryable,
  which:
    | { readonly agentIds: readonly string[] }
    | { readonly dismissedOf: string; readonly sinceMs: number },
): Promise<readonly NewerSession[]> {
  const condition =
    'agentIds' in which
      ? sql`agent_id in (select x::uuid from jsonb_array_elements_text(${JSON.stringify(which.agentIds)}::text::jsonb) x)`
      : sql`replica = ${which.dismissedOf} and dismissed_code is not null
          and disconnected_at_ms >= ${which.sinceMs}::float8`
  const rows = await db.execute<{
    agent_id: string
    generation: string
    boot_id: string
    machine_id: string | null
    dismissed_code: CloseCode | null
    dismissed_reason: string | null
  }>(sql`select agent_id, generation, boot_id, machine_id, dismissed_code, dismissed_reason
    from agent_sessions where ${condition}`)
  return rows.map((row) => ({
    agentId: row.agent_id,
    generation: Number(row.generation),
    host: { bootId: row.boot_id, machineId: row.machine_id },
    dismissal:
      row.dismissed_code === null ? null : { code: row.dismissed_code, reason: row.dismissed_reason ?? '' },
  }))
}
