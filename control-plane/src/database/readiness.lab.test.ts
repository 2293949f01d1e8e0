import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'
import { migrateDatabase, SchemaIsNewer } from './migrate.ts'
import { migrationsFolder, schemaState } from './schema-state.ts'

let app: TestApplication
let draining = false
beforeEach(async () => {
  draining = false
  app = await startTestApplication({ isDraining: () => draining })
})
afterEach(() => app.close())

const readyz = async () => {
  const answer = await app.fetch('/readyz', { as: null })
  const body = await answer.text()
  return [answer.status, answer.ok ? body.trim() : JSON.parse(body).detail] as const
}

it('is ready on a database that can be written and has this schema', async () => {
  expect(await readyz()).toEqual([200, 'ready'])
})

it.each([
  ['older', (at: number) => at - 1],
  ['newer', (at: number) => at + 1],
])('is not while the schema is %s, and says so', async (word, change) => {
  const { sql } = app.database
  const [row] = await sql`select max(created_at) as at from drizzle.__drizzle_migrations`
  const at = Number(row?.['at'])
  await sql`update drizzle.__drizzle_migrations set created_at = ${change(at)} where created_at = ${at}`
  expect(await readyz()).toEqual([503, expect.stringContaining(`the schema is ${word} than this Aloft`)])
})

it('is not on an empty database, and says what to do', async () => {
  await app.database.sql`drop schema drizzle cascade`
  expect(await readyz()).toEqual([503, expect.stringContaining('run `aloft control-plane migrate`')])
})

it('is not while the database is read-only', async () => {
  const { sql } = app.database
  const [row] = await sql`select current_database() as name`
  await sql.unsafe(`alter database ${row?.['name']} set default_transaction_read_only = on`)
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`
  await sql`select pg_terminate_backend(pg_backend_pid())`.catch(() => {})
  expect(await readyz()).toEqual([503, expect.stringContaining('read-only')])
})

it('is not while the replica drains, though it goes on serving', async () => {
  draining = true
  expect(await readyz()).toEqual([503, 'this replica is stopping'])
  expect((await app.fetch('/api/v1/sites')).status).toBe(200)
})

it('migrating what is current takes no lock, so that many may start while one has it', async () => {
  const { sql, address } = app.database
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${0x616c6f66})`
    expect(await migrateDatabase(address)).toBe('current')
  })
})

it('migrating refuses a schema that is newer', async () => {
  const { sql, address, db } = app.database
  await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', 9999999999999)`
  expect(await schemaState(db)).toBe('newer')
  await expect(migrateDatabase(address)).rejects.toThrow(SchemaIsNewer)
})

it('migrations are written in the order of their times, or a later one would never be applied', () => {
  const journal = JSON.parse(readFileSync(path.join(migrationsFolder(), 'meta', '_journal.json'), 'utf8'))
  const times: number[] = journal.entries.map(({ when }: { when: number }) => when)
  expect(times).toEqual([...times].sort((a, b) => a - b))
  expect(new Set(times).size).toBe(times.length)
})
