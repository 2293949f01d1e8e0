import type { Observed, SpooledEvent } from '@aloft/shared/protocol/events'
import { sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { executeKept } from '../database/kept.ts'
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
  const rows = await executeKept<{ agent_id: string; epoch: string; seq: string; started_at_ms: number }>(
    tx,
    sql`
    select agent_id, epoch, seq, started_at_ms from agent_epochs
    where (agent_id, epoch) in (select * from ${recordset(spools, 'as s("agentId" uuid, epoch text)')})
    order by agent_id, epoch for update`,
  )
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
  const rows = await executeKept<{ agent_id: string; generation: string }>(
    tx,
    sql`
    select agent_id, generation from agent_sessions
    where agent_id in (select x::uuid from jsonb_array_elements_text(${JSON.stringify([...new Set(agentIds)])}::text::jsonb) x)`,
  )
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
  const rows = await executeKept<{ agent_id: string; epoch: string; seq: string; content_hash: string }>(
    tx,
    sql`
    select e.agent_id, e.epoch, e.seq, e.content_hash
    from ${recordset(places, 'as k("agentId" uuid, epoch text, seq bigint, "wallMs" float8)')}
    join events e on e.agent_id = k."agentId" and e.epoch = k.epoch and e.seq = k.seq
      ${anywhere ? sql`` : sql`and e.wall_ms = k."wallMs"`}`,
  )
  return rows.map((row) => ({
    agentId: row.agent_id,
    epoch: row.epoch,
    seq: Number(row.seq),
    contentHash: row.content_hash,
  }))
}

/**
 * One statement with one parameter, however many rows: no limit on parameters, and one plan. What the rows of a spool have in
 * common is said once and what the body says is taken from the body, for to write and to read this JSON is most of
 * what an event costs besides its row. What conflicts is left to each day's own primary key, since a partitioned table can
 * have none without its partition key in it.
 */
export async function insertEvents(tx: Transaction, rows: readonly EventRow[]): Promise<void> {
  await executeKept(
    tx,
    sql`
    insert into events (agent_id, epoch, seq, site_id, wall_ms, mono_ms, boot_id, occurred_at_ms,
      occurred_at_error_ms, received_at_ms, late, kind, virtual_router, vrid, family, body, content_hash)
    select s."agentId", s.epoch, r.s, s."siteId", r.w, r.m, s."bootId", r.o, r.e, s."receivedAtMs", r.l,
      r.b->>'kind', r.b->>'virtualRouter', case when r.b ? 'virtualRouter' then (r.b->>'vrid')::integer end,
      r.b->>'family', r.b, r.h
    from ${recordset(
      sharesOf(rows),
      `as s("agentId" uuid, epoch text, "siteId" uuid, "bootId" text, "receivedAtMs" float8, rows jsonb)`,
    )}
    cross join lateral jsonb_to_recordset(s.rows) as
      r(s bigint, w float8, m float8, o float8, e float8, l boolean, b jsonb, h text)
    on conflict do nothing`,
  )
}

type Share = Pick<EventRow, 'agentId' | 'epoch' | 'siteId' | 'receivedAtMs'> & {
  readonly bootId: string
  readonly rows: object[]
}

/** Rows that follow each other and have these things in common, together. */
function sharesOf(rows: readonly EventRow[]): readonly Share[] {
  const shares: Share[] = []
  for (const row of rows) {
    const { agentId, epoch, siteId, receivedAtMs, at } = row
    const { bootId } = at
    const last = shares.at(-1)
    const isSame =
      last?.agentId === agentId &&
      last.epoch === epoch &&
      last.bootId === bootId &&
      last.receivedAtMs === receivedAtMs
    const share = isSame ? last : { agentId, epoch, siteId, bootId, receivedAtMs, rows: [] }
    if (!isSame) shares.push(share)
    share.rows.push({
      s: row.seq,
      w: at.wallMs,
      m: at.monoMs,
      o: row.occurredAtMs,
      e: row.occurredAtErrorMs,
      l: row.late,
      b: row.body,
      h: row.contentHash,
    })
  }
  return shares
}

export async function advanceCursors(tx: Transaction, cursors: readonly Cursor[]): Promise<void> {
  await executeKept(
    tx,
    sql`
    update agent_epochs a set seq = c.seq
    from ${recordset(cursors, 'as c("agentId" uuid, epoch text, seq bigint)')}
    where a.agent_id = c."agentId" and a.epoch = c.epoch`,
  )
}
