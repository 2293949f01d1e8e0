import type { Event } from '@aloft/shared/api/schemas'
import { z } from 'zod'
import type { Queryable } from '../database/client.ts'
import type { EventKey } from '../database/schema/index.ts'
import { isoInstant } from '../http/instant.ts'
import { decodeCursor, isId, toPage } from '../http/list-query.ts'
import { Invalid } from '../problems.ts'
import { type EventFilter, type Run, type StoredEvent, selectEvents, selectRuns } from './store-read.ts'

export type { StoredEvent } from './store-read.ts'

export interface ListEvents extends Omit<EventFilter, 'after'> {
  readonly cursor?: string | undefined
}

const Cursor = z.tuple([z.int(), z.enum(['asc', 'desc'])])

export async function listEvents(db: Queryable, input: ListEvents) {
  const { cursor, limit, virtualRouter, order } = input
  const at = decodeCursor(cursor, Cursor)
  if (at !== null && at[1] !== order) {
    const message = `this cursor belongs to order=${at[1]}`
    throw new Invalid(`?cursor: ${message}`, [{ pointer: '?cursor', message }])
  }
  if (virtualRouter !== undefined && !isId(virtualRouter)) return { items: [], nextCursor: null }
  const rows = await selectEvents(db, { ...input, after: at?.[0] ?? null, limit: limit + 1 })
  const page = toPage(rows, limit, (row) => [Number(row.id), order])
  return { items: page.items.map(toEvent), nextCursor: page.nextCursor }
}

/** Every event of these runs, by spool and seq. */
export async function readRuns(db: Queryable, runs: readonly Run[]): Promise<readonly Event[]> {
  return runs.length === 0 ? [] : (await selectRuns(db, runs)).map(toEvent)
}

export function eventId({ agentId, epoch, seq }: EventKey): string {
  return `${agentId}/${epoch}/${seq}`
}

export function toEvent(row: StoredEvent): Event {
  return {
    id: eventId({ agentId: row.agent_id, epoch: row.epoch, seq: Number(row.seq) }),
    agentId: row.agent_id,
    site: row.site,
    node: row.node,
    epoch: row.epoch,
    seq: Number(row.seq),
    occurredAt: isoInstant(row.occurred_at_ms),
    occurredAtErrorMs: row.occurred_at_error_ms,
    receivedAt: isoInstant(row.received_at_ms),
    late: row.late,
    observed: { wallMs: row.wall_ms, monoMs: row.mono_ms, bootId: row.boot_id },
    body: row.body,
  }
}
