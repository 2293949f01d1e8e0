import { and, asc, gte, lte, max, min } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { feed } from '../database/schema/index.ts'

export type FeedRow = typeof feed.$inferSelect

/** The rows after one position, up to another if it is given, oldest first. */
export async function selectFeed(
  db: Queryable,
  span: { readonly fromId: number; readonly toId?: number; readonly limit: number },
): Promise<readonly FeedRow[]> {
  return db
    .select()
    .from(feed)
    .where(and(gte(feed.id, span.fromId), span.toId === undefined ? undefined : lte(feed.id, span.toId)))
    .orderBy(asc(feed.id))
    .limit(span.limit)
}

/** Ids of the oldest and the newest row there is; 0 when there is none. */
export async function feedBounds(
  db: Queryable,
): Promise<{ readonly oldest: number; readonly newest: number }> {
  const [row] = await db.select({ oldest: min(feed.id), newest: max(feed.id) }).from(feed)
  return { oldest: row?.oldest ?? 0, newest: row?.newest ?? 0 }
}
