import type { EventBody } from '@aloft/shared/protocol/events'
import { type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { executeKept } from '../database/kept.ts'
import { type Reach, withinReach } from '../database/reach.ts'
import { recordset } from '../database/recordset.ts'

/** An event as a row of any table that has it. */
export interface StoredEvent extends Record<string, unknown> {
  readonly agent_id: string
  readonly site: string
  readonly node: string
  readonly epoch: string
  readonly seq: string
  readonly wall_ms: number
  readonly mono_ms: number
  readonly boot_id: string
  readonly occurred_at_ms: number
  readonly occurred_at_error_ms: number | null
  readonly received_at_ms: number
  readonly late: boolean
  readonly body: EventBody
}

export interface EventRow extends StoredEvent {
  readonly id: string
}

const COLUMNS = sql`e.id, e.agent_id, t.name as site, a.node, e.epoch, e.seq, e.wall_ms, e.mono_ms, e.boot_id,
  e.occurred_at_ms, e.occurred_at_error_ms, e.received_at_ms, e.late, e.body`
const NAMES = sql`join agents a on a.id = e.agent_id join sites t on t.id = e.site_id`

export interface EventFilter {
  readonly reach: Reach
  readonly site?: string | undefined
  readonly node?: string | undefined
  readonly kind?: string | undefined
  readonly virtualRouter?: string | undefined
  readonly vrid?: number | undefined
  readonly family?: string | undefined
  readonly late?: boolean | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly after: number | null
  readonly order: 'asc' | 'desc'
  readonly limit: number
}

/**
 * In the order of arrival (or against it), which for one agent is the order of observation. The page is cut before its
 * names are joined, and names are looked up beforehand: every day's partition is planned, and a join that it could be
 * entered by would be planned for each.
 */
export async function selectEvents(db: Queryable, filter: EventFilter): Promise<readonly EventRow[]> {
  const { order, limit } = filter
  return db.execute<EventRow>(sql`
    select ${COLUMNS} from (
      select * from events e where ${sql.join(conditionsOf(filter), sql` and `)}
      order by e.id ${sql.raw(order)} limit ${limit}::int) e ${NAMES}
    order by e.id ${sql.raw(order)}`)
}

function conditionsOf(filter: EventFilter): SQL[] {
  const conditions: SQL[] = [withinReach(filter.reach, sql`e.site_id`)]
  if (filter.site !== undefined)
    conditions.push(sql`e.site_id = (select id from sites where name = ${filter.site})`)
  if (filter.node !== undefined)
    conditions.push(sql`e.agent_id = any (array(select id from agents where node = ${filter.node}))`)
  if (filter.kind !== undefined) conditions.push(sql`e.kind = ${filter.kind}`)
  if (filter.vrid !== undefined) conditions.push(sql`e.vrid = ${filter.vrid}::int`)
  if (filter.family !== undefined) conditions.push(sql`e.family = ${filter.family}`)
  if (filter.late !== undefined) conditions.push(sql`e.late = ${filter.late}`)
  if (filter.from !== undefined) conditions.push(sql`e.occurred_at_ms >= ${filter.from}::float8`)
  if (filter.to !== undefined) conditions.push(sql`e.occurred_at_ms < ${filter.to}::float8`)
  if (filter.virtualRouter !== undefined) {
    conditions.push(sql`(e.site_id, e.virtual_router, e.vrid, e.family) =
      (select site_id, name, vrid, family from virtual_routers where id = ${filter.virtualRouter}::uuid)`)
  }
  if (filter.after !== null) {
    const beyond = filter.order === 'asc' ? sql`>` : sql`<`
    conditions.push(sql`e.id ${beyond} ${filter.after}::bigint`)
  }
  return conditions
}

/** A run of events of one spool. */
export interface Run {
  readonly agentId: string
  readonly epoch: string
  readonly firstSeq: number
  readonly lastSeq: number
  /** Between which instants of the agent's clock, so that only their days are read; null: anywhere. */
  readonly fromWallMs: number | null
  readonly toWallMs: number | null
}

/**
 * The events of these runs, by spool and seq. They are found before their names are: the planner takes any number of runs for
 * one event, and would look through all sites for each again.
 */
export async function selectRuns(db: Queryable, runs: readonly Run[]): Promise<readonly EventRow[]> {
  return executeKept<EventRow>(
    db,
    sql`
    with found as materialized (
      select e.* from ${recordset(
        runs,
        `as k("agentId" uuid, epoch text, "firstSeq" bigint, "lastSeq" bigint, "fromWallMs" float8, "toWallMs" float8)`,
      )}
      cross join lateral (select * from events
        where agent_id = k."agentId" and epoch = k.epoch and seq between k."firstSeq" and k."lastSeq"
          and wall_ms >= coalesce(k."fromWallMs", '-infinity') and wall_ms <= coalesce(k."toWallMs", 'infinity')
        offset 0) e
    )
    select ${COLUMNS} from found e ${NAMES} order by e.agent_id, e.epoch, e.seq`,
  )
}
