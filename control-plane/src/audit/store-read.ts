import { type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { type Reach, withinReach } from '../database/reach.ts'

export interface AuditRow extends Record<string, unknown> {
  readonly id: string
  readonly at_ms: number
  readonly actor: string
  readonly actor_name: string
  readonly credential: string | null
  readonly request_id: string | null
  readonly action: string
  readonly target_kind: string
  readonly target_id: string
  readonly site_id: string | null
  readonly before: unknown
  readonly after: unknown
  readonly previous_hash: string
  readonly hash: string
}

export interface AuditFilter {
  readonly reach: Reach
  readonly site?: string | undefined
  readonly actor?: string | undefined
  readonly action?: string | undefined
  readonly targetKind?: string | undefined
  readonly target?: string | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly after: number | null
  readonly order: 'asc' | 'desc'
  readonly limit: number
}

/** In the order they were made (or against it); at most `limit`. */
export async function selectEntries(db: Queryable, filter: AuditFilter): Promise<readonly AuditRow[]> {
  const conditions: SQL[] = [withinReach(filter.reach, sql`e.site_id`)]
  if (filter.site !== undefined)
    conditions.push(sql`e.site_id = (select id from sites where name = ${filter.site})`)
  if (filter.actor !== undefined)
    conditions.push(sql`(e.actor = ${filter.actor} or e.actor_name = ${filter.actor})`)
  if (filter.action !== undefined) conditions.push(sql`e.action = ${filter.action}`)
  if (filter.targetKind !== undefined) conditions.push(sql`e.target_kind = ${filter.targetKind}`)
  if (filter.target !== undefined) conditions.push(sql`e.target_id = ${filter.target}`)
  if (filter.from !== undefined) conditions.push(sql`e.at_ms >= ${filter.from}::float8`)
  if (filter.to !== undefined) conditions.push(sql`e.at_ms < ${filter.to}::float8`)
  if (filter.after !== null) {
    const beyond = filter.order === 'asc' ? sql`>` : sql`<`
    conditions.push(sql`e.id ${beyond} ${filter.after}::bigint`)
  }
  return db.execute<AuditRow>(sql`
    select e.id, e.at_ms, e.actor, e.actor_name, e.credential, e.request_id, e.action, e.target_kind, e.target_id,
      e.site_id, e.before, e.after, e.previous_hash, e.hash
    from audit e where ${sql.join(conditions, sql` and `)}
    order by e.id ${sql.raw(filter.order)} limit ${filter.limit}::int`)
}
