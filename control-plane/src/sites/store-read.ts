import { type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { agentState, joinLiveSession } from '../database/live-session.ts'
import { type Reach, withinReach } from '../database/reach.ts'

export interface SiteRow extends Record<string, unknown> {
  readonly id: string
  readonly name: string
  readonly revision: number
  readonly agents: number
  readonly connected: number
  readonly silent: number
  readonly down: number
  readonly unknown: number
  readonly last_failover_ms: number | null
}

/** By name; at most `limit`. `idOrName` names one of them. */
export async function selectSites(
  db: Queryable,
  filter: {
    readonly reach: Reach
    readonly idOrName?: string
    readonly after?: string | null
    readonly limit: number
  },
): Promise<readonly SiteRow[]> {
  const conditions: SQL[] = [withinReach(filter.reach, sql`t.id`)]
  if (filter.idOrName !== undefined) {
    conditions.push(sql`(t.id::text = ${filter.idOrName} or t.name = ${filter.idOrName})`)
  }
  if (filter.after) conditions.push(sql`t.name > ${filter.after}`)
  return db.execute<SiteRow>(sql`
    select t.id, t.name, t.revision, count(a.id)::int as agents, count(s.agent_id)::int as connected,
      (count(*) filter (where st.state = 'silent'))::int as silent,
      (count(*) filter (where st.state = 'down'))::int as down,
      (count(*) filter (where st.state = 'unknown'))::int as unknown,
      (select max(f.occurred_at_ms) from failovers f where f.site_id = t.id) as last_failover_ms
    from (select * from sites t where ${sql.join(conditions, sql` and `)} order by t.name limit ${filter.limit}::int) t
    left join agents a on a.site_id = t.id
    left join agent_sessions last on last.agent_id = a.id
    ${joinLiveSession}
    left join lateral (select ${agentState} as state where a.id is not null) st on true
    group by t.id, t.name, t.revision order by t.name`)
}
