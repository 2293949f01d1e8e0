/** The centre's own disk is full: a real one, a tmpfs that the test makes. What PostgreSQL says is its own word. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenDatabase, openDatabase, type SocketAddress } from './database/client.ts'
import { type EmbeddedServer, startEmbeddedServer } from './database/embedded-server.ts'
import { migrateDatabase } from './database/migrate.ts'
import { transact, unavailability } from './database/transact.ts'
import {
  enrolNode,
  link,
  startTestGateway,
  TestAgent,
  type TestGateway,
  until,
} from './gateway/test-agent.ts'
import { ExchangeAgent, testReplica } from './gateway/test-exchange.ts'
import { startTestApplication, type TestApplication } from './http/test-application.ts'

type SmallDisk = ReturnType<typeof smallDisk>

/** A tmpfs of its own. */
function smallDisk(megabytes: number) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-small-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0777`, 'aloft-small', folder])
  const ballast = path.join(folder, 'ballast')
  return {
    folder,
    /** To the last byte. */
    fill: () => {
      const file = openSync(ballast, 'w')
      try {
        for (;;) writeSync(file, Buffer.alloc(65_536))
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' })
      } finally {
        closeSync(file)
      }
    },
    makeRoom: () => rmSync(ballast, { force: true }),
    remove: () => {
      execFileSync('umount', [folder])
      rmSync(folder, { recursive: true })
    },
  }
}

describe('where the tables are', () => {
  let disk: SmallDisk
  let folder = ''
  let server: EmbeddedServer
  let database: OpenDatabase & { readonly address: SocketAddress }
  let app: TestApplication
  let rig: TestGateway

  beforeAll(async () => {
    disk = smallDisk(40)
    folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-centre-disk-'))
    chmodSync(folder, 0o711)
    server = await startEmbeddedServer({ dataDir: folder, settings: ['fsync=off'] })
    const tables = path.join(disk.folder, 'tables')
    mkdirSync(tables, { mode: 0o777 })
    execFileSync('chown', ['--reference', path.join(folder, 'postgres'), tables])
    const admin = openDatabase(server.address, 1)
    await admin.sql.unsafe(`create tablespace small location '${tables}'`)
    await admin.sql.unsafe('create database centre tablespace small')
    await admin.close()
    const address = { ...server.address, database: 'centre' }
    await migrateDatabase(address)
    const opened = openDatabase(address)
    database = { ...opened, address }
    app = await startTestApplication({ database: { ...opened, address } })
    rig = await startTestGateway(opened.db)
  })
  afterAll(async () => {
    disk.makeRoom()
    await rig.stop()
    await app.close()
    await server.stop()
    rmSync(folder, { recursive: true })
    disk.remove()
  })

  const events = (from: number, count: number) => ({
    kind: 'events' as const,
    epoch: 'epoch-1',
    events: Array.from({ length: count }, (_, i) => link(from + i)),
  })
  const newSite = (name: string) =>
    app.fetch('/api/v1/sites', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    })
  /** Pages that are there already have room for some. */
  async function firstRefused(): Promise<Response> {
    for (let i = 0; i < 500; i++) {
      const answer = await newSite(`site-${i}`)
      if (answer.status !== 201) return answer
    }
    throw new Error('the disk is not full')
  }
  const heldBy = async (agentId: string) =>
    (await database.sql`select seq::int from events where agent_id = ${agentId} order by seq`).map(
      ({ seq }) => seq,
    )

  it('agents wait without an ack, changes are refused with the reason, reading goes on; with room all goes on by itself', async () => {
    const [one, two] = [
      await enrolNode(database.db, 'berlin', 'lb1'),
      await enrolNode(database.db, 'paris', 'lb1'),
    ]
    const socket = new TestAgent(rig.url)
    await socket.open(one)
    const post = testReplica(database.db)
    const requests = new ExchangeAgent(post)
    await requests.open(two)
    disk.fill()

    socket.send(events(1, 400))
    const full = 'the disk of the database is full; events wait'
    await until('the log says so', async () => rig.warnings.some(([message]) => message === full))
    requests.send(events(1, 400))
    expect(await requests.closed).toMatchObject({
      code: 1006,
      reason: expect.stringMatching(/^503 .*the disk of the database is full/),
    })

    const refused = await firstRefused()
    expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([
      503,
      '5',
      {
        type: 'urn:aloft:problem:unavailable',
        title: 'Not available now',
        status: 503,
        detail: 'the disk of the database is full',
      },
    ])
    // Nobody but the log would tell whoever has to make room.
    expect(app.faults).toHaveLength(1)
    const reading = ['/api/v1/events', '/api/v1/agents', '/readyz'].map(
      async (route) => (await app.fetch(route)).status,
    )
    expect(await Promise.all(reading)).toEqual([200, 200, 200])
    expect([await heldBy(one.agentId), await heldBy(two.agentId)]).toEqual([[], []])
    // The session stands, and the events of it still wait.
    expect(rig.gateway.figures()).toMatchObject({ connections: 1 })

    disk.makeRoom()
    await socket.acked(400)
    const again = new ExchangeAgent(post)
    expect(await again.open(two, { lastSeq: 400 })).toMatchObject({ resumeAfterSeq: 0 })
    again.send(events(1, 400))
    await again.acked(400)
    const all = Array.from({ length: 400 }, (_, i) => i + 1)
    expect([await heldBy(one.agentId), await heldBy(two.agentId)]).toEqual([all, all])
    expect((await newSite('afterwards')).status).toBe(201)
    await socket.close()
    await again.close()
  })
})

describe('where the write-ahead log is too', () => {
  let disk: SmallDisk
  let server: EmbeddedServer
  let database: OpenDatabase
  const warnings: string[] = []

  beforeAll(async () => {
    disk = smallDisk(140)
    server = await startEmbeddedServer({
      dataDir: path.join(disk.folder, 'data'),
      settings: ['fsync=off', 'min_wal_size=32MB', 'max_wal_size=32MB'],
      warn: (line) => void warnings.push(line),
    })
    await migrateDatabase(server.address)
    database = openDatabase(server.address)
  })
  afterAll(async () => {
    disk.makeRoom()
    await database.close()
    await server.stop()
    disk.remove()
  })

  it('PostgreSQL ends, is started again and again, and has everything that was committed when there is room', async () => {
    await database.sql`create table written (n int primary key)`
    let committed = 0
    const write = () =>
      transact(database.db, (tx) => tx.execute(`insert into written values (${committed + 1})`))
    // With a page there is room for more rows, but not for the log of them.
    await write()
    committed++
    disk.fill()
    let refused: unknown = null
    for (let i = 0; refused === null && i < 50; i++) {
      try {
        await write()
        committed++
        // The next segment: there is no room for one.
        await database.sql`select pg_switch_wal()`
      } catch (error) {
        refused = error
      }
    }
    expect(unavailability(refused)?.message).toBe('the database is not answering')
    await until('a start was tried in vain', async () =>
      warnings.some((line) => line.includes('did not start')),
    )
    expect(warnings[0]).toMatch(/^PostgreSQL ended \(.*\); starting it again$/)
    expect(readFileSync(path.join(disk.folder, 'data', 'postgres.log'), 'utf8')).toMatch(
      /PANIC: .*No space left on device/,
    )
    await expect(write()).rejects.toThrow('the database is not answering')
    disk.makeRoom()
    await until('it answers', async () =>
      write().then(
        () => true,
        () => false,
      ),
    )
    const rows = await database.sql`select n from written order by n`
    expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: committed + 1 }, (_, i) => i + 1))
  })
})
