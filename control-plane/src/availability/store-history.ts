import type { Role } from '@aloft/shared/protocol/events'
import { sql } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { recordset } from '../database/recordset.ts'
import type { RoleChange, Unseen } from './lanes.ts'

/** A router, and the period its history is wanted of. */
export interface RouterSpan {
  readonly id: string
  readonly fromMs: number
  readonly toMs: number
}

export type StoredChange = RoleChange & { readonly router: string }

/** Of each router: every change of role in its period, and each node's last one before and first one after. */
export async function selectChanges(
  db: Queryable,
  spans: readonly RouterSpan[],
): Promise<readonly StoredChange[]> {
  const columns = sql`e.agent_id, e.epoch, e.seq, e.occurred_at_ms, e.body`
  const rows = await db.execute<ChangeRow>(sql`
    select r.id as router, n.agent_id, n.seq, n.occurred_at_ms, p.started_at_ms, n.body ->> 'from' as from_role,
      coalesce(n.body ->> 'to', n.body ->> 'role') as to_role, n.body ->> 'reason' as reason,
      (n.body ->> 'outageMs')::float8 as outage_ms, (n.body #>> '{heard,agoMs}')::float8 as heard_ago_ms
    from ${recordset(spans, 'as r(id uuid, "fromMs" float8, "toMs" float8)')}
    join virtual_routers v on v.id = r.id
    cross join lateral (
      select ${columns} from transitions e
        where e.virtual_router_id = r.id and e.occurred_at_ms >= r."fromMs" and e.occurred_at_ms < r."toMs"
      union all select b.* from agents a cross join lateral (
        select ${columns} from transitions e where e.virtual_router_id = r.id and e.agent_id = a.id
          and e.occurred_at_ms < r."fromMs" order by e.occurred_at_ms desc fetch first 1 rows with ties) b
        where a.site_id = v.site_id
      union all select f.* from agents a cross join lateral (
        select ${columns} from transitions e where e.virtual_router_id = r.id and e.agent_id = a.id
          and e.occurred_at_ms >= r."toMs" order by e.occurred_at_ms fetch first 1 rows with ties) f
        where a.site_id = v.site_id
    ) n
    join agent_epochs p on p.agent_id = n.agent_id and p.epoch = n.epoch
    order by r.id, n.agent_id, n.occurred_at_ms, p.started_at_ms, n.seq`)
  return rows.map((row) => ({
    router: row.router,
    agentId: row.agent_id,
    atMs: row.occurred_at_ms,
    order: [row.started_at_ms, Number(row.seq)],
    from: row.from_role ?? row.to_role,
    to: row.to_role,
    heardAgoMs: row.outage_ms ?? row.heard_ago_ms,
    preempts: row.reason === 'preempted',
  }))
}

interface ChangeRow extends Record<string, unknown> {
  readonly router: string
  readonly agent_id: string
  readonly seq: string
  readonly occurred_at_ms: number
  readonly started_at_ms: number
  readonly from_role: Role | null
  readonly to_role: Role
  readonly reason: string | null
  readonly outage_ms: number | null
  readonly heard_ago_ms: number | null
}

export type StoredHole = Unseen & { readonly agentId: string; readonly events: number | null }

/** Periods of which events are lost, or in which an agent's host was down or not heard of; an open one ends with time. */
export async function selectHoles(
  db: Queryable,
  agentIds: readonly string[],
): Promise<readonly StoredHole[]> {
  const rows = await db.execute<{
    agent_id: string
    from_ms: number
    to_ms: number | null
    cause: string
    events: number | null
  }>(sql`
    with wanted as (select id from ${recordset(
      agentIds.map((id) => ({ id })),
      'as i(id uuid)',
    )}),
    boots as (
      select b.agent_id, b.boot_id, b.first_ms,
        case when s.boot_id = b.boot_id then greatest(b.last_ms, s.last_seen_at_ms) else b.last_ms end as last_ms
      from wanted w join agent_boots b on b.agent_id = w.id left join agent_sessions s on s.agent_id = b.agent_id),
    reboots as (
      select agent_id, first_ms as to_ms, max(last_ms) over (partition by agent_id order by first_ms, boot_id
        rows between unbounded preceding and 1 preceding) as from_ms from boots)
    select g.agent_id, g.from_ms, g.to_ms, g.cause, g.events from wanted w join agent_gaps g on g.agent_id = w.id
    union all select agent_id, from_ms, to_ms, 'restart', null from reboots where from_ms < to_ms
    order by 1, 2, 3`)
  return rows.map((row) => ({
    agentId: row.agent_id,
    fromMs: row.from_ms,
    toMs: row.to_ms ?? Number.POSITIVE_INFINITY,
    cause: row.cause,
    events: row.events,
  }))
}

export interface MemberNow {
  readonly router: string
  readonly agentId: string
  readonly node: string
  /** Null: the agent does not take part any more. */
  readonly role: Role | null
  /** Null: it is connected and tells what happens. */
  readonly knownUntilMs: number | null
}

/** What every agent of the routers' sites says of its part in them now, and until when it has told. */
export async function selectMembersNow(
  db: Queryable,
  routerIds: readonly string[],
): Promise<readonly MemberNow[]> {
  const rows = await db.execute<{
    router: string
    agent_id: string
    node: string
    role: Role | null
    known_until_ms: number | null
  }>(sql`
    select v.id as router, a.id as agent_id, a.node, m.role,
      case when s.disconnected_at_ms is null and s.synced and s.router_alive is not false then null
        else greatest(s.last_seen_at_ms, '-infinity',
          (select max(b.last_ms) from agent_boots b where b.agent_id = a.id)) end as known_until_ms
    from ${recordset(
      routerIds.map((id) => ({ id })),
      'as i(id uuid)',
    )}
    join virtual_routers v on v.id = i.id join agents a on a.site_id = v.site_id
    left join agent_sessions s on s.agent_id = a.id
    left join virtual_router_members m on m.virtual_router_id = v.id and m.agent_id = a.id
    order by v.id, a.node`)
  return rows.map((row) => ({
    router: row.router,
    agentId: row.agent_id,
    node: row.node,
    role: row.role,
    knownUntilMs: row.known_until_ms,
  }))
}
