import { sql } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { recordset } from '../database/recordset.ts'

export interface HeldSession {
  readonly agentId: string
  readonly generation: number
}

/** The agents of those sessions that are over, or have a command they were not sent. */
export async function selectToWake(
  db: Queryable,
  held: readonly HeldSession[],
  nowMs: number,
): Promise<readonly string[]> {
  const rows = await db.execute<{ agent_id: string }>(sql`
    select s.agent_id from ${recordset(held, 'as h("agentId" uuid, generation bigint)')}
    join agent_sessions s on s.agent_id = h."agentId"
    where s.generation > h.generation or exists (
      select 1 from commands c where c.agent_id = s.agent_id and c.outcome is null
        and c.expires_at_ms > ${nowMs}::float8 and c.sent_generation is distinct from s.generation)`)
  return rows.map((row) => row.agent_id)
}
