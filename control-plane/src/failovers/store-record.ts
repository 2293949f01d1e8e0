import { sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { executeKept } from '../database/kept.ts'
import { recordset } from '../database/recordset.ts'
import type { failovers } from '../database/schema/index.ts'

export type FailoverRow = typeof failovers.$inferInsert

/** Writes the rows that are new or differ from what is there, and returns their ids. */
export async function putFailovers(
  tx: Transaction,
  rows: readonly FailoverRow[],
): Promise<readonly string[]> {
  const written = await executeKept<{ id: string }>(
    tx,
    sql`
    insert into failovers as f (id, site_id, virtual_router_id, vrid, from_agent_id, to_agent_id, reason, planned,
      occurred_at_ms, occurred_at_error_ms, received_at_ms, late, outage_ms, evidence)
    select r.* from ${recordset(
      rows,
      `as r(id text, "siteId" uuid, "virtualRouterId" uuid, vrid integer, "fromAgentId" uuid, "toAgentId" uuid,
        reason text, planned boolean, "occurredAtMs" float8, "occurredAtErrorMs" float8, "receivedAtMs" float8,
        late boolean, "outageMs" float8, evidence jsonb)`,
    )}
    left join lateral (select * from failovers o where o.id = r.id offset 0) old on true
    -- Most are as they were; an upsert would lock each of them all the same.
    where old.id is null or (old.from_agent_id, old.reason, old.planned, old.evidence) is distinct from
      (r."fromAgentId", r.reason, r.planned, r.evidence)
    on conflict (id) do update set from_agent_id = excluded.from_agent_id, reason = excluded.reason,
      planned = excluded.planned, evidence = excluded.evidence
    where (f.from_agent_id, f.reason, f.planned, f.evidence) is distinct from
      (excluded.from_agent_id, excluded.reason, excluded.planned, excluded.evidence)
    returning id`,
  )
  return written.map(({ id }) => id)
}
