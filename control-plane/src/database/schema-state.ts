import { readFileSync } from 'node:fs'
import path from 'node:path'
import { sql } from 'drizzle-orm'
import { installationRoot } from '../installed-files.ts'
import type { Queryable } from './client.ts'

/** The database's schema against the one this code was written for. */
export type SchemaState = 'current' | 'missing' | 'older' | 'newer'

export function migrationsFolder(): string {
  return path.join(installationRoot(), 'migrations')
}

/** One or two short queries, however many migrations there are. */
export async function schemaState(db: Queryable, folder = migrationsFolder()): Promise<SchemaState> {
  const [table] = await db.execute<{ there: boolean }>(
    sql`select to_regclass('drizzle.__drizzle_migrations') is not null as there`,
  )
  if (!table?.there) return 'missing'
  const [applied] = await db.execute<{ at: string | null }>(
    sql`select max(created_at) as at from drizzle.__drizzle_migrations`,
  )
  if (applied?.at == null) return 'missing'
  const [newest, at] = [newestMigration(folder), Number(applied.at)]
  if (at === newest) return 'current'
  return at < newest ? 'older' : 'newer'
}

/** When the newest migration of this code was written, which is what drizzle knows one by. */
function newestMigration(folder: string): number {
  const journal = JSON.parse(readFileSync(path.join(folder, 'meta', '_journal.json'), 'utf8'))
  return Math.max(...journal.entries.map(({ when }: { readonly when: number }) => when))
}
