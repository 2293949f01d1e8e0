import { sql } from 'drizzle-orm'
import type { Queryable } from './client.ts'
import { lockRoomWarning } from './lock-room.ts'
import { type SchemaState, schemaState } from './schema-state.ts'

const PATIENCE_MS = 2_000

const SCHEMA_PROBLEMS: Readonly<Record<Exclude<SchemaState, 'current'>, string>> = {
  missing: 'the database is empty: run `aloft control-plane migrate`',
  older: 'the schema is older than this Aloft: run `aloft control-plane migrate`',
  newer: 'the schema is newer than this Aloft: this replica has to be replaced by a newer one',
}

/** Whether requests can be served from a database, and what its operator should know. */
export interface DatabaseState {
  /** Why they cannot; null when they can. */
  readonly problem: string | null
  /** What does not keep anybody from working today. */
  readonly warning: string | null
}

/** `partitions` of events there will be once so much is kept. Throws when the database does not answer within two seconds. */
export async function databaseState(db: Queryable, partitions: number): Promise<DatabaseState> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the database did not answer within 2 s')), PATIENCE_MS)
  })
  try {
    return await Promise.race([look(db, partitions), late])
  } finally {
    clearTimeout(timer)
  }
}

async function look(db: Queryable, partitions: number): Promise<DatabaseState> {
  const problem = await problemOf(db)
  return { problem, warning: problem === null ? await lockRoomWarning(db, partitions) : null }
}

async function problemOf(db: Queryable): Promise<string | null> {
  const [row] = await db.execute<{ read_only: boolean }>(
    sql`select current_setting('transaction_read_only') = 'on' as read_only`,
  )
  if (row?.read_only !== false) return 'the database is read-only: a standby, or one that was set so'
  const state = await schemaState(db)
  return state === 'current' ? null : SCHEMA_PROBLEMS[state]
}
