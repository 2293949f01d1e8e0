import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenDatabase, openDatabase, type Transaction } from '../database/client.ts'
import { type EmbeddedServer, startEmbeddedServer } from '../database/embedded-server.ts'
import { lockRoomWarning, locksPerTransactionFor } from '../database/lock-room.ts'
import { migrateDatabase } from '../database/migrate.ts'
import { databaseErrorCode, transact } from '../database/transact.ts'
import { startControlPlane } from '../start.ts'
import { DAY_MS, partitionsKeeping } from './days.ts'
import { makeDays } from './partitions.ts'
import { heldHashes } from './store-ingest.ts'
import { attachDay } from './store-partitions.ts'
import { selectEvents, selectRuns } from './store-read.ts'

const NOW = Date.now()
const KEEP_MS = 90 * DAY_MS
const NOBODY = '00000000-0000-0000-0000-000000000000'
/** So many that what PostgreSQL sets aside for its own processes, and can spare elsewhere, is not enough for them too. */
const CONNECTIONS = 60

let folder = ''
let server: EmbeddedServer
let database: OpenDatabase

async function startWith(settings: readonly string[]): Promise<void> {
  server = await startEmbeddedServer({
    dataDir: folder,
    settings: ['fsync=off', `max_connections=${CONNECTIONS}`, ...settings],
  })
  database = openDatabase(server.address, 2)
}

async function stop(): Promise<void> {
  await database.close()
  await server.stop()
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-lock-room-'))
  chmodSync(folder, 0o711)
  await startWith([])
  await migrateDatabase(server.address)
  const write = <T>(work: (tx: Transaction) => Promise<T>) => transact(database.db, work)
  await makeDays({ db: database.db, transact: write, nowMs: NOW, keepMs: KEEP_MS })
  for (let ago = 2; ago <= 90; ago++) {
    const day = Math.floor(NOW / DAY_MS) - ago
    await write((tx) => attachDay(tx, { name: `events_${ago}_days_ago`, day }))
  }
})
afterAll(async () => {
  await stop()
  rmSync(folder, { recursive: true, force: true })
})

const page = (tx: Transaction) =>
  selectEvents(tx, { reach: 'everywhere', after: null, order: 'desc', limit: 10 })

/** Of all locks of a transaction, those on relations; the one that is asked, and `pg_locks` itself, are none of its work. */
async function locksOf(work: (tx: Transaction) => Promise<unknown>): Promise<number> {
  return database.db.transaction(async (tx) => {
    await work(tx)
    const [row] = await tx.execute<{ n: number }>(sql`
      select count(*)::int as n from pg_locks where pid = pg_backend_pid() and locktype = 'relation'
        and relation not in (select oid from pg_class where relnamespace = 'pg_catalog'::regnamespace)`)
    return row?.n ?? 0
  })
}

/** What comes of every connection reading all days in the same moment: null, or the code of the first that could not. */
async function allAtOnce(): Promise<string | null> {
  const opened: (() => void)[] = []
  const many = openDatabase(server.address, CONNECTIONS)
  const read = (): Promise<string | null> =>
    new Promise((resolve) => {
      const ended = many.db.transaction(async (tx) => {
        await page(tx)
        resolve(null)
        await new Promise<void>((end) => opened.push(end))
      })
      ended.catch((error: unknown) => resolve(databaseErrorCode(error)))
    })
  const answers = await Promise.all(Array.from({ length: CONNECTIONS - 5 }, read))
  for (const end of opened) end()
  await many.close()
  return answers.find((code) => code !== null) ?? null
}

it('there are as many partitions as the rule is told of', async () => {
  const [row] =
    await database.sql`select count(*)::int as n from pg_inherits where inhparent = 'events'::regclass`
  expect([row?.['n'], partitionsKeeping(KEEP_MS)]).toEqual([99, 99])
})

it.each([
  ['a page of events', page, 606],
  [
    'a look for what an agent repeats',
    (tx: Transaction) => heldHashes(tx, [{ agentId: NOBODY, epoch: 'e', seq: 1, wallMs: NOW }], false),
    599,
  ],
  [
    'what the stream reads of a run',
    (tx: Transaction) =>
      selectRuns(tx, [
        { agentId: NOBODY, epoch: 'e', firstSeq: 1, lastSeq: 2, fromWallMs: NOW, toWallMs: NOW },
      ]),
    606,
  ],
] as const)('%s locks events, its 99 partitions and their indexes: six each', async (_, work, locks) => {
  expect(await locksOf(work)).toBe(locks)
  expect(Math.floor(locks / 6)).toBeGreaterThanOrEqual(99)
})

it('with what the rule asks for, which our own server has, every connection can read all days at once', async () => {
  const [row] = await database.sql`show max_locks_per_transaction`
  expect([Number(row?.['max_locks_per_transaction']), locksPerTransactionFor(99)]).toEqual([320, 320])
  expect(await lockRoomWarning(database.db, 0)).toBeNull()
  expect(await allAtOnce()).toBeNull()
})

describe('with what PostgreSQL has unless it is told', () => {
  const WORDS = 'max_locks_per_transaction is 64, and should be 320 for 99 partitions of events'
  beforeAll(async () => {
    await stop()
    await startWith(['max_locks_per_transaction=64'])
  })

  it('they cannot, and the operator is told the remedy', async () => {
    const warning = await lockRoomWarning(database.db, 0)
    expect(warning).toContain(WORDS)
    expect(warning).toContain('ALTER SYSTEM SET max_locks_per_transaction = 320; then restart PostgreSQL')
    expect(await allAtOnce()).toBe('53200')
  })

  it('a control plane says so in its log at the start and in /readyz, and is ready all the same', async () => {
    const { socketFolder, user, database: name } = server.address
    Object.assign(process.env, { PGHOST: socketFolder, PGUSER: user })
    const warnings: string[] = []
    const warn = (_: object, message: string) => void warnings.push(message)
    const plane = await startControlPlane({
      ...{ port: 0, host: '127.0.0.1', unixSocket: null, tls: null, bus: null, otlp: null, tickToken: null },
      dataDir: path.join(folder, 'replica'),
      databaseUrl: `postgres:///${name}`,
      keyEncryptionKey: null,
      log: { info: () => {}, warn, error: warn },
      progress: () => {},
    })
    const answer = await fetch(`${plane.url}/readyz`)
    const text = await answer.text()
    await plane.stop()
    delete process.env['PGHOST']
    delete process.env['PGUSER']
    expect(warnings.filter((line) => line.startsWith(WORDS))).toHaveLength(1)
    expect([answer.status, text]).toEqual([200, expect.stringMatching(`^ready\nwarning: ${WORDS}`)])
  })
})

it('a young centre is told what it will need, not what it needs today', async () => {
  expect(await lockRoomWarning(database.db, partitionsKeeping(400 * DAY_MS))).toMatch(
    /should be 1280 for 409 partitions/,
  )
})
