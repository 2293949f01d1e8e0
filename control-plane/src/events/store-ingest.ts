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

/** The content hashes of events already held; keys that are not held are missing from the answer. */
export async function heldHashes(
  tx: Transaction,
  keys: readonly EventKey[],
): Promise<readonly (EventKey & { readonly contentHash: string })[]> {
  const rows = await tx.execute<{ agent_id: string; epoch: string; seq: string; content_hash: string }>(sql`
    select e.agent_id, e.epoch, e.seq, e.content_hash
    from ${recordset(keys, 'as k("agentId" uuid, epoch text, seq bigint)')}
    join events e on e.agent_id = k."agentId" and e.epoch = k.epoch and e.seq = k.seq`)
  return rows.map((row) => ({
    agentId: row.agent_id,
    epoch: row.epoch,
    seq: Number(row.seq),
    contentHash: row.content_hash,
  }))
}

/** One statement with one parameter, however many rows: no limit on parameters, and one plan. */
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
    on conflict (agent_id, epoch, seq) do nothing`)
}

export async function advanceCursors(tx: Transaction, cursors: readonly Cursor[]): Promise<void> {
  await tx.execute(sql`
    update agent_epochs a set seq = c.seq
    from ${recordset(cursors, 'as c("agentId" uuid, epoch text, seq bigint)')}
    where a.agent_id = c."agentId" and a.epoch = c.epoch`)
}
