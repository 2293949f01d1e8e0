import { sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { recordset } from '../database/recordset.ts'
import type { PeriodSums } from './derive.ts'

export interface DueRouter {
  readonly id: string
  readonly firstMs: number
  /** Everything from here on is to be summed up. */
  readonly fromMs: number
  readonly marks: number
}

/** Gives routers that were observed, and have no sums yet, their place. */
export async function addRouters(tx: Transaction, hourMs: number): Promise<void> {
  await tx.execute(sql`
    insert into availability_routers (virtual_router_id, first_ms, computed_until_ms, settled_until_ms)
    select n.id, n.first_ms, n.first_ms, n.first_ms from (
      select v.id, floor(f.occurred_at_ms / ${hourMs}::float8) * ${hourMs}::float8 as first_ms
      from virtual_routers v cross join lateral (
        select t.occurred_at_ms from transitions t where t.virtual_router_id = v.id
        order by t.occurred_at_ms limit 1) f
      where not exists (select 1 from availability_routers a where a.virtual_router_id = v.id)) n
    on conflict do nothing`)
}

/** Those whose sums do not reach `toMs`, or are not true any more. */
export async function selectDueRouters(
  db: Queryable,
  toMs: number,
  limit: number,
): Promise<readonly DueRouter[]> {
  const rows = await db.execute<{ id: string; first_ms: number; from_ms: number; marks: string }>(sql`
    select virtual_router_id as id, first_ms, marks,
      least(computed_until_ms, settled_until_ms, stale_from_ms) as from_ms
    from availability_routers where computed_until_ms < ${toMs}::float8 or stale_from_ms is not null
    order by stale_from_ms is null, computed_until_ms limit ${limit}::int`)
  return rows.map((row) => ({
    id: row.id,
    firstMs: row.first_ms,
    fromMs: row.from_ms,
    marks: Number(row.marks),
  }))
}

export interface RouterSums {
  readonly id: string
  readonly hours: readonly PeriodSums[]
}

const COLUMNS = sql`virtual_router_id, start_ms, served_ms, degraded_ms, down_ms, unknown_ms, excluded_ms, outages`
const OVERWRITE = sql`set served_ms = excluded.served_ms, degraded_ms = excluded.degraded_ms,
  down_ms = excluded.down_ms, unknown_ms = excluded.unknown_ms, excluded_ms = excluded.excluded_ms,
  outages = excluded.outages`
const differs = sql`(s.served_ms, s.degraded_ms, s.down_ms, s.unknown_ms, s.excluded_ms, s.outages) is distinct from
  (excluded.served_ms, excluded.degraded_ms, excluded.down_ms, excluded.unknown_ms, excluded.excluded_ms, excluded.outages)`

/** Writes hours that are new or different, and the days they belong to. */
export async function putSums(tx: Transaction, sums: readonly RouterSums[], dayMs: number): Promise<void> {
  const hours = sums.flatMap(({ id, hours: own }) => own.map((hour) => ({ id, ...hour })))
  if (hours.length === 0) return
  await tx.execute(sql`
    insert into availability_hours as s (${COLUMNS})
    select * from ${recordset(
      hours,
      `as r(id uuid, "startMs" float8, "servedMs" float8, "degradedMs" float8, "downMs" float8, "unknownMs" float8,
        "excludedMs" float8, outages integer)`,
    )}
    on conflict (virtual_router_id, start_ms) do update ${OVERWRITE} where ${differs}`)
  const spans = sums.flatMap(({ id, hours: own }) => {
    const [first, last] = [own[0]?.startMs, own.at(-1)?.startMs]
    return first === undefined || last === undefined ? [] : [{ id, fromMs: first, toMs: last }]
  })
  await tx.execute(sql`
    insert into availability_days as s (${COLUMNS})
    select h.virtual_router_id, floor(h.start_ms / ${dayMs}::float8) * ${dayMs}::float8 as day_ms, sum(h.served_ms),
      sum(h.degraded_ms), sum(h.down_ms), sum(h.unknown_ms), sum(h.excluded_ms), sum(h.outages)
    from ${recordset(spans, 'as r(id uuid, "fromMs" float8, "toMs" float8)')}
    join availability_hours h on h.virtual_router_id = r.id
      and h.start_ms >= floor(r."fromMs" / ${dayMs}::float8) * ${dayMs}::float8
      and h.start_ms < (floor(r."toMs" / ${dayMs}::float8) + 1) * ${dayMs}::float8
    group by 1, 2
    on conflict (virtual_router_id, start_ms) do update ${OVERWRITE} where ${differs}`)
}

/** Notes how far routers are summed up. What was marked meanwhile stays to be done. */
export async function finishRouters(
  tx: Transaction,
  done: readonly {
    readonly id: string
    readonly firstMs: number
    readonly untilMs: number
    readonly settledMs: number
    readonly marks: number
  }[],
): Promise<void> {
  await tx.execute(sql`
    update availability_routers a set computed_until_ms = d."untilMs", settled_until_ms = d."settledMs",
      first_ms = d."firstMs", stale_from_ms = case when a.marks = d.marks then null else a.stale_from_ms end
    from ${recordset(
      done,
      'as d(id uuid, "firstMs" float8, "untilMs" float8, "settledMs" float8, marks bigint)',
    )}
    where a.virtual_router_id = d.id`)
}
