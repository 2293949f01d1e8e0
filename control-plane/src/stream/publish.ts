import { sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { feed } from '../database/schema/index.ts'

/** PostgreSQL channel that rings when the feed has something new. */
export const FEED_CHANNEL = 'aloft_feed'

/** Any number, the same in every replica. */
const FEED_LOCK = 0x66656564

export type Publication =
  /** A run of events of one spool that this transaction inserted. */
  | {
      readonly kind: 'events'
      readonly agentId: string
      readonly epoch: string
      readonly firstSeq: number
      readonly lastSeq: number
    }
  /** An object that is different now. */
  | { readonly kind: 'failover' | 'virtual-router' | 'agent'; readonly id: string }

/**
 * Tells the stream what this transaction changed; call it last. The lock is held until the commit, so that feed ids
 * become visible in their order and a reader that has seen id N will never meet a smaller one.
 */
export async function publish(
  tx: Transaction,
  publications: readonly Publication[],
  nowMs: number,
): Promise<void> {
  if (publications.length === 0) return
  await tx.execute(sql`select pg_advisory_xact_lock(${FEED_LOCK})`)
  await tx.insert(feed).values(publications.map((publication) => toRow(publication, nowMs)))
  await tx.execute(sql`select pg_notify(${FEED_CHANNEL}, '')`)
}

function toRow(publication: Publication, atMs: number): typeof feed.$inferInsert {
  if (publication.kind !== 'events') return { kind: publication.kind, ref: publication.id, atMs }
  const { kind, agentId, epoch, firstSeq, lastSeq } = publication
  return { kind, ref: agentId, epoch, firstSeq, lastSeq, atMs }
}
