import { type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { type Reach, withinReach } from '../database/reach.ts'
import { recordset } from '../database/recordset.ts'
import type { virtualRouters } from '../database/schema/index.ts'
import type { PeriodSums } from './derive.ts'

/** Whole hours, and the whole days among them. */
export interface SumSpan {
  readonly fromMs: number
  readonly toMs: number
  readonly firstDayMs: number
  readonly endDayMs: number
}

export interface SumFilter {
  readonly reach: Reach
  readonly site?: string | undefined
  readonly virtualRouter?: string | undefined
  readonly address?: string | undefined
}

interface StoredSums extends Record<string, unknown> {
  /** From when on it was observed, within the span. */
  readonly observed_ms: number
  readonly served_ms: number
  readonly degraded_ms: number
  readonly down_ms: number
  readonly excluded_ms: number
  readonly outages: number
}

export interface RouterSumsRow extends StoredSums {
  readonly id: string
  readonly site: string
  readonly name: string
  readonly vrid: number
  readonly family: typeof virtualRouters.$inferSelect.family
  readonly addresses: readonly string[]
  readonly first_ms: number
}

export interface TotalRow extends StoredSums {
  readonly routers: number
}

function conditionsOf({ reach, site, virtualRouter, address }: SumFilter): SQL {
  const conditions = [withinReach(reach, sql`v.site_id`)]
  if (site !== undefined) conditions.push(sql`t.name = ${site}`)
  if (virtualRouter !== undefined) conditions.push(sql`v.id = ${virtualRouter}::uuid`)
  if (address !== undefined)
    conditions.push(sql`exists (select 1 from jsonb_array_elements_text(v.addresses) a
      where a = ${address} or split_part(a, '/', 1) = ${address})`)
  return sql.join(conditions, sql` and `)
}

const COLUMNS = ['served_ms', 'degraded_ms', 'down_ms', 'excluded_ms', 'outages']
const ADDED = sql.raw(COLUMNS.map((column) => `sum(${column}) as ${column}`).join(', '))

/** Days where whole days are wanted, hours at the edges; each part added up where it is read, in at most three rows. */
const summed = (router: SQL, { fromMs, toMs, firstDayMs, endDayMs }: SumSpan) => sql`
  select ${ADDED} from availability_days
    where ${router} and start_ms >= ${firstDayMs}::float8 and start_ms < ${endDayMs}::float8
  union all select ${ADDED} from availability_hours
    where ${router} and start_ms >= ${fromMs}::float8 and start_ms < ${Math.min(firstDayMs, toMs)}::float8
  union all select ${ADDED} from availability_hours
    where ${router} and start_ms >= ${Math.max(endDayMs, firstDayMs)}::float8 and start_ms < ${toMs}::float8`

const observed = ({ fromMs, toMs }: SumSpan) => sql`coalesce(
  case when a.first_ms < ${toMs}::float8 then ${toMs}::float8 - greatest(${fromMs}::float8, a.first_ms) end, 0)`

const SUMS = sql`coalesce(sum(s.served_ms), 0) as served_ms, coalesce(sum(s.degraded_ms), 0) as degraded_ms,
  coalesce(sum(s.down_ms), 0) as down_ms, coalesce(sum(s.excluded_ms), 0) as excluded_ms,
  coalesce(sum(s.outages), 0)::int as outages`

/** By site, name and id; at most `limit`. */
export async function selectRouterSums(
  db: Queryable,
  filter: SumFilter & {
    readonly after: readonly [string, string, string] | null
    readonly limit: number
  },
  span: SumSpan,
): Promise<readonly RouterSumsRow[]> {
  const { after } = filter
  const beyond = after
    ? sql`(t.name, v.name, v.id) > (${after[0]}, ${after[1]}, ${after[2]}::uuid)`
    : sql`true`
  return db.execute<RouterSumsRow>(sql`
    select r.*, s.* from (
      select v.id, t.name as site, v.name, v.vrid, v.family, v.addresses,
        coalesce(a.first_ms, 'infinity') as first_ms,
        ${observed(span)} as observed_ms
      from virtual_routers v join sites t on t.id = v.site_id
      left join availability_routers a on a.virtual_router_id = v.id
      where ${conditionsOf(filter)} and ${beyond} order by t.name, v.name, v.id limit ${filter.limit}::int) r
    cross join lateral (select ${SUMS} from (${summed(sql`virtual_router_id = r.id`, span)}) s) s
    order by r.site, r.name, r.id`)
}

export async function selectTotal(db: Queryable, filter: SumFilter, span: SumSpan): Promise<TotalRow> {
  const { reach, site, virtualRouter, address } = filter
  const isWhole = reach === 'everywhere' && (site ?? virtualRouter ?? address) === undefined
  // Of the whole fleet nothing has to be picked out, and there are a hundred thousand days of a thousand routers.
  const chosen = isWhole ? sql`true` : sql`virtual_router_id in (select id from chosen)`
  const [row] = await db.execute<TotalRow>(sql`
    with chosen as materialized (
      select v.id, ${observed(span)} as observed_ms
      from virtual_routers v join sites t on t.id = v.site_id
      left join availability_routers a on a.virtual_router_id = v.id where ${conditionsOf(filter)})
    select (select count(*)::int from chosen) as routers,
      (select coalesce(sum(observed_ms), 0) from chosen) as observed_ms,
      ${SUMS} from (${summed(chosen, span)}) s`)
  if (row === undefined) throw new Error('a sum without a row')
  return row
}

/** The steps of these routers that are summed up, by router and time. */
export async function selectSteps(
  db: Queryable,
  routerIds: readonly string[],
  { fromMs, toMs, step }: { readonly fromMs: number; readonly toMs: number; readonly step: 'hour' | 'day' },
): Promise<readonly (PeriodSums & { readonly router: string })[]> {
  const table = step === 'hour' ? sql`availability_hours` : sql`availability_days`
  const rows = await db.execute<StoredSums & { router: string; start_ms: number; unknown_ms: number }>(sql`
    select virtual_router_id as router, start_ms, served_ms, degraded_ms, down_ms, unknown_ms, excluded_ms, outages
    from ${recordset(
      routerIds.map((id) => ({ id })),
      'as i(id uuid)',
    )}
    join ${table} s on s.virtual_router_id = i.id
    where s.start_ms >= ${fromMs}::float8 and s.start_ms < ${toMs}::float8 order by 1, 2`)
  return rows.map((row) => ({
    router: row.router,
    startMs: row.start_ms,
    servedMs: row.served_ms,
    degradedMs: row.degraded_ms,
    downMs: row.down_ms,
    unknownMs: row.unknown_ms,
    excludedMs: row.excluded_ms,
    outages: row.outages,
  }))
}

export interface EndedOutage extends Record<string, unknown> {
  readonly id: string
  readonly occurred_at_ms: number
  readonly outage_ms: number | null
}

/** The failovers of a router in a period: each ended an outage, if there was one. */
export async function selectEnds(
  db: Queryable,
  router: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<readonly EndedOutage[]> {
  return db.execute<EndedOutage>(sql`
    select id, occurred_at_ms, outage_ms from failovers where virtual_router_id = ${router}::uuid
      and occurred_at_ms >= ${fromMs}::float8 and occurred_at_ms <= ${toMs}::float8`)
}

export async function isWithinReach(db: Queryable, reach: Reach, router: string): Promise<boolean> {
  const rows = await db.execute(sql`
    select 1 from virtual_routers v where v.id = ${router}::uuid and ${withinReach(reach, sql`v.site_id`)}`)
  return rows.length > 0
}
