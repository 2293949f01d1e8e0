import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { Connection } from './connection.ts'

/** The open connections of this replica, and which one speaks for which agent. */
export interface Registry {
  add(connection: Connection): void
  remove(connection: Connection): void
  /** The connection was admitted: an older session of its agent ends, or it does if it is the older. */
  joined(connection: Connection): void
  /** These agents have a newer session on another replica. */
  superseded(agentIds: readonly string[]): void
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
        return supersede(connection)
      speakers.set(agent.agent.id, connection)
      if (before !== undefined && before !== connection) supersede(before)
    },
    superseded: (agentIds) => {
      for (const agentId of agentIds) {
        const speaker = speakers.get(agentId)
        if (speaker !== undefined) supersede(speaker)
      }
    },
    all: () => all,
    size: () => all.size,
    agents: () => speakers.size,
  }
}

function supersede(connection: Connection): void {
  connection.tell({
    kind: 'ended',
    code: CloseCode.superseded,
    reason: 'a newer session of this agent took over',
  })
}

/** An agent's first retry is random within this: 200 connections a second come back, however many there are. */
export function spreadMs(agents: number): number {
  return Math.min(120_000, Math.max(2_000, (agents / 200) * 1_000))
}
