import { hash } from 'node:crypto'
import type { SpooledEvent, TransitionBody } from '@aloft/shared/protocol/events'
import { quarantine } from '../agents/quarantine.ts'
import { recordSightings } from '../availability/record.ts'
import { askTaken } from '../commands/ask-taken.ts'
import type { Transaction } from '../database/client.ts'
import type { EventKey } from '../database/schema/index.ts'
import { recordFailovers } from '../failovers/record.ts'
import { appendToFeed, type Change } from '../feed/append.ts'
import type { ClockOffset } from '../gateway/machine.ts'
import { recordTransitions, transitionsOf } from '../transitions/record.ts'
import { observeRouters, type RouterObservation } from '../virtual-routers/observe.ts'
import { correctTime } from './corrected-time.ts'
import { planBatch } from './held.ts'
import {
  advanceCursors,
  type Cursor,
  type EventPlace,
  type EventRow,
  heldHashes,
  insertEvents,
  lockCursors,
  newestGenerations,
} from './store-ingest.ts'

/** Of an instant whose clock offset was never measured. */
const UNKNOWN_ERROR_MS = 1_000

/** Events of one spool as a session delivered them. `liveAfterSeq`: those up to it are older than the session. */
export interface Batch {
  readonly agentId: string
  readonly siteId: string
  /** Of the session that delivers them; null when it is none of ours. */
  readonly generation: number | null
  readonly epoch: string
  readonly events: readonly SpooledEvent[]
  readonly clock: ClockOffset | null
  readonly liveAfterSeq: number
  readonly receivedAtMs: number
}

/** `held`: everything up to `seq` is in the database once the transaction commits. */
export type Outcome =
  | { readonly kind: 'held'; readonly seq: number }
  | { readonly kind: 'hole'; readonly afterSeq: number }
  /** A held key came with another content: the agent's history was rewound, or two hosts share an identity. */
  | { readonly kind: 'conflict'; readonly seq: number }
  /** A newer session of the agent was opened: what this one says changes nothing any more. */
  | { readonly kind: 'superseded' }
  /** The spool was never admitted, or the agent is gone. */
  | { readonly kind: 'unknown' }

/**
 * Takes batches of any number of agents, in order, each event at most once; outcomes in the order of the batches.
 * The cursor of a spool is locked first and moved last, so that two sessions of one agent cannot interleave.
 * Everything derived (routers, failovers, feed) is in the same transaction: either all of it is there or none.
 */
export async function ingest(
  tx: Transaction,
  batches: readonly Batch[],
  nowMs: number,
): Promise<readonly Outcome[]> {
  // Opening a session locks the cursor too: who has it now is read after that lock, for a connection takes one after the other.
  const [locked, newest] = await Promise.all([
    lockCursors(tx, batches.map(spoolOf)),
    newestGenerations(
      tx,
      batches.map(({ agentId }) => agentId),
    ),
  ])
  const cursors = new Map(locked.map((cursor) => [nameOf(cursor), cursor] as const))
  const speaks = ({ agentId, generation }: Batch) => generation === null || generation === newest.get(agentId)
  const rewound = await findRewound(tx, batches.filter(speaks), cursors)
  const { outcomes, rows } = take(batches, { cursors, rewound, speaks })
  for (const [agentId, key] of rewound)
    await quarantine(tx, agentId, `event ${key.epoch}/${key.seq} came again with another content`, nowMs)
  const changes: Change[] = [...rewound.keys()].map((ref) => ({ kind: 'agent', ref }))
  if (rows.length > 0) {
    const observations = rows.flatMap((row) => observationOf(row, cursors))
    // Asked at once, and so over the one connection in this order: a small group would else spend most of its time waiting for
    // its next turn. Who asks on after its answer comes last, for when one fails those after it fail, and none asks on.
    const [, , touched] = await Promise.all([
      insertEvents(tx, rows),
      advanceCursors(tx, [...cursors.values()]),
      observeRouters(tx, observations, nowMs),
    ])
    await askTaken(tx, touched.taken, nowMs)
    const transitions = transitionsOf(rows, touched.routers)
    const [, failovers] = await Promise.all([
      recordTransitions(tx, transitions),
      recordFailovers(tx, touched.routers, transitions),
    ])
    await recordSightings(tx, rows, nowMs)
    changes.push(...runsOf(rows))
    for (const ref of touched.changed) changes.push({ kind: 'virtual-router', ref })
    for (const ref of failovers) changes.push({ kind: 'failover', ref })
  }
  await appendToFeed(tx, changes, nowMs)
  return outcomes
}

/** Agents that sent a key with another content than is held, or than they sent before, and which key. */
async function findRewound(
  tx: Transaction,
  batches: readonly Batch[],
  cursors: ReadonlyMap<string, Cursor>,
): Promise<ReadonlyMap<string, EventKey>> {
  const rewound = new Map<string, EventKey>()
  const sent = new Map<string, Map<number, string>>()
  const again: EventPlace[] = []
  for (const { agentId, epoch, events } of batches) {
    const spool = nameOf({ agentId, epoch })
    const heldSeq = cursors.get(spool)?.seq ?? 0
    const hashesOf = sent.get(spool) ?? new Map<number, string>()
    sent.set(spool, hashesOf)
    for (const event of events) {
      const { seq } = event
      const made = contentHash(event)
      if ((hashesOf.get(seq) ?? made) !== made) rewound.set(agentId, { agentId, epoch, seq })
      hashesOf.set(seq, made)
      if (seq <= heldSeq) again.push({ agentId, epoch, seq, wallMs: event.at.wallMs })
    }
  }
  for (const { contentHash: held, ...key } of await heldAs(tx, again)) {
    if (sent.get(nameOf(key))?.get(key.seq) !== held) rewound.set(key.agentId, key)
  }
  return rewound
}

/**
 * What is held of these events. An honest repetition is found in its own day; only what is not there is looked for in
 * all days: held with another clock, or dropped with its day long ago.
 */
async function heldAs(tx: Transaction, again: readonly EventPlace[]): ReturnType<typeof heldHashes> {
  if (again.length === 0) return []
  const found = await heldHashes(tx, again, false)
  const known = new Set(found.map(nameOfKey))
  const elsewhere = again.filter((place) => !known.has(nameOfKey(place)))
  return elsewhere.length === 0 ? found : [...found, ...(await heldHashes(tx, elsewhere, true))]
}

/** Moves the cursors in memory, batch by batch, and gives the rows to insert. */
function take(
  batches: readonly Batch[],
  {
    cursors,
    rewound,
    speaks,
  }: {
    readonly cursors: Map<string, Cursor>
    readonly rewound: ReadonlyMap<string, EventKey>
    readonly speaks: (batch: Batch) => boolean
  },
): { readonly outcomes: readonly Outcome[]; readonly rows: readonly EventRow[] } {
  const rows: EventRow[] = []
  const outcomes = batches.map((batch): Outcome => {
    if (!speaks(batch)) return { kind: 'superseded' }
    const conflict = rewound.get(batch.agentId)
    if (conflict !== undefined) return { kind: 'conflict', seq: conflict.seq }
    const cursor = cursors.get(nameOf(batch))
    if (cursor === undefined) return { kind: 'unknown' }
    const plan = planBatch(cursor.seq, batch.events)
    if (plan.kind === 'hole') return { kind: 'hole', afterSeq: cursor.seq }
    rows.push(...plan.fresh.map((event) => rowOf(batch, event)))
    const seq = plan.fresh.at(-1)?.seq ?? cursor.seq
    cursors.set(nameOf(batch), { ...cursor, seq })
    return { kind: 'held', seq }
  })
  return { outcomes, rows }
}

function rowOf(batch: Batch, event: SpooledEvent): EventRow {
  const { agentId, epoch, siteId, receivedAtMs, clock } = batch
  const backlog = event.seq <= batch.liveAfterSeq
  return {
    agentId,
    epoch,
    seq: event.seq,
    siteId,
    at: event.at,
    ...correctTime(event.at.wallMs, { clock, receivedAtMs, backlog }),
    receivedAtMs,
    body: event.body,
    contentHash: contentHash(event),
  }
}

function observationOf(row: EventRow, cursors: ReadonlyMap<string, Cursor>): RouterObservation[] {
  const { body, siteId, agentId, epoch, seq, occurredAtMs } = row
  if (body.kind !== 'transition' && body.kind !== 'resumed' && body.kind !== 'priority') return []
  const epochStartedAtMs = cursors.get(nameOf(row))?.startedAtMs ?? 0
  return [
    {
      siteId,
      agentId,
      epoch,
      epochStartedAtMs,
      asOfSeq: seq,
      name: body.virtualRouter,
      vrid: body.vrid,
      family: body.family,
      interface: body.interface,
      role: body.kind === 'transition' ? body.to : body.role,
      priority: body.kind === 'priority' ? body.to : body.priority,
      addresses: body.kind === 'transition' ? body.addresses : null,
      atMs: occurredAtMs,
      entered: body.kind === 'transition',
      agoMs: Math.max(0, row.receivedAtMs - occurredAtMs),
      agoErrorMs: row.occurredAtErrorMs ?? UNKNOWN_ERROR_MS,
      source: body.kind === 'transition' ? (body.source ?? null) : null,
      heard: body.kind === 'transition' ? heardBy(body) : undefined,
      tookFrom: body.kind === 'transition' ? tookFrom(body) : null,
    },
  ]
}

/** Where the active is that a node hears once it is a backup. An advertisement of priority 0 is a farewell. */
function heardBy({ to, heard }: TransitionBody): string | null {
  return to === 'backup' && heard !== null && heard.priority > 0 ? heard.address : null
}

/** Silence alone is evidence: who gave its role away, or was outranked, is as alive as before. */
function tookFrom({ to, reason, heard }: TransitionBody): string | null {
  return to === 'active' && reason === 'no-response' ? (heard?.address ?? null) : null
}

/** Runs of events without a hole, one for each spool: the new events of a spool in one transaction follow each other. */
function runsOf(rows: readonly EventRow[]): Change[] {
  const runs = new Map<string, Extract<Change, { kind: 'events' }>>()
  for (const row of rows) {
    const { agentId, epoch, seq } = row
    const { wallMs } = row.at
    const run = runs.get(nameOf(row))
    runs.set(nameOf(row), {
      kind: 'events',
      agentId,
      epoch,
      firstSeq: run?.firstSeq ?? seq,
      lastSeq: seq,
      fromWallMs: Math.min(run?.fromWallMs ?? wallMs, wallMs),
      toWallMs: Math.max(run?.toWallMs ?? wallMs, wallMs),
    })
  }
  return [...runs.values()]
}

/**
 * The decoder gives the keys in the schema's order, so equal events have equal JSON. Each event is looked at twice on its
 * way and hashed once: this is what ingest spends most on outside the database.
 */
function contentHash(event: SpooledEvent): string {
  const known = hashes.get(event)
  if (known !== undefined) return known
  const made = hash('sha256', JSON.stringify([event.at, event.body]))
  hashes.set(event, made)
  return made
}

const hashes = new WeakMap<SpooledEvent, string>()

const spoolOf = ({ agentId, epoch }: Batch) => ({ agentId, epoch })
const nameOf = ({ agentId, epoch }: { readonly agentId: string; readonly epoch: string }) =>
  `${agentId}/${epoch}`
const nameOfKey = (key: EventKey) => `${nameOf(key)}/${key.seq}`
