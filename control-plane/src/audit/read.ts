import type { AuditEntry } from '@aloft/shared/api/audit'
import { z } from 'zod'
import type { Queryable } from '../database/client.ts'
import { isoInstant } from '../http/instant.ts'
import { decodeCursor, toPage } from '../http/list-query.ts'
import { Invalid } from '../problems.ts'
import { type AuditFilter, type AuditRow, selectEntries } from './store-read.ts'

export interface ListAudit extends Omit<AuditFilter, 'after'> {
  readonly cursor?: string | undefined
}

const Cursor = z.tuple([z.int(), z.enum(['asc', 'desc'])])

/** What of the record concerns sites within reach; who reaches everywhere sees all of it, without holes. */
export async function listAudit(db: Queryable, { cursor, ...filter }: ListAudit) {
  const { order, limit } = filter
  const at = decodeCursor(cursor, Cursor)
  if (at !== null && at[1] !== order) {
    const message = `this cursor belongs to order=${at[1]}`
    throw new Invalid(`?cursor: ${message}`, [{ pointer: '?cursor', message }])
  }
  const rows = await selectEntries(db, { ...filter, after: at?.[0] ?? null, limit: limit + 1 })
  const page = toPage(rows, limit, (row) => [Number(row.id), order])
  return { items: page.items.map(toEntry), nextCursor: page.nextCursor }
}

function toEntry(row: AuditRow): AuditEntry {
  return {
    id: Number(row.id),
    at: isoInstant(row.at_ms),
    atMs: row.at_ms,
    actor: row.actor,
    actorName: row.actor_name,
    credential: row.credential,
    requestId: row.request_id,
    action: row.action,
    targetKind: row.target_kind,
    targetId: row.target_id,
    siteId: row.site_id,
    before: row.before ?? null,
    after: row.after ?? null,
    previousHash: row.previous_hash,
    hash: row.hash,
  }
}
