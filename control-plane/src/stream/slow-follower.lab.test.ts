import { once } from 'node:events'
import net from 'node:net'
import type { SpooledEvent } from '@aloft/shared/protocol/events'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { transact } from '../database/transact.ts'
import { ingest } from '../events/ingest.ts'
import { enrolNode, link, until } from '../gateway/test-agent.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'

/** What the stream may hold for one client (`follow.ts`), and what Node holds below it: one message more, and its own mark. */
const HELD_BYTES_MAX = 2 * 1024 * 1024
const BATCH = 200

let app: TestApplication
let port = 0
/** The centre's ends, in the order they were connected. */
let ends: net.Socket[]
let seq = 0
let spool: { readonly agentId: string; readonly siteId: string }

beforeEach(async () => {
  app = await startTestApplication()
  const { agentId } = await enrolNode(app.database.db, 'paris', 'lb1')
  await app.database.sql`insert into agent_epochs values (${agentId}, 'e', 0, 1)`
  spool = { agentId, siteId: (await app.database.sql`select id from sites`)[0]?.['id'] }
  ends = []
  const server = app.server()
  server.on('connection', (socket) => ends.push(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as net.AddressInfo).port
  closeServer = () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
})
afterEach(async () => {
  await closeServer()
  await app.close()
})
let closeServer: () => Promise<void>

/** Follows over a socket of its own; reads as `onData` says. */
async function follow(onData: ((text: string) => void) | null): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(
    `GET /api/v1/stream HTTP/1.1\r\nhost: aloft.test\r\nauthorization: Bearer ${app.admin}\r\n\r\n`,
  )
  if (onData === null) socket.pause()
  else socket.setEncoding('utf8').on('data', onData)
  return socket
}

const followers = async () =>
  Number(/^aloft_stream_followers (\d+)$/m.exec(await (await app.fetch('/metrics')).text())?.[1])

/** Long, so that the buffers of the kernel are full soon. */
function longLink(n: number): SpooledEvent {
  return { ...link(n), body: { kind: 'link', interface: 'e'.repeat(4_000), up: true } }
}

async function observe(): Promise<void> {
  const events = Array.from({ length: BATCH }, () => longLink(++seq))
  const batch = { ...spool, epoch: 'e', events, generation: null, clock: null }
  const now = Date.now()
  await transact(app.database.db, (tx) => ingest(tx, [{ ...batch, liveAfterSeq: 0, receivedAtMs: now }], now))
}

it('a follower that does not read is cut off, what is held for it has a bound, and the others miss nothing', async () => {
  const slow = await follow(null)
  let text = ''
  const quick = await follow((part) => {
    text += part
  })
  await until('both follow', async () => (await followers()) === 2)
  const [slowEnd] = ends
  if (slowEnd === undefined) throw new Error('nobody is connected')
  let held = 0
  const sampling = setInterval(() => {
    held = Math.max(held, slowEnd.writableLength)
  }, 5)
  let batches = 0
  while ((await followers()) === 2) {
    if (++batches > 200) throw new Error('40,000 events, and it is still waited for')
    await observe()
  }
  clearInterval(sampling)
  expect(held).toBeGreaterThan(0)
  expect(held).toBeLessThan(HELD_BYTES_MAX)
  // The connection too: a stream that has ended must not leave it to the client's good will.
  await until('its connection is closed', async () => slowEnd.destroyed)
  await observe()
  const seqs = () => [...text.matchAll(/^data: .*"seq":(\d+)/gm)].map(([, n]) => Number(n))
  await until('the other has read everything', async () => seqs().length >= seq)
  expect(seqs()).toEqual(Array.from({ length: seq }, (_, i) => i + 1))
  expect(app.faults).toEqual([])
  slow.destroy()
  quick.destroy()
})
