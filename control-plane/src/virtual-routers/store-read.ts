import type { Role } from '@aloft/shared/protocol/events'
import { type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { executeKept } from '../database/kept.ts'
import { isOpen, joinLiveSession, roleIsKnown } from '../database/live-session.ts'
import { type Reach, withinReach } from '../database/reach.ts'
import { recordset, rowsWithIds } from '../database/recordset.ts'
import type { virtualRouters } from '../database/schema/index.ts'

export interface RouterRow extends Record<string, unknown> {
  readonly id: string
  readonly site: string
  readonly name: string
  readonly vrid: number
  readonly family: typeof virtualRouters.$inferSelect.family
  readonly addresses: readonly string[]
  readonly last_failover_ms: number | null
}

export interface MemberRow extends Record<string, unknown> {
  readonly router: string
  readonly agent_id: string
  readonly node: string
  readonly role: Role
  readonly known: boolean
  /** What it is heard by. */
  readonly source: string | null
  /** Of a backup that can be asked: where the active is that it hears, and as of when. */
  readonly hears: string | null
  readonly seen_at_ms: number | null
  readonly since_ms: number
  readonly priority: number
  readonly interface: string
}

export interface RouterFilter {
  readonly reach: Reach
  readonly ids?: readonly string[]
  readonly site?: string | undefined
  readonly name?: string | undefined
  readonly vrid?: number | undefined
  readonly family?: string | undefined
  readonly node?: string | undefined
  readonly after?: readonly [site: string, name: string, id: string] | null
  readonly limit: number
}

/** By site, name and id; at most `limit`. */
export async function selectRouters(db: Queryable, filter: RouterFilter): Promise<readonly RouterRow[]> {
  const conditions: SQL[] = [withinReach(filter.reach, sql`v.site_id`)]
  if (filter.site !== undefined) conditions.push(sql`t.name = ${filter.site}`)
  if (filter.vrid !== undefined) conditions.push(sql`v.vrid = ${filter.vrid}::int`)
  if (filter.name !== undefined) conditions.push(sql`v.name = ${filter.name}`)
  if (filter.family !== undefined) conditions.push(sql`v.family = ${filter.family}`)
  if (filter.node !== undefined) {
    conditions.push(sql`exists (select from virtual_router_members m join agents a on a.id = m.agent_id
      where m.virtual_router_id = v.id and a.node = ${filter.node})`)
  }
  if (filter.after) {
    const [site, name, id] = filter.after
    conditions.push(sql`(t.name, v.name, v.id) > (${site}, ${name}, ${id}::uuid)`)
  }
  const query = sql`
    select v.id, t.name as site, v.name, v.vrid, v.family, v.addresses,
      (select max(f.occurred_at_ms) from failovers f where f.virtual_router_id = v.id) as last_failover_ms
    from ${filter.ids ? rowsWithIds('virtual_routers', 'uuid', filter.ids) : sql`virtual_routers`} v join sites t on t.id = v.site_id
    where ${sql.join(conditions, sql` and `)}
    order by t.name, v.name, v.id limit ${filter.limit}::int`
  // The stream asks for some by their ids all the time; what people ask is planned for what they ask.
  return filter.ids ? executeKept<RouterRow>(db, query) : db.execute<RouterRow>(query)
}

/** The members of these routers, by node. */
export async function selectMembers(
  db: Queryable,
  routerIds: readonly string[],
): Promise<readonly MemberRow[]> {
  return executeKept<MemberRow>(
    db,
    sql`
    select m.virtual_router_id as router, m.agent_id, a.node, m.role, ${roleIsKnown} as known, m.since_ms,
      m.priority, m.interface, m.source, s.last_seen_at_ms as seen_at_ms,
      case when ${isOpen(sql`s`)} and ${roleIsKnown} and m.role = 'backup' then m.heard_address end as hears
    from ${recordset(
      routerIds.map((id) => ({ id })),
      'as i(id uuid)',
    )}
    join virtual_router_members m on m.virtual_router_id = i.id
    join agents a on a.id = m.agent_id
    ${joinLiveSession}
    order by a.node`,
  )
}

/**
 * Of each virtual router of these sites: how many nodes are known to be active, how many cannot be seen, and whether a
 * backup hears an active that no node that can be asked goes by.
 */
export async function selectCounts(
  db: Queryable,
  siteIds: readonly string[],
): Promise<readonly { site_id: string; active: number; unseen: number; heard: boolean }[]> {
  return db.execute(sql`
    with parts as (
      select v.id, v.site_id, m.agent_id, m.role, m.source, ${roleIsKnown} as known,
        case when ${isOpen(sql`s`)} and ${roleIsKnown} and m.role = 'backup' then m.heard_address end as hears
      from ${recordset(
        siteIds.map((id) => ({ id })),
        'as i(id uuid)',
      )}
      join virtual_routers v on v.site_id = i.id
      left join virtual_router_members m on m.virtual_router_id = v.id
      left join agents a on a.id = m.agent_id
      ${joinLiveSession})
    select p.site_id, (count(*) filter (where p.known and p.role = 'active'))::int as active,
      (count(*) filter (where p.agent_id is not null and not p.known))::int as unseen,
      coalesce(bool_or(p.hears is not null and not exists (select 1 from parts other
        where other.id = p.id and other.known and other.source = p.hears)), false) as heard
    from parts p group by p.id, p.site_id`)
}

/** The virtual routers an agent takes part in. */
export async function selectRoutersOf(
  db: Queryable,
  agentIds: readonly string[],
): Promise<readonly string[]> {
  const rows = await db.execute<{ id: string }>(sql`
    select distinct m.virtual_router_id as id
    from ${recordset(
      agentIds.map((id) => ({ id })),
      'as i(id uuid)',
    )}
    join virtual_router_members m on m.agent_id = i.id order by 1`)
  return rows.map(({ id }) => id)
}
