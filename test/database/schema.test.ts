import { execFile } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { openDatabase } from '@aloft/control-plane/database/client'
import { startEmbeddedServer } from '@aloft/control-plane/database/embedded-server'
import { migrateDatabase } from '@aloft/control-plane/database/migrate'
import { createTestDatabase } from '@aloft/control-plane/database/test-database'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dumpSchema } from './schema-dump.ts'

const root = path.resolve(import.meta.dirname, '../..')
const committed = path.join(root, 'migrations/schema.sql')

/** Debian's PostgreSQL: 15, the oldest we promise to work with, on bookworm (test/prerequisites.mjs installs it). */
function debianPostgres(): { readonly major: string; readonly binaries: string } {
  const [major] = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(a) - Number(b))
  if (major === undefined) throw new Error('no PostgreSQL of Debian is here: apt-get install postgresql')
  return { major, binaries: `/usr/lib/postgresql/${major}/bin` }
}

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-schema-'))
  chmodSync(folder, 0o711)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('schema.sql is what the migrations make on the embedded PostgreSQL (vitest -u writes it)', async () => {
  const { sql, close } = await createTestDatabase()
  await expect(await dumpSchema(sql)).toMatchFileSnapshot(committed)
  await close()
})

test("the migrations make the same on Debian's PostgreSQL", async () => {
  const { major, binaries } = debianPostgres()
  const server = await startEmbeddedServer({ dataDir: path.join(folder, 'debian'), binaries })
  try {
    await migrateDatabase(server.address)
    const { sql, close } = openDatabase(server.address, 1)
    expect((await sql`show server_version`)[0]?.['server_version']).toMatch(new RegExp(`^${major}\\.`))
    expect(await dumpSchema(sql)).toBe(readFileSync(committed, 'utf8'))
    await close()
  } finally {
    await server.stop()
  }
})

test('schema.sql makes what it describes', async () => {
  const { sql, close } = await createTestDatabase()
  await sql.unsafe('drop schema public cascade; create schema public')
  await sql.unsafe(readFileSync(committed, 'utf8'))
  expect(await dumpSchema(sql)).toBe(readFileSync(committed, 'utf8'))
  await close()
})

test('migrating again changes nothing, and many replicas may do it at once', async () => {
  const { address, sql, close } = await createTestDatabase()
  const before = await dumpSchema(sql)
  await Promise.all(Array.from({ length: 5 }, () => migrateDatabase(address)))
  expect(await dumpSchema(sql)).toBe(before)
  await close()
})

test('the drizzle schema has nothing the migrations lack', async () => {
  const out = path.join(folder, 'migrations')
  cpSync(path.join(root, 'migrations'), out, { recursive: true })
  const config = path.join(folder, 'drizzle.config.json')
  const schema = path.join(root, 'control-plane/src/database/schema/index.ts')
  writeFileSync(config, JSON.stringify({ dialect: 'postgresql', schema, out: path.relative(root, out) }))
  const kit = path.join(root, 'node_modules/drizzle-kit/bin.cjs')
  await promisify(execFile)(process.execPath, [kit, 'generate', `--config=${config}`], { cwd: root })
  expect(readdirSync(out).sort()).toEqual(readdirSync(path.join(root, 'migrations')).sort())
})
