import { type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { executeKept } from '../database/kept.ts'
import { type Reach, withinReach } from '../database/reach.ts'
import { rowsWithIds } from '../database/recordset.ts'
import type { failovers, virtualRouters } from '../database/schema/index.ts'

type Stored = typeof failovers.$inferSelect

export interface FailoverRow extends Record<string, unknown> {
  readonly id: string
  readonly site: string
  readonly virtual_router: string
  readonly vrid: number
  readonly family: typeof virtualRouters.$inferSelect.family
  readonly from_node: string | null
  readonly to_node: string
  readonly reason: Stored['reason']
  readonly planned: boolean
  readonly occurred_at_ms: number
  readonly occurred_at_error_ms: number | null
  readonly received_at_ms: number
  readonly late: boolean
  readonly outage_ms: number | null
  readonly evidence: Stored['evidence']
}

export interface FailoverFilter {
  readonly reach: Reach
  readonly ids?: readonly string[]
  readonly site?: string | undefined
  readonly virtualRouter?: string | undefined
  readonly name?: string | undefined
  readonly vrid?: number | undefined
  readonly family?: string | undefined
  /** From or to. */
  readonly node?: string | undefined
  readonly reason?: string | undefined
  readonly planned?: boolean | undefined
  readonly late?: boolean | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly before?: readonly [occurredAtMs: number, id: string] | null
  readonly limit: number
}

/** Newest first by corrected time; at most `limit`. */
export async function selectFailovers(
  db: Queryable,
  filter: FailoverFilter,
): Promise<readonly FailoverRow[]> {
  const query = sql`
    select f.id, t.name as site, v.name as virtual_router, f.vrid, v.family, old.node as from_node,
      new.node as to_node, f.reason, f.planned, f.occurred_at_ms, f.occurred_at_error_ms, f.received_at_ms, f.late,
      f.outage_ms, f.evidence
    from ${filter.ids ? rowsWithIds('failovers', 'text', filter.ids) : sql`failovers`} f join sites t on t.id = f.site_id join virtual_routers v on v.id = f.virtual_router_id
    join agents new on new.id = f.to_agent_id left join agents old on old.id = f.from_agent_id
    where ${sql.join(conditionsOf(filter), sql` and `)}
    order by f.occurred_at_ms desc, f.id desc limit ${filter.limit}::int`
  // The stream asks for some by their ids all the time; what people ask is planned for what they ask.
  return filter.ids ? executeKept<FailoverRow>(db, query) : db.execute<FailoverRow>(query)
}

function conditionsOf(filter: FailoverFilter): SQL[] {
  const conditions: SQL[] = [withinReach(filter.reach, sql`f.site_id`)]
  // Looked up beforehand, so that the index of a site's failovers hands them out in order and the page ends it.
  if (filter.site !== undefined)
    conditions.push(sql`f.site_id = (select id from sites where name = ${filter.site})`)
  if (filter.vrid !== undefined) conditions.push(sql`f.vrid = ${filter.vrid}::int`)
  if (filter.virtualRouter !== undefined)
    conditions.push(sql`f.virtual_router_id = ${filter.virtualRouter}::uuid`)
  if (filter.name !== undefined) conditions.push(sql`v.name = ${filter.name}`)
  if (filter.family !== undefined) conditions.push(sql`v.family = ${filter.family}`)
  if (filter.node !== undefined) conditions.push(sql`${filter.node} in (new.node, old.node)`)
  if (filter.reason !== undefined) conditions.push(sql`f.reason = ${filter.reason}`)
  if (filter.planned !== undefined) conditions.push(sql`f.planned = ${filter.planned}`)
  if (filter.late !== undefined) conditions.push(sql`f.late = ${filter.late}`)
  if (filter.from !== undefined) conditions.push(sql`f.occurred_at_ms >= ${filter.from}::float8`)
  if (filter.to !== undefined) conditions.push(sql`f.occurred_at_ms < ${filter.to}::float8`)
  if (filter.before) {
    const [occurredAtMs, id] = filter.before
    conditions.push(sql`(f.occurred_at_ms, f.id) < (${occurredAtMs}::float8, ${id})`)
  }
  return conditions
}
