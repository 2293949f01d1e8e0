import { sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { executeKept } from '../database/kept.ts'
import { recordset } from '../database/recordset.ts'
import type { Change } from './append.ts'

/** Any number will do, as long as every replica takes the same. */
const FEED_LOCK = 0x66656564

/**
 * The id of the last of them. One statement, because all others wait for the lock from here to the commit: no row is given
 * its id before the lock is had.
 */
export async function insertChanges(
  tx: Transaction,
  changes: readonly Change[],
  nowMs: number,
): Promise<number> {
  const rows = await executeKept<{ id: string }>(
    tx,
    sql`
    with locked as materialized (select pg_advisory_xact_lock(${FEED_LOCK}))
    insert into feed (kind, ref, epoch, first_seq, last_seq, from_wall_ms, to_wall_ms, at_ms)
    select r.kind, coalesce(r.ref, r."agentId"), r.epoch, r."firstSeq", r."lastSeq", r."fromWallMs", r."toWallMs",
      ${nowMs}::float8
    from locked cross join ${recordset(
      changes,
      `as r(kind text, ref text, "agentId" text, epoch text, "firstSeq" bigint, "lastSeq" bigint,
        "fromWallMs" float8, "toWallMs" float8)`,
    )}
    returning id`,
  )
  return rows.reduce((last, { id }) => Math.max(last, Number(id)), 0)
}
