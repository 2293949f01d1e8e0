import type { Event } from '@aloft/shared/api/schemas'
import { readAgents } from '../agents/read.ts'
import type { Queryable } from '../database/client.ts'
import { readRuns } from '../events/read.ts'
import { readFailovers } from '../failovers/read.ts'
import { readVirtualRouters } from '../virtual-routers/read.ts'
import { formatPosition, type Position } from './position.ts'
import { type FeedRow, selectSitesOf } from './store.ts'

/** One message of the stream, as text, made once for all who read it. */
export interface Message {
  readonly position: Position
  /** Who does not reach this site is not shown the message. Null is of no site. */
  readonly siteId: string | null
  readonly text: string
}

/**
 * The messages of these feed rows, in order, each with its object as it is now. What is gone since has none, and what
 * changed several times is told once, at the last of them.
 */
export async function messagesOf(db: Queryable, rows: readonly FeedRow[]): Promise<readonly Message[]> {
  const [events, objects, sites] = await Promise.all([
    eventsOf(db, rows),
    objectsOf(db, rows),
    selectSitesOf(db, rows),
  ])
  const last = new Map(rows.map(({ kind, ref, id }) => [`${kind} ${ref}`, id]))
  return rows.flatMap((row) => {
    const siteId = sites.get(row.id) ?? null
    if (row.kind !== 'events') {
      const name = `${row.kind} ${row.ref}`
      const object = objects.get(name)
      return object === undefined || last.get(name) !== row.id
        ? []
        : [toMessage(row.kind, { siteId, position: { id: row.id, seq: null } }, object)]
    }
    const run = events.get(`${row.ref} ${row.epoch}`) ?? []
    return run
      .filter(({ seq }) => seq >= (row.firstSeq ?? 0) && seq <= (row.lastSeq ?? 0))
      .map((event) => toMessage('event', { siteId, position: { id: row.id, seq: event.seq } }, event))
  })
}

export function toMessage(kind: string, { position, siteId }: Omit<Message, 'text'>, data: unknown): Message {
  const text = `event: ${kind}\nid: ${formatPosition(position)}\ndata: ${JSON.stringify(data)}\n\n`
  return { position, siteId, text }
}

async function eventsOf(
  db: Queryable,
  rows: readonly FeedRow[],
): Promise<ReadonlyMap<string, readonly Event[]>> {
  const runs = rows.flatMap(({ kind, ref, epoch, firstSeq, lastSeq, fromWallMs, toWallMs }) =>
    kind === 'events' && epoch !== null && firstSeq !== null && lastSeq !== null
      ? [{ agentId: ref, epoch, firstSeq, lastSeq, fromWallMs, toWallMs }]
      : [],
  )
  const bySpool = new Map<string, Event[]>()
  for (const event of await readRuns(db, runs)) {
    const name = `${event.agentId} ${event.epoch}`
    const own = bySpool.get(name) ?? []
    bySpool.set(name, own)
    own.push(event)
  }
  return bySpool
}

async function objectsOf(db: Queryable, rows: readonly FeedRow[]): Promise<ReadonlyMap<string, unknown>> {
  const idsOf = (kind: FeedRow['kind']) => [
    ...new Set(rows.filter((row) => row.kind === kind).map(({ ref }) => ref)),
  ]
  const [failovers, routers, agents] = await Promise.all([
    readFailovers(db, idsOf('failover')),
    readVirtualRouters(db, idsOf('virtual-router')),
    readAgents(db, idsOf('agent')),
  ])
  return new Map<string, unknown>([
    ...failovers.map((object) => [`failover ${object.id}`, object] as const),
    ...routers.map((object) => [`virtual-router ${object.id}`, object] as const),
    ...agents.map((object) => [`agent ${object.id}`, object] as const),
  ])
}
