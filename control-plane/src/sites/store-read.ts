import { type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { joinLiveSession } from '../database/live-session.ts'
import { type Reach, withinReach } from '../database/reach.ts'

export interface SiteRow extends Record<string, unknown> {
  readonly id: string
  readonly name: string
  readonly revision: number
  readonly agents: number
  readonly connected: number
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
      (select max(f.occurred_at_ms) from failovers f where f.site_id = t.id) as last_failover_ms
    from (select * from sites t where ${sql.join(conditions, sql` and `)} order by t.name limit ${filter.limit}::int) t
    left join agents a on a.site_id = t.id
    ${joinLiveSession}
    group by t.id, t.name, t.revision order by t.name`)
}
