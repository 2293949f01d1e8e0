import type { SQL } from 'drizzle-orm'
import { PgDialect, PgTransaction } from 'drizzle-orm/pg-core'
import type { Queryable } from './client.ts'
import { databaseErrorCode, statementIsGone, UNKNOWN_STATEMENT } from './transact.ts'

const dialect = new PgDialect()

/**
 * Runs a statement that is run again and again: each connection parses and plans it once. Planning is two fifths of what a
 * small group of events costs PostgreSQL, and a statement it does not know yet takes two round trips. For few, fixed
 * texts, since a connection keeps each for as long as it lives; planned for any parameters, so what must go by
 * an index however small its table was then says so by `cross join lateral (… offset 0)`.
 *
 * A pooler may hand the next transaction to a server that was never told (SQLSTATE 26000): nothing is kept from then on, and it is
 * tried again, a transaction by `transact`. `?prepare=false` in the URL keeps nothing from the start.
 */
export function executeKept<Row extends object>(db: Queryable, query: SQL): Promise<readonly Row[]> {
  return kept(db, async (name) => {
    const prepared = db._.session.prepareQuery(dialect.sqlToQuery(query), undefined, name, false)
    return (await prepared.execute()) as readonly Row[]
  })
}

/** The same for a query of drizzle's builder, which reads the rows by their columns. */
export function selectKept<Rows>(db: Queryable, query: Built<Rows>): Promise<Rows> {
  return kept(db, (name) => (name === undefined ? query.execute() : query.prepare(name).execute()))
}

interface Built<Rows> {
  execute(): Promise<Rows>
  prepare(name: string): { execute(): Promise<Rows> }
}

async function kept<T>(db: Queryable, execute: (name: string | undefined) => Promise<T>): Promise<T> {
  const pool = poolOf(db)
  const name = () => (keptNothing.has(pool) ? undefined : 'kept')
  try {
    return await execute(name())
  } catch (error) {
    if (!statementIsGone(error)) throw error
    if (databaseErrorCode(error) === UNKNOWN_STATEMENT) keptNothing.add(pool)
    // A transaction has failed with it.
    if (db instanceof PgTransaction) throw error
    return await execute(name())
  }
}

function poolOf(db: Queryable): object {
  return (db._.session as unknown as SessionOfPool).dialect
}

/** Of drizzle's sessions: those of one pool, and of each of its transactions, have one dialect, and other pools another. */
interface SessionOfPool {
  readonly dialect: object
}

/** Pools whose servers forget. */
const keptNothing = new WeakSet<object>()
