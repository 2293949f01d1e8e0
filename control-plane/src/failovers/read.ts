import type { Event, Failover } from '@aloft/shared/api/schemas'
import { z } from 'zod'
import type { Queryable } from '../database/client.ts'
import type { Reach } from '../database/reach.ts'
import { eventId } from '../events/read.ts'
import { isoInstant } from '../http/instant.ts'
import { decodeCursor, isId, toPage } from '../http/list-query.ts'
import { NotFound } from '../problems.ts'
import { readTransitions } from '../transitions/read.ts'
import { type FailoverFilter, type FailoverRow, selectFailovers } from './store-read.ts'

export interface ListFailovers extends Omit<FailoverFilter, 'ids' | 'before'> {
  readonly cursor?: string | undefined
}

const Cursor = z.tuple([z.number(), z.string()])

export async function listFailovers(db: Queryable, { cursor, limit, ...filter }: ListFailovers) {
  const before = decodeCursor(cursor, Cursor)
  if (filter.virtualRouter !== undefined && !isId(filter.virtualRouter))
    return { items: [], nextCursor: null }
  const rows = await selectFailovers(db, { ...filter, before, limit: limit + 1 })
  const page = toPage(rows, limit, (row) => [row.occurred_at_ms, row.id])
  return { items: await withEvidence(db, page.items), nextCursor: page.nextCursor }
}

export async function getFailover(db: Queryable, reach: Reach, id: string): Promise<Failover> {
  const [failover] = await readFailovers(db, [id], reach)
  if (failover === undefined) throw new NotFound(`there is no failover ${id}`)
  return failover
}

/** Those of the ids that exist within reach, as they are now. */
export async function readFailovers(
  db: Queryable,
  ids: readonly string[],
  reach: Reach = 'everywhere',
): Promise<readonly Failover[]> {
  if (ids.length === 0) return []
  return withEvidence(db, await selectFailovers(db, { reach, ids, limit: ids.length }))
}

async function withEvidence(db: Queryable, rows: readonly FailoverRow[]): Promise<Failover[]> {
  const events = await readTransitions(
    db,
    rows.flatMap(({ evidence }) => evidence),
  )
  return rows.map((row) => toFailover(row, events))
}

function toFailover(row: FailoverRow, events: ReadonlyMap<string, Event>): Failover {
  return {
    id: row.id,
    site: row.site,
    virtualRouter: row.virtual_router,
    vrid: row.vrid,
    family: row.family,
    from: row.from_node,
    to: row.to_node,
    reason: row.reason,
    planned: row.planned,
    occurredAt: isoInstant(row.occurred_at_ms),
    occurredAtErrorMs: row.occurred_at_error_ms,
    receivedAt: isoInstant(row.received_at_ms),
    late: row.late,
    outageMs: row.outage_ms,
    evidence: row.evidence.flatMap((key) => events.get(eventId(key)) ?? []),
  }
}
