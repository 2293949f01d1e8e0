import type { VirtualRouter, VirtualRouterState } from '@aloft/shared/api/schemas'
import { z } from 'zod'
import type { Queryable } from '../database/client.ts'
import type { Reach } from '../database/reach.ts'
import { isoInstant, isoInstantOrNull } from '../http/instant.ts'
import { decodeCursor, isId, searchPage } from '../http/list-query.ts'
import { NotFound } from '../problems.ts'
import { stateOf, stateOfMembers } from './state.ts'
import {
  type MemberRow,
  type RouterRow,
  selectCounts,
  selectMembers,
  selectRouters,
  selectRoutersOf,
} from './store-read.ts'

export interface ListRouters {
  readonly reach: Reach
  readonly site?: string | undefined
  readonly name?: string | undefined
  readonly vrid?: number | undefined
  readonly family?: string | undefined
  readonly node?: string | undefined
  readonly state?: VirtualRouterState | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

const Cursor = z.tuple([z.string(), z.string(), z.uuid()])

export function listVirtualRouters(db: Queryable, { state, cursor, limit, ...filter }: ListRouters) {
  return searchPage<VirtualRouter, z.infer<typeof Cursor>>(decodeCursor(cursor, Cursor), limit, {
    read: async (after, rows) => withMembers(db, await selectRouters(db, { ...filter, after, limit: rows })),
    keysOf: ({ site, name, id }) => [site, name, id],
    isWanted: (router) => state === undefined || router.state === state,
  })
}

export async function getVirtualRouter(db: Queryable, reach: Reach, id: string): Promise<VirtualRouter> {
  const [router] = isId(id) ? await readVirtualRouters(db, [id], reach) : []
  if (router === undefined) throw new NotFound(`there is no virtual router ${id}`)
  return router
}

/** Those of the ids that exist within reach, as they are now. */
export async function readVirtualRouters(
  db: Queryable,
  ids: readonly string[],
  reach: Reach = 'everywhere',
): Promise<readonly VirtualRouter[]> {
  if (ids.length === 0) return []
  return withMembers(db, await selectRouters(db, { reach, ids, limit: ids.length }))
}

/** Ids of the virtual routers these agents take part in. */
export function routersOfAgents(db: Queryable, agentIds: readonly string[]): Promise<readonly string[]> {
  return selectRoutersOf(db, agentIds)
}

/** How many virtual routers of each site are in which state. */
export async function countStates(
  db: Queryable,
  siteIds: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<VirtualRouterState, number>>> {
  const sites = new Map<string, Map<VirtualRouterState, number>>()
  for (const { site_id, active, unseen, heard } of await selectCounts(db, siteIds)) {
    const states = sites.get(site_id) ?? new Map<VirtualRouterState, number>()
    sites.set(site_id, states)
    const state = stateOf(active, unseen, heard)
    states.set(state, (states.get(state) ?? 0) + 1)
  }
  return sites
}

async function withMembers(db: Queryable, rows: readonly RouterRow[]): Promise<VirtualRouter[]> {
  const members = await selectMembers(
    db,
    rows.map(({ id }) => id),
  )
  const byRouter = new Map<string, MemberRow[]>(rows.map(({ id }) => [id, []]))
  for (const member of members) byRouter.get(member.router)?.push(member)
  return rows.map((row) => toRouter(row, byRouter.get(row.id) ?? []))
}

/** The backup that hears an active which can say nothing itself, as lately as there is one. */
function witnessOf(rows: readonly MemberRow[]): VirtualRouter['witness'] {
  const speaking = new Set(rows.filter(({ known }) => known).map(({ source }) => source))
  const [witness] = rows
    .filter(({ hears }) => hears !== null && !speaking.has(hears))
    .sort((left, right) => (right.seen_at_ms ?? 0) - (left.seen_at_ms ?? 0))
  if (witness === undefined || witness.hears === null || witness.seen_at_ms === null) return null
  return { node: witness.node, address: witness.hears, at: isoInstant(witness.seen_at_ms) }
}

function toRouter(row: RouterRow, rows: readonly MemberRow[]): VirtualRouter {
  const heard = witnessOf(rows)
  const members = rows.map((member) => ({
    agentId: member.agent_id,
    node: member.node,
    role: member.known ? member.role : null,
    lastKnownRole: member.role,
    heard: heard !== null && !member.known && member.source === heard.address,
    since: isoInstant(member.since_ms),
    priority: member.priority,
    interface: member.interface,
  }))
  return {
    id: row.id,
    site: row.site,
    name: row.name,
    vrid: row.vrid,
    family: row.family,
    addresses: [...row.addresses],
    ...stateOfMembers(members, heard !== null),
    witness: members.some(({ role }) => role === 'active') ? null : heard,
    members,
    lastFailoverAt: isoInstantOrNull(row.last_failover_ms),
  }
}
