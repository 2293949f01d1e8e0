import path from 'node:path'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import { installationRoot } from '../installed-files.ts'
import { type DatabaseAddress, openDatabase } from './client.ts'

/** Any number will do, as long as every replica takes the same: one migrates, the others wait and find it done. */
const MIGRATION_LOCK = 0x616c6f66

/** Brings the database to the newest schema, or that of `folder`. Safe to run from many replicas at once. */
export async function migrateDatabase(
  address: DatabaseAddress,
  folder = path.join(installationRoot(), 'migrations'),
): Promise<void> {
  // One connection, for the lock belongs to it.
  const { sql, close } = openDatabase(address, 1)
  try {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`
    await migrate(drizzle(sql), { migrationsFolder: folder })
    await sql`select pg_advisory_unlock(${MIGRATION_LOCK})`
  } finally {
    await close()
  }
}
