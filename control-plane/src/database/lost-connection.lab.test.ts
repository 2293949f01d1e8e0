/**
 * What the driver does with a connection that is lost at an awkward moment. Each of these waited for ever, or worse, before
 * patches/postgres.mjs (docs/decisions/0009-postgres-driver-patch.md).
 */
import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestDatabase } from './test-database.ts'

let database: Awaited<ReturnType<typeof createTestDatabase>>
let sql: postgres.Sql
let sockets: net.Socket[]
let onOpen: (socket: net.Socket) => void = () => {}

beforeEach(async () => {
  database = await createTestDatabase()
  await database.sql`create table said (what text)`
  sockets = []
  const { host, port, user, database: name } = database.sql.options
  const at = Array.isArray(host) ? host[0] : host
  const path = `${at}/.s.PGSQL.${Array.isArray(port) ? port[0] : port}`
  const options = { max: 1, user, database: name, backoff: () => 0.01, onnotice: () => {} }
  sql = postgres({ ...options, ...opening(path) })
})
afterEach(async () => {
  await sql.end({ timeout: 1 })
  await database.close()
})

/** The driver takes sockets from whom its options name; its types do not say so. */
function opening(path: string) {
  return {
    async socket() {
      const socket = net.connect(path)
      sockets.push(socket)
      onOpen(socket)
      await once(socket, 'connect')
      return socket
    },
  }
}

/** The kernel's word that the other end is gone: `error` first, `close` a little later. */
function reset(): net.Socket {
  const socket = sockets.at(-1)
  if (socket === undefined) throw new Error('nothing is connected')
  socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
  return socket
}

const settled = (query: Promise<unknown>) =>
  Promise.race([query.catch((error: unknown) => error), sleep(2_000, 'it never settled', { ref: false })])
const said = async () => (await database.sql`select what from said order by what`).map(({ what }) => what)

it('a query given to it between its error and its close fails', async () => {
  await sql`select 1`
  const socket = reset()
  await once(socket, 'error').catch(() => {})
  expect(await settled(sql`select 2`)).toMatchObject({ code: 'CONNECTION_CLOSED' })
  expect(await sql`select 3 as answer`).toEqual([{ answer: 3 }])
})

it('a transaction that was rolled back at its end does not pass for done', async () => {
  const simple = (text: string) => {
    const message = Buffer.from(`Q....${text}\0`)
    message.writeUInt32BE(message.length - 1, 1)
    return message
  }
  // The server takes a COMMIT of what has failed for a ROLLBACK, and says so in the answer alone.
  onOpen = (socket) => {
    const write = socket.write.bind(socket)
    socket.write = (bytes: Uint8Array | string) =>
      write(simple('commit').equals(Buffer.from(bytes)) ? simple('rollback') : bytes)
  }
  const begun = settled(sql.begin((tx) => tx`insert into said values ('what is gone')`))
  expect(await begun).toMatchObject({ code: 'TRANSACTION_ROLLED_BACK' })
  onOpen = () => {}
  expect(await said()).toEqual([])
})

it('a BEGIN given to it then is not taken for done by what the next connection says first', async () => {
  await sql`select 1`
  const socket = reset()
  await once(socket, 'error').catch(() => {})
  const begun = settled(sql.begin((tx) => tx`insert into said values ('without a transaction')`))
  await once(socket, 'close')
  await sql`select 2`
  expect(await begun).toMatchObject({ code: 'CONNECTION_CLOSED' })
  expect(await said()).toEqual([])
})

it('a transaction says nothing more once its connection is lost, not even in that of another', async () => {
  let late: Promise<unknown> | undefined
  const goesOn = withResolvers()
  const lost = settled(
    sql.begin(async (tx) => {
      await tx`insert into said values ('of the lost one')`
      reset()
      await goesOn.promise
      late = settled(tx`insert into said values ('too late')`)
      await late
    }),
  )
  expect(await lost).toMatchObject({ code: 'CONNECTION_CLOSED' })
  await sql.begin(async (tx) => {
    await tx`insert into said values ('of the next one')`
    goesOn.resolve(undefined)
    await sleep(20)
  })
  expect(await late).toMatchObject({ code: 'CONNECTION_CLOSED' })
  expect(await said()).toEqual(['of the next one'])
})

it('what waits for its turn in a transaction fails with the connection', async () => {
  const waiting: Promise<unknown>[] = []
  const lost = settled(
    sql.begin(async (tx) => {
      waiting.push(settled(tx`select pg_sleep(5)`))
      for (let i = 0; i < 200; i++) waiting.push(settled(tx`insert into said values (${i})`))
      await sleep(50)
      reset()
      await Promise.all(waiting)
    }),
  )
  expect(await lost).toMatchObject({ code: expect.stringMatching(/CONNECTION_CLOSED|ECONNRESET/) })
  const codes = (await Promise.all(waiting)).map((error) => (error as { code?: string }).code)
  expect(new Set(codes).size).toBeLessThanOrEqual(2)
  expect(codes).not.toContain(undefined)
})

it('one that is lost while it learns the types of arrays ends no process', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  onOpen = (socket) => {
    onOpen = () => {}
    const write = socket.write.bind(socket)
    socket.write = ((chunk: Buffer, ...rest: []) => {
      if (!chunk.includes('pg_type')) return write(chunk, ...rest)
      socket.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
      return false
    }) as typeof socket.write
  }
  expect(await settled(sql`select 1`)).toMatchObject({ code: 'EPIPE' })
  expect(await sql`select 2 as answer`).toEqual([{ answer: 2 }])
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

function withResolvers() {
  let resolve: (value: unknown) => void = () => {}
  const promise = new Promise((done) => {
    resolve = done
  })
  return { promise, resolve }
}
