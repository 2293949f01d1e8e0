import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Unavailable } from '../problems.ts'
import { committed, handOn } from './after-commit.ts'
import type { Database, Transaction } from './client.ts'

export interface TransactOptions {
  /**
   * For how long a lost connection is tried again. Zero unless the work is idempotent: a connection lost during COMMIT
   * leaves open whether it happened.
   */
  readonly reconnectForMs?: number
}

const CONFLICT_ATTEMPTS = 8

/** The transaction that everything called from here belongs to; null once it has ended. */
const enclosing = new AsyncLocalStorage<{ tx: Transaction | null }>()

/**
 * Runs `work` so that every `transact` within it becomes a savepoint of `tx`: what a verb does commits or vanishes
 * together with what is recorded about its request, and the verb need not know.
 */
export async function within<T>(tx: Transaction, work: () => Promise<T>): Promise<T> {
  const holder: { tx: Transaction | null } = { tx }
  try {
    return await enclosing.run(holder, work)
  } finally {
    holder.tx = null
  }
}

/**
 * Runs `work` in one transaction. A serialization failure or deadlock is tried again, for it left nothing behind; so is what
 * a pooler's server was never told of (`executeKept`).
 * Throws `Unavailable` when the database cannot be reached or its disk is full, and whatever `work` throws.
 */
export async function transact<T>(
  db: Database,
  work: (tx: Transaction) => Promise<T>,
  options: TransactOptions = {},
): Promise<T> {
  const outer = enclosing.getStore()?.tx
  const giveUpAtMs = performance.now() + (options.reconnectForMs ?? 0)
  for (let attempt = 1; ; attempt++) {
    try {
      return outer ? await nested(outer, work) : await transactOnce(db, work)
    } catch (error) {
      const code = databaseErrorCode(error)
      const conflict = code === '40001' || code === '40P01' || statementIsGone(error)
      if (conflict && attempt < CONFLICT_ATTEMPTS) await sleep(5 * attempt)
      else if (isConnectionLoss(error) && performance.now() < giveUpAtMs) await sleep(100)
      else throw unavailability(error) ?? error
    }
  }
}

/** One attempt, for work that cannot be begun again. */
export async function transactOnce<T>(db: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  let last: Transaction | null = null
  const result = await db.transaction((tx) => {
    last = tx
    return work(tx)
  })
  committed(db, last)
  return result
}

/** A savepoint; what it announces is said when the whole has committed. */
async function nested<T>(outer: Transaction, work: (tx: Transaction) => Promise<T>): Promise<T> {
  let last: Transaction | null = null
  const result = await outer.transaction((tx) => {
    last = tx
    return work(tx)
  })
  if (last !== null) handOn(last, outer)
  return result
}

export function databaseAway(cause: unknown): Unavailable {
  return new Unavailable('the database is not answering', 1_000, { cause })
}

/** An operator has to make room first: nobody should ask every second. */
const FULL_AGAIN_MS = 5_000

/** What failed because of how the database is now, so that the same may succeed later; null for any other failure. */
export function unavailability(error: unknown): Unavailable | null {
  if (error instanceof Unavailable) return error
  if (isConnectionLoss(error)) return databaseAway(error)
  // disk_full (PostgreSQL appendix A): nothing of the transaction is there.
  if (databaseErrorCode(error) !== '53100') return null
  return new Unavailable('the disk of the database is full', FULL_AGAIN_MS, { cause: error })
}

/** Of a statement that was prepared and that the server does not know (invalid_sql_statement_name, PostgreSQL appendix A). */
export const UNKNOWN_STATEMENT = '26000'

/** What was prepared is unknown to the server, or gives other columns since a migration: prepared anew, it is right. */
export function statementIsGone(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause)
    if ('routine' in at && at.routine === 'RevalidateCachedQuery') return true
  return databaseErrorCode(error) === UNKNOWN_STATEMENT
}

/** The SQLSTATE or system error code of a failed query, or null when it is neither. */
export function databaseErrorCode(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code
  }
  return null
}

/** A unique index refused the row: its name, else null. */
export function violatedConstraint(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('constraint_name' in at && typeof at.constraint_name === 'string') return at.constraint_name
  }
  return null
}

const CONNECTION_LOSS = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  // Shut down by an operator, by a crash, still starting; too many clients already (PostgreSQL appendix A).
  '57P01',
  '57P02',
  '57P03',
  '53300',
])

/** Whether the query failed because the database is away, so that the same query may succeed later. */
export function isConnectionLoss(error: unknown): boolean {
  const code = databaseErrorCode(error)
  return code !== null && (CONNECTION_LOSS.has(code) || code.startsWith('08'))
}
