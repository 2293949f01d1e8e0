import { sql } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'

export interface Backlog {
  readonly events: number
  readonly agents: number
  /** The worst of them. */
  readonly worst: readonly { readonly site: string; readonly node: string; readonly events: number }[]
}

/** Events that agents last said they hold and the centre does not. */
export async function selectBacklog(db: Queryable, worst: number): Promise<Backlog> {
  const [total] = await db.execute<{ events: string; agents: string }>(sql`
    select coalesce(sum(spool_backlog), 0) as events, count(*) as agents from agent_sessions where spool_backlog > 0`)
  const rows = await db.execute<{ site: string; node: string; events: number }>(sql`
    select si.name as site, a.node, s.spool_backlog as events
    from agent_sessions s join agents a on a.id = s.agent_id join sites si on si.id = a.site_id
    where s.spool_backlog > 0 order by s.spool_backlog desc, si.name, a.node limit ${worst}`)
  return {
    events: Number(total?.events ?? 0),
    agents: Number(total?.agents ?? 0),
    worst: rows.map(({ site, node, events }) => ({ site, node, events })),
  }
}

export async function countSessions(
  db: Queryable,
): Promise<readonly { readonly replica: string; readonly sessions: number }[]> {
  const rows = await db.execute<{ replica: string; sessions: string }>(sql`
    select replica, count(*) as sessions from agent_sessions where disconnected_at_ms is null group by 1 order by 1`)
  return rows.map((row) => ({ replica: row.replica, sessions: Number(row.sessions) }))
}

export async function countReplicas(db: Queryable): Promise<number> {
  const [row] = await db.execute<{ count: string }>(sql`select count(*) from replicas`)
  return Number(row?.count ?? 0)
}

export interface DutyRow {
  readonly name: string
  readonly replica: string
  readonly startedAtMs: number
  readonly failures: number
}

export async function selectDuties(db: Queryable): Promise<readonly DutyRow[]> {
  const rows = await db.execute<{ name: string; replica: string; started_at_ms: number; failures: number }>(
    sql`select name, replica, started_at_ms, failures from duties order by name`,
  )
  return rows.map(({ name, replica, started_at_ms: startedAtMs, failures }) => ({
    name,
    replica,
    startedAtMs,
    failures,
  }))
}

export interface Partitions {
  /** Those of days; the default one, which is for clocks that are far off, aside. */
  readonly days: number
  readonly bytes: number
  /** Rows of the default partition, as PostgreSQL estimates them; null before it ever looked. */
  readonly strayRows: number | null
}

export async function selectPartitions(db: Queryable): Promise<Partitions> {
  const [row] = await db.execute<{ days: string; bytes: string; stray: number | null }>(sql`
    select count(*) filter (where c.oid <> p.partdefid) as days,
      coalesce(sum(pg_total_relation_size(c.oid)), 0) as bytes,
      max(c.reltuples) filter (where c.oid = p.partdefid and c.reltuples >= 0) as stray
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
      join pg_partitioned_table p on p.partrelid = i.inhparent
    where i.inhparent = 'events'::regclass`)
  return { days: Number(row?.days ?? 0), bytes: Number(row?.bytes ?? 0), strayRows: row?.stray ?? null }
}
