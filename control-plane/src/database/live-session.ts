import { type SQL, sql } from 'drizzle-orm'
import {
  EXCHANGE_SILENCE_MS,
  OFFLINE_GRACE_MS,
  REPLICA_LEASE_MS,
  WITNESS_MARGIN_MS,
} from '../agents/absence.ts'

/**
 * What is known of an agent and its part in virtual routers, derived when it is read. All instants that are
 * compared here are by the clock of the database, so that a replica whose clock is wrong makes nobody absent.
 */
export const databaseNow = sql`(extract(epoch from statement_timestamp()) * 1000)`

/** Whether the replica that holds open session `s` lives. One over HTTP requests is held by none: it lives by what it says. */
const replicaLives = (s: SQL) => sql`(case when ${s}.transport = 'exchange'
  then ${s}.last_seen_at_ms >= ${databaseNow} - ${EXCHANGE_SILENCE_MS} else exists (select 1 from replicas lease where lease.id = ${s}.replica
    and lease.seen_at_ms >= ${databaseNow} - ${REPLICA_LEASE_MS}) end)`

/** Whether session `s` is open, on a replica that lives. */
export const isOpen = (s: SQL) => sql`(${s}.disconnected_at_ms is null and ${replicaLives(s)})`

/** Whether a peer took over from the agent of session `s` since its last word. */
const wasTakenOver = (s: SQL) => sql`exists (select 1 from virtual_router_members taken
  where taken.agent_id = ${s}.agent_id and taken.taken_at_ms > ${s}.last_seen_at_ms)`

/** Open, or ended so lately that the agent may still be on its way back: unless a peer knows better. */
const isLive = (s: SQL) => sql`case when ${s}.disconnected_at_ms is null then ${replicaLives(s)}
  else ${s}.disconnected_at_ms > ${databaseNow} - ${OFFLINE_GRACE_MS}
    and ${s}.disconnected_at_ms < ${databaseNow} + ${OFFLINE_GRACE_MS} and ${s}.dismissed_code is null
    and not ${wasTakenOver(s)} end`

/** `left join` of the live session `s` of agent `a`: its columns are null when the agent is absent. */
export const joinLiveSession = sql`
  left join agent_sessions s on s.agent_id = a.id and ${isLive(sql`s`)}`

/**
 * Whether what member `m` of agent `a` says is the truth now: connected, snapshot taken, router process answering, and
 * no peer took its role since its last word. Otherwise its role is unknown, whatever it was.
 */
export const roleIsKnown = sql`(s.agent_id is not null and s.synced and s.router_alive is not false
  and not coalesce(m.taken_at_ms > s.last_seen_at_ms, false))`

/** Member `w`, with its session `ws`, is a backup that can be asked now, and hears an active at `heard_address`. */
export const joinWitnesses = sql`
  join agent_sessions ws on ws.agent_id = w.agent_id and ${isOpen(sql`ws`)} and ws.synced
    and ws.router_alive is not false and w.role = 'backup' and w.heard_address is not null`

/** Of agent `a` with its newest session `last`: members `m` whose adverts witness `w` still hears. */
const heardMembers = sql`
  virtual_router_members m
  join virtual_router_members w on w.virtual_router_id = m.virtual_router_id and w.agent_id <> m.agent_id
    and w.heard_address = m.source
  ${joinWitnesses}
  where m.agent_id = a.id and ws.last_seen_at_ms > last.last_seen_at_ms
    and ws.last_seen_at_ms > coalesce(m.taken_at_ms, 0) + ${WITNESS_MARGIN_MS}`

/** The centre cannot blame the agent: it was away itself when the absence began, or ended the session. */
const isExcused = sql`(last.disconnected_at_ms is null or ${databaseNow} < coalesce(last.excused_until_ms, 0)
  or exists (select 1 from centre_watch watch
    where last.disconnected_at_ms >= watch.away_since_ms and ${databaseNow} < watch.amnesty_until_ms))`

/**
 * The state of agent `a`, with its newest session `last` and its live one `s`: by evidence alone. A peer that hears it
 * says more than one that took over elsewhere; who nobody can speak of is unknown.
 */
export const agentState = sql`case
  when a.standing = 'revoked' then 'revoked'
  when a.quarantined_reason is not null then 'quarantined'
  when a.standing = 'pending' then 'pending'
  when s.agent_id is not null then 'connected'
  when last.agent_id is null then 'enrolled'
  when ${isExcused} then 'unknown'
  when exists (select 1 from ${heardMembers}) then 'silent'
  when ${wasTakenOver(sql`last`)} then 'down'
  else 'unknown' end`

/** What that state stands on, of an agent that is silent or down: who says so, of which router, and when. */
export const agentEvidence = sql`case ${agentState}
  when 'silent' then (select jsonb_build_object('agentId', w.agent_id, 'routerId', m.virtual_router_id,
      'atMs', ws.last_seen_at_ms) from ${heardMembers} order by ws.last_seen_at_ms desc, w.agent_id limit 1)
  when 'down' then (select jsonb_build_object('agentId', m.taken_by, 'routerId', m.virtual_router_id,
      'atMs', m.taken_at_ms) from virtual_router_members m where m.agent_id = a.id and m.taken_at_ms is not null
      order by m.taken_at_ms desc limit 1)
  end`
