import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { migrateDatabase } from '@aloft/control-plane/database/migrate'
import { createTestDatabase, type TestDatabase } from '@aloft/control-plane/database/test-database'
import { readTransitions } from '@aloft/control-plane/transitions/read'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { FIRST_ROWS } from './first-rows.ts'
import { dumpSchema } from './schema-dump.ts'

/** Versions that were shipped, each with rows for every table it has. */
const SHIPPED = [{ tag: '0000_first', rows: FIRST_ROWS }]

const migrations = path.resolve(import.meta.dirname, '../../migrations')
const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-upgrade-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(() => database.close())

/** The database as that version left it. */
async function install(tag: string, rows: string): Promise<void> {
  const until = path.join(folder, tag)
  cpSync(migrations, until, { recursive: true })
  const journal = JSON.parse(readFileSync(path.join(until, 'meta/_journal.json'), 'utf8'))
  const last = journal.entries.findIndex((entry: { tag: string }) => entry.tag === tag)
  const entries = journal.entries.slice(0, last + 1)
  mkdirSync(path.join(until, 'meta'), { recursive: true })
  writeFileSync(path.join(until, 'meta/_journal.json'), JSON.stringify({ ...journal, entries }))
  await database.sql.unsafe('drop schema public cascade; create schema public; drop schema drizzle cascade')
  await migrateDatabase(database.address, until)
  await database.sql.unsafe(rows.replaceAll('NOW', `${Date.now()}::float8`))
}

/** Every row of every table as text, column by column. */
async function contents(): Promise<Map<string, Record<string, unknown>[]>> {
  const tables = await database.sql`
    select relname as name from pg_class
    where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace order by 1`
  const all = new Map<string, Record<string, unknown>[]>()
  for (const { name } of tables) {
    const rows = await database.sql.unsafe(
      `select to_jsonb(t) as row from ${name} t order by to_jsonb(t)::text`,
    )
    all.set(
      name,
      rows.map(({ row }) => row),
    )
  }
  return all
}

test.each(SHIPPED)('from $tag every row of every table arrives as it was', async ({ tag, rows }) => {
  await install(tag, rows)
  const before = await contents()
  for (const [table, had] of before) expect(had, `rows of ${table}, to be carried over`).not.toEqual([])
  await migrateDatabase(database.address)
  expect(await dumpSchema(database.sql)).toBe(readFileSync(path.join(migrations, 'schema.sql'), 'utf8'))
  const after = await contents()
  for (const [table, had] of before) {
    const columns = Object.keys(had[0] ?? {})
    const now = after.get(table) ?? []
    const kept = columns.filter((column) => column in (now[0] ?? {}))
    const only = (row: Record<string, unknown>) => JSON.stringify(kept.map((column) => row[column]))
    expect(now.map(only).sort(), table).toEqual(had.map(only).sort())
    expect(
      columns.filter((column) => !kept.includes(column)),
      `columns of ${table} that are gone`,
    ).toEqual(GONE[table] ?? [])
  }
})

/** Columns that something else took the place of. Who drops one shows in a test of its own what became of it. */
const GONE: Readonly<Record<string, readonly string[]>> = {
  api_tokens: ['scopes'],
  browser_sessions: ['scopes'],
  // Of requests that were sent again within a day: they have a table of their own, which begins empty.
  enrolment_tokens: ['request_hash', 'idempotency_key'],
}

test('an upgrade gives those who had scopes the grants that are worth the same', async () => {
  await install('0000_first', FIRST_ROWS)
  await migrateDatabase(database.address)
  expect(await database.sql`select grants from api_tokens order by name`).toEqual([
    { grants: [{ role: 'admin', siteIds: null }] },
    { grants: [{ role: 'viewer', siteIds: null }] },
  ])
})

test('an upgrade divides the events into days, and keeps transitions and evidence', async () => {
  await install('0000_first', FIRST_ROWS)
  await migrateDatabase(database.address)
  const { sql, db } = database
  const places = await sql`
    select epoch, seq::int, case when tableoid = 'events_default'::regclass then 'default'
      when tableoid::regclass::text = 'events_' || to_char(to_timestamp(wall_ms / 1000) at time zone 'UTC', 'YYYYMMDD')
      then 'its day' else tableoid::regclass::text end as place
    from events order by epoch, seq`
  expect(places.map(({ place }) => place)).toEqual([
    ...Array(4).fill('its day'),
    ...Array(3).fill('default'),
    'its day',
  ])
  expect(await sql`select epoch, seq::int from transitions order by epoch, seq`).toEqual([
    { epoch: 'e1', seq: 1 },
    { epoch: 'e1', seq: 3 },
    { epoch: 'e1', seq: 4 },
    { epoch: 'e2', seq: 2 },
  ])
  const [failover] = await sql`select evidence from failovers`
  const evidence = await readTransitions(db, failover?.['evidence'])
  expect([...evidence.values()].map(({ node, seq }) => `${node}/${seq}`).sort()).toEqual(['lb1/4', 'lb2/2'])
  const [next] =
    await sql`insert into events (agent_id, epoch, seq, site_id, wall_ms, mono_ms, boot_id, occurred_at_ms,
      received_at_ms, late, kind, body, content_hash)
    select agent_id, epoch, 7, site_id, wall_ms, 1, boot_id, 1, 1, false, kind, body, 'h' from events where seq = 6
    returning id::int`
  expect(next).toEqual({ id: 9 })
})
