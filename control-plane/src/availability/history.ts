import type { Queryable } from '../database/client.ts'
import type { NodeHistory } from './lanes.ts'
import {
  type MemberNow,
  type RouterSpan,
  type StoredChange,
  type StoredHole,
  selectChanges,
  selectHoles,
  selectMembersNow,
} from './store-history.ts'

export type { RouterSpan } from './store-history.ts'

export interface RouterHistory {
  readonly id: string
  readonly nodes: readonly (NodeHistory & { readonly node: string })[]
  readonly gaps: readonly StoredHole[]
}

/** What is known of these routers' nodes over their periods. */
export async function readHistories(
  db: Queryable,
  spans: readonly RouterSpan[],
): Promise<ReadonlyMap<string, RouterHistory>> {
  if (spans.length === 0) return new Map()
  const [changed, [now, unseen]] = await Promise.all([selectChanges(db, spans), selectNow(db, spans)])
  const changes = groupBy(changed, ({ router }) => router)
  const members = groupBy(now, ({ router }) => router)
  const holes = groupBy(unseen, ({ agentId }) => agentId)
  return new Map(
    spans.map(({ id }) => [id, historyOf(id, changes.get(id) ?? [], members.get(id) ?? [], holes)] as const),
  )
}

async function selectNow(db: Queryable, spans: readonly RouterSpan[]) {
  const members = await selectMembersNow(
    db,
    spans.map(({ id }) => id),
  )
  const agents = [...new Set(members.map(({ agentId }) => agentId))]
  return [members, agents.length === 0 ? [] : await selectHoles(db, agents)] as const
}

function historyOf(
  id: string,
  changes: readonly StoredChange[],
  members: readonly MemberNow[],
  holes: ReadonlyMap<string, readonly StoredHole[]>,
): RouterHistory {
  const byAgent = groupBy(changes, ({ agentId }) => agentId)
  const taking = members.filter(({ agentId }) => byAgent.has(agentId))
  return {
    id,
    nodes: taking.map(({ agentId, node, role, knownUntilMs }) => {
      const own = byAgent.get(agentId) ?? []
      const lastMs = own.at(-1)?.atMs ?? 0
      // Who spoke after its session was last heard of did so in an event.
      const until = knownUntilMs === null ? null : Math.max(knownUntilMs, lastMs)
      return {
        agentId,
        node,
        changes: own,
        unseen: holes.get(agentId) ?? [],
        knownUntilMs: until,
        currentRole: role,
      }
    }),
    gaps: taking.flatMap(({ agentId }) => holes.get(agentId) ?? []),
  }
}

function groupBy<T>(list: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const item of list) {
    const key = keyOf(item)
    const own = groups.get(key) ?? []
    groups.set(key, own)
    own.push(item)
  }
  return groups
}
