import type { AgentState } from '@aloft/shared/api/schemas'
import { type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { agentEvidence, agentState, joinLiveSession } from '../database/live-session.ts'
import { type Reach, withinReach } from '../database/reach.ts'
import { recordset } from '../database/recordset.ts'
import type { Labels, Standing } from '../database/schema/index.ts'

export interface AgentRow extends Record<string, unknown> {
  readonly id: string
  readonly site: string
  readonly node: string
  readonly software: string
  readonly enrolled_at_ms: number
  readonly enrolled_from: string | null
  readonly state: AgentState
  readonly evidence_node: string | null
  readonly evidence_router: string | null
  readonly evidence_at_ms: number | null
  readonly quarantined_reason: string | null
  readonly standing: Standing
  readonly standing_reason: string | null
  readonly labels: Labels
  readonly public_key: string
  readonly key_since_ms: number
  readonly rotate_requested_at_ms: number | null
  readonly credential_expires_at_ms: number | null
  readonly connected_at_ms: number | null
  readonly last_seen_at_ms: number | null
  readonly clock_offset_ms: number | null
  readonly clock_error_ms: number | null
  readonly spool_backlog: number | null
  readonly router_alive: boolean | null
}

export interface AgentFilter {
  readonly reach: Reach
  readonly ids?: readonly string[]
  readonly site?: string | undefined
  readonly node?: string | undefined
  /** All of these. */
  readonly label?: Labels | undefined
  readonly after?: readonly [site: string, node: string] | null
  readonly limit: number
}

/** By site and node; at most `limit`. `last` is the newest session, ended or not; `s` the live one. */
export async function selectAgents(db: Queryable, filter: AgentFilter): Promise<readonly AgentRow[]> {
  const conditions: SQL[] = [withinReach(filter.reach, sql`a.site_id`)]
  if (filter.ids)
    conditions.push(
      sql`a.id in (select id from ${recordset(
        filter.ids.map((id) => ({ id })),
        'as i(id uuid)',
      )})`,
    )
  if (filter.site !== undefined) conditions.push(sql`t.name = ${filter.site}`)
  if (filter.node !== undefined) conditions.push(sql`a.node = ${filter.node}`)
  if (filter.label) conditions.push(sql`a.labels @> ${JSON.stringify(filter.label)}::text::jsonb`)
  if (filter.after) conditions.push(sql`(t.name, a.node) > (${filter.after[0]}, ${filter.after[1]})`)
  return db.execute<AgentRow>(sql`
    select a.id, t.name as site, a.node, a.software, a.enrolled_at_ms, a.enrolled_from, a.quarantined_reason, a.standing,
      a.standing_reason, a.public_key, a.labels, coalesce(a.key_since_ms, a.enrolled_at_ms) as key_since_ms, a.rotate_requested_at_ms,
      a.credential_expires_at_ms, st.state, peer.node as evidence_node,
      v.name as evidence_router, (st.evidence->>'atMs')::float8 as evidence_at_ms, s.connected_at_ms,
      last.last_seen_at_ms, last.clock_offset_ms, last.clock_error_ms, s.spool_backlog, s.router_alive
    from agents a join sites t on t.id = a.site_id
    left join agent_sessions last on last.agent_id = a.id
    ${joinLiveSession}
    cross join lateral (select ${agentState} as state, ${agentEvidence} as evidence) st
    left join agents peer on peer.id = (st.evidence->>'agentId')::uuid
    left join virtual_routers v on v.id = (st.evidence->>'routerId')::uuid
    where ${sql.join(conditions, sql` and `)}
    order by t.name, a.node limit ${filter.limit}::int`)
}
