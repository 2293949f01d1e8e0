import { sql } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { REPLICA_LEASE_MS } from './absence.ts'

/** Agents that are let in, over replicas that live: how many one of them should expect. */
export async function selectFleetShare(db: Queryable): Promise<number> {
  const [row] = await db.execute<{ share: number }>(sql`
    select ceil(count(*)::float8 / greatest(1, (select count(*) from replicas
      where seen_at_ms > extract(epoch from clock_timestamp()) * 1000 - ${REPLICA_LEASE_MS}::float8))) as share
    from agents where standing = 'approved'`)
  return row?.share ?? 0
}
