import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import { type DatabaseAddress, openDatabase } from './client.ts'
import { migrationsFolder, schemaState } from './schema-state.ts'

/** Any number will do, as long as every replica takes the same: one migrates, the others wait and find it done. */
const MIGRATION_LOCK = 0x616c6f66

/** The database was migrated by a newer Aloft: this one would not know what it reads. */
export class SchemaIsNewer extends Error {
  override readonly name = 'SchemaIsNewer'

  constructor() {
    super('the database is of a newer Aloft; start that one, or restore a copy of before its migration')
  }
}

/**
 * Brings the database to the newest schema, or that of `folder`. Safe to run from many replicas at once; where nothing is
 * to be done it costs two short queries and takes no lock. Throws `SchemaIsNewer`.
 */
export async function migrateDatabase(
  address: DatabaseAddress,
  folder = migrationsFolder(),
): Promise<'current' | 'migrated'> {
  // One connection, for the lock belongs to it.
  const { db, sql, close } = openDatabase(address, 1)
  try {
    const state = await schemaState(db, folder)
    if (state === 'newer') throw new SchemaIsNewer()
    if (state === 'current') return 'current'
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`
    await migrate(drizzle(sql), { migrationsFolder: folder })
    await sql`select pg_advisory_unlock(${MIGRATION_LOCK})`
    return 'migrated'
  } finally {
    await close()
  }
}
