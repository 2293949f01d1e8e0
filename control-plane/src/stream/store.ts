import { and, asc, gte, lte, max, min, sql } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { executeKept, selectKept } from '../database/kept.ts'
import { recordset } from '../database/recordset.ts'
import { feed } from '../database/schema/index.ts'

export type FeedRow = typeof feed.$inferSelect

/** The rows after one position, up to another if it is given, oldest first. */
export async function selectFeed(
  db: Queryable,
  span: { readonly fromId: number; readonly toId?: number; readonly limit: number },
): Promise<readonly FeedRow[]> {
  const { fromId, toId, limit } = span
  const isWithin = and(gte(feed.id, fromId), toId === undefined ? undefined : lte(feed.id, toId))
  return selectKept(db, db.select().from(feed).where(isWithin).orderBy(asc(feed.id)).limit(limit))
}

/** Ids of the oldest and the newest row there is; 0 when there is none. */
export async function feedBounds(
  db: Queryable,
): Promise<{ readonly oldest: number; readonly newest: number }> {
  const [row] = await db.select({ oldest: min(feed.id), newest: max(feed.id) }).from(feed)
  return { oldest: row?.oldest ?? 0, newest: row?.newest ?? 0 }
}

/** The site of each feed row, by the row's id. What is gone since, or is of no site, is missing. */
export async function selectSitesOf(
  db: Queryable,
  rows: readonly FeedRow[],
): Promise<ReadonlyMap<number, string>> {
  if (rows.length === 0) return new Map()
  const found = await executeKept<{ id: string; site_id: string }>(
    db,
    sql`
    select r.id, f.site_id
    from ${recordset(
      rows.map(({ id, kind, ref }) => ({ id, kind, ref })),
      'as r(id bigint, kind text, ref text)',
    )}
    cross join lateral (
      select site_id from agents where r.kind in ('agent', 'events') and id = r.ref::uuid
      union all select site_id from virtual_routers where r.kind = 'virtual-router' and id = r.ref::uuid
      union all select site_id from failovers where r.kind = 'failover' and id = r.ref) f`,
  )
  return new Map(found.map((row) => [Number(row.id), row.site_id]))
}
