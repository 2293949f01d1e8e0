import { sql } from 'drizzle-orm'

/**
 * `left join` of the live session `s` of agent `a`: its columns are null when the agent is not connected. Sessions of
 * a replica that died are ended by whichever replica lives (`agents/presence.ts`).
 */
export const joinLiveSession = sql`
  left join agent_sessions s on s.agent_id = a.id and s.disconnected_at_ms is null`

/**
 * Whether what the members say of agent `a` is the truth now: connected, snapshot taken, router process answering.
 * Otherwise its role is unknown, whatever it was.
 */
export const roleIsKnown = sql`(s.agent_id is not null and s.synced and s.router_alive is not false)`
