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
}

interface Job {
  readonly batch: Batch
  resolve(outcome: Outcome): void
  reject(error: unknown): void
}

/** Enough to make the fixed cost of a transaction small, few enough to keep an ack under some 100 ms. */
const GROUP_EVENTS_MAX = 2_000
const RETRY_MS = 200

export function startWriter(options: WriterOptions): Writer {
  const state: WriterState = { ...options, queue: [], queued: 0, running: null, stopping: false, away: false }
  return {
    write: (batch) =>
      new Promise((resolve, reject) => {
        if (state.stopping) return reject(new Unavailable('the control plane is stopping'))
        state.queue.push({ batch, resolve, reject })
        state.queued += batch.events.length
        state.running ??= run(state).finally(() => {
          state.running = null
        })
      }),
    queued: () => state.queued,
    stop: async () => {
      state.stopping = true
      await state.running
      for (const { reject } of state.queue.splice(0)) reject(new Unavailable('the control plane is stopping'))
      state.queued = 0
    },
  }
}

interface WriterState extends WriterOptions {
  readonly queue: Job[]
  queued: number
  running: Promise<void> | null
  stopping: boolean
  away: boolean
}

async function run(state: WriterState): Promise<void> {
  while (state.queue.length > 0 && !state.stopping) {
    const group = nextGroup(state.queue)
    await writeGroup(state, group)
    state.queued -= eventsIn(group)
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

/** While the database is away the group waits: its agents are not acknowledged, and nothing of theirs is lost. */
async function writeGroup(state: WriterState, group: readonly Job[]): Promise<void> {
  for (;;) {
    try {
      const outcomes = await commit(state, group)
      if (state.away) state.log.info({}, 'the database answers again')
      state.away = false
      for (const [i, { resolve, reject }] of group.entries()) {
        const outcome = outcomes[i]
        if (outcome === undefined) reject(new Error('ingest gave no outcome for a batch'))
        else resolve(outcome)
      }
      return
    } catch (error) {
      if (error instanceof Unavailable && !state.stopping) {
        if (!state.away) state.log.warn({ err: error }, 'the database is away; events wait')
        state.away = true
        await sleep(RETRY_MS)
      } else return void (await writeAlone(state, group, error))
    }
  }
}

/** One batch that cannot be written must not hold up the others. */
async function writeAlone(state: WriterState, group: readonly Job[], error: unknown): Promise<void> {
  const [only] = group
  if (group.length === 1 || state.stopping) {
    for (const { reject } of group) reject(error)
    if (!state.stopping)
      state.log.warn({ err: error, agentId: only?.batch.agentId }, 'events cannot be written')
    return
  }
  for (const job of group) await writeGroup(state, [job])
}

function commit(state: WriterState, group: readonly Job[]): Promise<readonly Outcome[]> {
  const batches = group.map(({ batch }) => batch)
  return transact(state.db, (tx) => ingest(tx, batches, state.wallMs()))
}

function eventsIn(group: readonly Job[]): number {
  return group.reduce((sum, { batch }) => sum + batch.events.length, 0)
}
