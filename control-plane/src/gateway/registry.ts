import { randomBytes } from 'node:crypto'
import type { Host } from '../agents/admit.ts'
import type { NewerSession } from '../agents/presence.ts'
import { isOtherHost } from '../agents/rival.ts'
import type { Connection } from './connection.ts'

/** The open connections of this replica, and which one speaks for which agent. */
export interface Registry {
  add(connection: Connection): void
  remove(connection: Connection): void
  /** The connection was admitted: an older session of its agent ends, or it does if it is the older. */
  joined(connection: Connection): void
  /** These agents have a newer session on another replica, or had theirs ended from there. */
  superseded(newer: readonly NewerSession[]): void
  /** The connection that speaks for this agent here. */
  speakerOf(agentId: string): Connection | null
  all(): Iterable<Connection>
  /** Connections, admitted or not. */
  size(): number
  /** How many agents are connected here. */
  agents(): number
}

export function createRegistry(): Registry {
  const all = new Set<Connection>()
  const speakers = new Map<string, Connection>()
  return {
    add: (connection) => void all.add(connection),
    remove: (connection) => {
      all.delete(connection)
      const agentId = connection.agent?.agent.id
      if (agentId !== undefined && speakers.get(agentId) === connection) speakers.delete(agentId)
    },
    joined: (connection) => {
      const { agent } = connection
      if (agent === null) return
      const before = speakers.get(agent.agent.id)
      if (before !== undefined && (before.agent?.generation ?? 0) > agent.generation)
        return supersede(connection, before?.agent?.host ?? agent.host)
      speakers.set(agent.agent.id, connection)
      if (before !== undefined && before !== connection) supersede(before, agent.host)
    },
    superseded: (newer) => {
      for (const { agentId, generation, host, dismissal } of newer) {
        const speaker = speakers.get(agentId)
        if (speaker === undefined || (speaker.agent?.generation ?? 0) >= generation) continue
        if (dismissal === null) supersede(speaker, host)
        else speaker.tell({ kind: 'ended', ...dismissal })
      }
    },
    speakerOf: (agentId) => speakers.get(agentId) ?? null,
    all: () => all,
    size: () => all.size,
    agents: () => speakers.size,
  }
}

/** By a session of `by`: if that is another host, it is asked whether this one is there as well. */
function supersede(connection: Connection, by: Host): void {
  const isElsewhere = connection.agent !== null && isOtherHost(connection.agent.host, by)
  const probe = isElsewhere ? randomBytes(16).toString('base64url') : null
  connection.tell({ kind: 'superseded', probe })
}

/** An agent's first retry is random within this: 200 connections a second come back, however many there are. */
export function spreadMs(agents: number): number {
  return Math.min(120_000, Math.max(2_000, (agents / 200) * 1_000))
}
