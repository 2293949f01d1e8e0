import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import { type Batch, ingest, type Outcome } from '../events/ingest.ts'
import { Unavailable } from '../problems.ts'

/** Events of all agents on their way to the database, written in as few transactions as the database asks for. */
export interface Writer {
  /** Settles once the batch is committed or refused; rejects if it alone cannot be written, or at `stop`. */
  write(batch: Batch): Promise<Outcome>
  /** Events accepted and not yet committed. */
  queued(): number
  /** Finishes the transaction under way; what is queued is not acknowledged, so the agents keep it. */
  stop(): Promise<void>
}

export interface WriterOptions {
  readonly db: Database
  readonly wallMs: () => number
  readonly log: { warn(facts: object, message: string): void; info(facts: object, message: string): void }
  /** Told of every transaction once it is committed. Must not throw, and not take long. */
  readonly committed?: (commit: Commit) => void
}

/** A transaction of ingest: what it wrote, what came of each batch, and when. */
export interface Commit {
  readonly batches: readonly Batch[]
  readonly outcomes: readonly Outcome[]
  readonly beganAtMs: number
  readonly committedAtMs: number
}

interface Job {
  readonly batch: Batch
  resolve(outcome: Outcome): void
  reject(error: unknown): void
}

/** Enough to make the fixed cost of a transaction small, few enough to keep an ack under some 100 ms. */
const GROUP_EVENTS_MAX = 2_000
const RETRY_MS = 200

/**
 * Transactions under way at once: while PostgreSQL works on one, the other is prepared here. A site's batches keep to one
 * lane, so that they stay in order and two transactions never want the same rows; only the feed's lock is common.
 */
const LANES = 2

export function startWriter(options: WriterOptions): Writer {
  const common: Common = { ...options, stopping: false, away: false }
  const lanes = Array.from({ length: LANES }, (): Lane => ({ common, queue: [], queued: 0, running: null }))
  return {
    write: (batch) =>
      new Promise((resolve, reject) => {
        const lane = lanes[laneOf(batch.siteId)]
        if (common.stopping || lane === undefined)
          return reject(new Unavailable('the control plane is stopping'))
        lane.queue.push({ batch, resolve, reject })
        lane.queued += batch.events.length
        lane.running ??= run(lane).finally(() => {
          lane.running = null
        })
      }),
    queued: () => lanes.reduce((sum, { queued }) => sum + queued, 0),
    stop: async () => {
      common.stopping = true
      for (const lane of lanes) {
        await lane.running
        for (const { reject } of lane.queue.splice(0))
          reject(new Unavailable('the control plane is stopping'))
        lane.queued = 0
      }
    },
  }
}

interface Common extends WriterOptions {
  stopping: boolean
  away: boolean
}

interface Lane {
  readonly common: Common
  readonly queue: Job[]
  queued: number
  running: Promise<void> | null
}

/** Ids are random, so any part of one spreads sites evenly. */
export function laneOf(siteId: string): number {
  return Number.parseInt(siteId.slice(-4), 16) % LANES || 0
}

async function run(lane: Lane): Promise<void> {
  while (lane.queue.length > 0 && !lane.common.stopping) {
    const group = nextGroup(lane.queue)
    await writeGroup(lane.common, group)
    lane.queued -= eventsIn(group)
  }
}

function nextGroup(queue: Job[]): readonly Job[] {
  let events = 0
  let jobs = 0
  for (const { batch } of queue) {
    if (jobs > 0 && events + batch.events.length > GROUP_EVENTS_MAX) break
    events += batch.events.length
    jobs++
  }
  return queue.splice(0, jobs)
}

/** While the database is away, or its disk full, the group waits: its agents are not acknowledged, and nothing of theirs is lost. */
async function writeGroup(state: Common, group: readonly Job[]): Promise<void> {
  for (;;) {
    try {
      const outcomes = await commit(state, group)
      if (state.away) state.log.info({}, 'the database takes events again')
      state.away = false
      for (const [i, { resolve, reject }] of group.entries()) {
        const outcome = outcomes[i]
        if (outcome === undefined) reject(new Error('ingest gave no outcome for a batch'))
        else resolve(outcome)
      }
      return
    } catch (error) {
      if (error instanceof Unavailable && !state.stopping) {
        if (!state.away) state.log.warn({ err: error }, `${error.message}; events wait`)
        state.away = true
        await sleep(RETRY_MS)
      } else return void (await writeAlone(state, group, error))
    }
  }
}

/** One batch that cannot be written must not hold up the others. */
async function writeAlone(state: Common, group: readonly Job[], error: unknown): Promise<void> {
  const [only] = group
  if (group.length === 1 || state.stopping) {
    for (const { reject } of group) reject(error)
    if (!state.stopping)
      state.log.warn({ err: error, agentId: only?.batch.agentId }, 'events cannot be written')
    return
  }
  for (const job of group) await writeGroup(state, [job])
}

async function commit(state: Common, group: readonly Job[]): Promise<readonly Outcome[]> {
  const batches = group.map(({ batch }) => batch)
  const beganAtMs = state.wallMs()
  const outcomes = await transact(state.db, (tx) => ingest(tx, batches, state.wallMs()))
  state.committed?.({ batches, outcomes, beganAtMs, committedAtMs: state.wallMs() })
  return outcomes
}

function eventsIn(group: readonly Job[]): number {
  return group.reduce((sum, { batch }) => sum + batch.events.length, 0)
}
