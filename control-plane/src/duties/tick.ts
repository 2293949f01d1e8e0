import type { Database, Transaction } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import { type Duty, type Fence, LostFence } from './duty.ts'
import { beginRun, endRun, holdFence, keepLock, limitIdle, selectDue, tryLock } from './store.ts'

export interface TickOptions {
  /** Needs two connections for each duty that runs: one holds the lock. */
  readonly db: Database
  readonly duties: readonly Duty[]
  /** Who runs them, for people who look at the table. */
  readonly replica: string
  /** For tests; else the database's clock. */
  readonly nowMs?: number
  /** For tests: how long a run may stand still before its lock is taken from it. */
  readonly patienceMs?: number
}

/** What a tick did. A duty that was not due is in none of the lists. */
export interface TickReport {
  readonly ran: readonly { readonly name: string; readonly tookMs: number }[]
  readonly failed: readonly { readonly name: string; readonly problem: string }[]
  /** Due, but another replica runs it just now. */
  readonly busy: readonly string[]
}

/** At once, so that a long one does not hold up the others. */
const RUNS_AT_ONCE = 3
const PATIENCE_MS = 30_000

/**
 * Runs what is due. Any number of replicas and schedulers may call this at any time: the lock of a duty admits one
 * of them, its fencing token keeps out who held the lock before. Throws only when the database is away.
 */
export async function tick(options: TickOptions): Promise<TickReport> {
  const names = await selectDue(
    options.db,
    options.duties.map(({ name, everyMs }) => ({ name, everyMs })),
    options.nowMs ?? null,
  )
  const due = options.duties.filter(({ name }) => names.includes(name))
  const report = { ran: [], failed: [], busy: [] } satisfies TickReport as Mutable<TickReport>
  const waiting = [...due]
  const worker = async (): Promise<void> => {
    for (let duty = waiting.shift(); duty !== undefined; duty = waiting.shift())
      await runInto(report, duty, options)
  }
  await Promise.all(Array.from({ length: Math.min(RUNS_AT_ONCE, due.length) }, worker))
  return report
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer U)[] ? U[] : T[K] }

async function runInto(report: Mutable<TickReport>, duty: Duty, options: TickOptions): Promise<void> {
  const startedMs = performance.now()
  const { name } = duty
  const result = await underLock(duty, options).catch((error: unknown) => ({ problem: messageOf(error) }))
  if (result === 'busy') report.busy.push(name)
  else if (result === 'ran') report.ran.push({ name, tookMs: Math.round(performance.now() - startedMs) })
  else if (result !== 'not due') report.failed.push({ name, problem: result.problem })
}

type RunResult = 'ran' | 'busy' | 'not due' | { readonly problem: string }

/**
 * The transaction that holds the lock does nothing else, so that it keeps no snapshot and blocks no vacuum. It ends at
 * once when its connection does; the run is waited for all the same, and its fence says what it still may do.
 */
async function underLock(duty: Duty, options: TickOptions): Promise<RunResult> {
  const { db, patienceMs = PATIENCE_MS } = options
  let running: Promise<RunResult> | null = null
  const underWay = () => running
  try {
    return await transact(db, async (lock) => {
      if (!(await tryLock(lock, duty.name, patienceMs))) return 'busy'
      // A failure here is met by the end of the transaction.
      const alive = setInterval(() => void keepLock(lock).catch(() => {}), patienceMs / 3)
      running = run(duty, options).finally(() => clearInterval(alive))
      return running
    })
  } catch (error) {
    const left = underWay()
    if (left === null) throw error
    return left
  }
}

async function run(duty: Duty, options: TickOptions): Promise<RunResult> {
  const { db, replica, nowMs = null, patienceMs = PATIENCE_MS } = options
  const { name, everyMs } = duty
  const begun = await beginRun(db, { name, everyMs, replica, nowMs })
  if (begun === null) return 'not due'
  const { token } = begun
  const problem = await duty
    .run({ db, nowMs: begun.nowMs, fence: fenceOf(db, { name, token, patienceMs }) })
    .then(() => null, messageOf)
  await endRun(db, { name, token, problem })
  return problem === null ? 'ran' : { problem }
}

function fenceOf(
  db: Database,
  { name, token, patienceMs }: { readonly name: string; readonly token: number; readonly patienceMs: number },
): Fence {
  const hold = async (at: Database | Transaction): Promise<void> => {
    if (!(await holdFence(at, name, token))) throw new LostFence(name)
  }
  return {
    token,
    check: () => hold(db),
    transact: (work) =>
      transact(db, async (tx) => {
        await limitIdle(tx, patienceMs)
        await hold(tx)
        return work(tx)
      }),
  }
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${message}${cause}`.slice(0, 500)
}
