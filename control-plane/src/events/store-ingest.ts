import type { Observed, SpooledEvent } from '@aloft/shared/protocol/events'
import { sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { recordset } from '../database/recordset.ts'
import type { EventKey } from '../database/schema/index.ts'

export interface Spool {
  readonly agentId: string
  readonly epoch: string
}

export interface Cursor extends Spool {
  readonly seq: number
  readonly startedAtMs: number
}

export interface EventRow extends EventKey {
  readonly siteId: string
  readonly at: Observed
  readonly occurredAtMs: number
  readonly occurredAtErrorMs: number | null
  readonly receivedAtMs: number
  readonly late: boolean
  readonly body: SpooledEvent['body']
  readonly contentHash: string
}

/** Locks the cursors of spools that were admitted, in one order for all, and returns them. */
export async function lockCursors(tx: Transaction, spools: readonly Spool[]): Promise<readonly Cursor[]> {
  const rows = await tx.execute<{ agent_id: string; epoch: string; seq: string; started_at_ms: number }>(sql`
    select agent_id, epoch, seq, started_at_ms from agent_epochs
    where (agent_id, epoch) in (select * from ${recordset(spools, 'as s("agentId" uuid, epoch text)')})
    order by agent_id, epoch for update`)
  return rows.map((row) => ({
    agentId: row.agent_id,
    epoch: row.epoch,
    seq: Number(row.seq),
    startedAtMs: row.started_at_ms,
  }))
}

/** Of the newest session of each agent that ever had one. */
export async function newestGenerations(
  tx: Transaction,
  agentIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.execute<{ agent_id: string; generation: string }>(sql`
    select agent_id, generation from agent_sessions
    where agent_id in (select x::uuid from jsonb_array_elements_text(${JSON.stringify([...new Set(agentIds)])}::text::jsonb) x)`)
  return new Map(rows.map((row) => [row.agent_id, Number(row.generation)]))
}

/** Where an event is if it is held as it was sent: its key, and the instant that decides which day it belongs to. */
export interface EventPlace extends EventKey {
  readonly wallMs: number
}

/** The content hashes of events held at these places, or, with `anywhere`, of the same keys whatever their day. */
export async function heldHashes(
  tx: Transaction,
  places: readonly EventPlace[],
  anywhere: boolean,
): Promise<readonly (EventKey & { readonly contentHash: string })[]> {
  const rows = await tx.execute<{ agent_id: string; epoch: string; seq: string; content_hash: string }>(sql`
    select e.agent_id, e.epoch, e.seq, e.content_hash
    from ${recordset(places, 'as k("agentId" uuid, epoch text, seq bigint, "wallMs" float8)')}
    join events e on e.agent_id = k."agentId" and e.epoch = k.epoch and e.seq = k.seq
      ${anywhere ? sql`` : sql`and e.wall_ms = k."wallMs"`}`)
  return rows.map((row) => ({
    agentId: row.agent_id,
    epoch: row.epoch,
    seq: Number(row.seq),
    contentHash: row.content_hash,
  }))
}

/**
 * One statement with one parameter, however many rows: no limit on parameters, and one plan. What conflicts is left to
 * each day's own primary key, since a partitioned table can have none without its partition key in it.
 */
export async function insertEvents(tx: Transaction, rows: readonly EventRow[]): Promise<void> {
  const flat = rows.map(({ at, body, ...row }) => ({
    ...row,
    ...at,
    kind: body.kind,
    virtualRouter: 'virtualRouter' in body ? body.virtualRouter : null,
    vrid: 'vrid' in body && 'virtualRouter' in body ? body.vrid : null,
    family: 'family' in body ? body.family : null,
    body,
  }))
  await tx.execute(sql`
    insert into events (agent_id, epoch, seq, site_id, wall_ms, mono_ms, boot_id, occurred_at_ms,
      occurred_at_error_ms, received_at_ms, late, kind, virtual_router, vrid, family, body, content_hash)
    select * from ${recordset(
      flat,
      `as r("agentId" uuid, epoch text, seq bigint, "siteId" uuid, "wallMs" float8, "monoMs" float8, "bootId" text,
        "occurredAtMs" float8, "occurredAtErrorMs" float8, "receivedAtMs" float8, late boolean, kind text,
        "virtualRouter" text, vrid integer, family text, body jsonb, "contentHash" text)`,
    )}
    on conflict do nothing`)
}

export async function advanceCursors(tx: Transaction, cursors: readonly Cursor[]): Promise<void> {
  await tx.execute(sql`
    update agent_epochs a set seq = c.seq
    from ${recordset(cursors, 'as c("agentId" uuid, epoch text, seq bigint)')}
    where a.agent_id = c."agentId" and a.epoch = c.epoch`)
}
