import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { type DatabaseAddress, type OpenDatabase, openDatabase } from './client.ts'
import { type EmbeddedServer, startEmbeddedServer } from './embedded-server.ts'
import { migrateDatabase } from './migrate.ts'
import { stopLeftover } from './postmaster.ts'

/**
 * A real PostgreSQL for tests: one server per test file, started by the first `createTestDatabase()` and stopped after
 * the file's last test; each database a copy of one migrated template (about 30 ms).
 */
export interface TestDatabase extends OpenDatabase {
  readonly address: DatabaseAddress
}

const PREFIX = 'aloft-test-postgres-'
const TEMPLATE = 'template_migrated'

interface Running {
  readonly folder: string
  readonly server: EmbeddedServer
  readonly admin: OpenDatabase
}

let running: Promise<Running> | null = null
let made = 0
const open = new Set<string>()

/** A fresh, migrated database. `close()` drops it; a file that forgets to close one fails. */
export async function createTestDatabase(): Promise<TestDatabase> {
  running ??= startServer()
  const { server, admin } = await running
  const name = `test_${++made}`
  await admin.sql.unsafe(`create database ${name} template ${TEMPLATE}`)
  open.add(name)
  const address = { ...server.address, database: name }
  const opened = openDatabase(address)
  return {
    ...opened,
    address,
    close: async () => {
      await opened.close()
      await admin.sql.unsafe(`drop database ${name} with (force)`)
      open.delete(name)
    },
  }
}

async function startServer(): Promise<Running> {
  await removeLeftovers()
  const folder = mkdtempSync(path.join(os.tmpdir(), PREFIX))
  // nobody must be able to reach what is inside.
  chmodSync(folder, 0o711)
  writeFileSync(path.join(folder, 'owner'), String(process.pid))
  const settings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200']
  const server = await startEmbeddedServer({ dataDir: folder, settings })
  const admin = openDatabase(server.address, 1)
  await admin.sql.unsafe(`create database ${TEMPLATE}`)
  await migrateDatabase({ ...server.address, database: TEMPLATE })
  return { folder, server, admin }
}

/** A test run that was killed leaves its server behind; the next one clears it away. */
async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(os.tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = path.join(os.tmpdir(), name)
    const owner = path.join(folder, 'owner')
    if (!existsSync(owner) || existsSync(`/proc/${readFileSync(owner, 'utf8')}`)) continue
    await stopLeftover(path.join(folder, 'postgres'), () => {})
    rmSync(folder, { recursive: true, force: true })
  }
}

afterAll(async () => {
  if (running === null) return
  const { folder, server, admin } = await running
  const leaked = [...open]
  await admin.close()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
  running = null
  if (leaked.length > 0) throw new Error(`test databases left open: ${leaked.join(', ')}`)
})
