import type { Agent, AgentState } from '@aloft/shared/api/schemas'
import { z } from 'zod'
import type { Queryable } from '../database/client.ts'
import type { Reach } from '../database/reach.ts'
import type { Revised } from '../http/entity-tag.ts'
import { isoInstant, isoInstantOrNull } from '../http/instant.ts'
import { decodeCursor, isId, searchPage } from '../http/list-query.ts'
import { NotFound } from '../problems.ts'
import { fingerprintOf } from './fingerprint.ts'
import { agentRevision } from './revision.ts'
import { type AgentRow, selectAgents } from './store-read.ts'

export interface ListAgents {
  readonly reach: Reach
  readonly site?: string | undefined
  readonly node?: string | undefined
  readonly label?: Readonly<Record<string, string>> | undefined
  readonly state?: AgentState | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

const Cursor = z.tuple([z.string(), z.string()])

export function listAgents(db: Queryable, { state, cursor, limit, ...filter }: ListAgents) {
  return searchPage<Agent, z.infer<typeof Cursor>>(decodeCursor(cursor, Cursor), limit, {
    read: async (after, rows) => (await selectAgents(db, { ...filter, after, limit: rows })).map(toAgent),
    keysOf: ({ site, node }) => [site, node],
    isWanted: (agent) => state === undefined || agent.state === state,
  })
}

export async function getAgent(db: Queryable, reach: Reach, id: string): Promise<Revised<Agent>> {
  const [row] = isId(id) ? await selectAgents(db, { reach, ids: [id], limit: 1 }) : []
  if (row === undefined) throw new NotFound(`there is no agent ${id}`)
  return { value: toAgent(row), revision: revisionOf(row) }
}

function revisionOf(row: AgentRow): string {
  return agentRevision({
    publicKey: row.public_key,
    standing: row.standing,
    standingReason: row.standing_reason,
    quarantinedReason: row.quarantined_reason,
    rotateRequestedAtMs: row.rotate_requested_at_ms,
  })
}

/** Those of the ids that exist within reach, as they are now. */
export async function readAgents(
  db: Queryable,
  ids: readonly string[],
  reach: Reach = 'everywhere',
): Promise<readonly Agent[]> {
  return ids.length === 0 ? [] : (await selectAgents(db, { reach, ids, limit: ids.length })).map(toAgent)
}

function toAgent(row: AgentRow): Agent {
  const { clock_offset_ms: offsetMs, clock_error_ms: errorMs } = row
  return {
    id: row.id,
    site: row.site,
    node: row.node,
    state: row.state,
    evidence: evidenceOf(row),
    software: row.software === '' ? null : row.software,
    enrolledAt: isoInstant(row.enrolled_at_ms),
    connectedSince: isoInstantOrNull(row.connected_at_ms),
    lastSeenAt: isoInstantOrNull(row.last_seen_at_ms),
    clock: offsetMs === null || errorMs === null ? null : { offsetMs, errorMs },
    spoolBacklog: row.spool_backlog,
    routerAlive: row.router_alive,
    labels: row.labels,
    reason:
      row.standing === 'revoked' ? row.standing_reason : (row.quarantined_reason ?? row.standing_reason),
    keyFingerprint: fingerprintOf(row.public_key),
    keySince: isoInstant(row.key_since_ms),
    enrolledFrom: row.enrolled_from,
    keyRotationAsked: row.rotate_requested_at_ms !== null,
    credentialExpiresAt: isoInstantOrNull(row.credential_expires_at_ms),
  }
}

function evidenceOf(row: AgentRow): Agent['evidence'] {
  const { evidence_node: node, evidence_router: virtualRouter, evidence_at_ms: atMs } = row
  return node === null || virtualRouter === null || atMs === null
    ? null
    : { node, virtualRouter, at: isoInstant(atMs) }
}
