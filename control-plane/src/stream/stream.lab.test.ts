import { afterAll, beforeAll, expect, it } from 'vitest'
import { transact } from '../database/transact.ts'
import { ingest } from '../events/ingest.ts'
import { appendToFeed } from '../feed/append.ts'
import { enrolNode, link } from '../gateway/test-agent.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'

let app: TestApplication
let agentId = ''
let siteId = ''
let seq = 0

beforeAll(async () => {
  app = await startTestApplication({ keepAliveMs: 50 })
  agentId = (await enrolNode(app.database.db, 'paris', 'lb1')).agentId
  await app.database.sql`insert into agent_epochs values (${agentId}, 'e', 0, 1)`
  siteId = (await app.database.sql`select id from sites`)[0]?.['id']
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
})

/** Commits `count` more events in one transaction. */
function observe(count: number) {
  const events = Array.from({ length: count }, () => link(++seq))
  const batch = {
    agentId,
    siteId,
    epoch: 'e',
    events,
    clock: null,
    generation: null,
    liveAfterSeq: 0,
    receivedAtMs: Date.now(),
  }
  return transact(app.database.db, (tx) => ingest(tx, [batch], Date.now()))
}

interface Message {
  readonly event: string
  readonly id: string
  readonly data: { readonly seq?: number; readonly [key: string]: unknown }
}

/** A client that reads messages one by one. */
async function follow(lastEventId?: string, as = app.admin) {
  const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const response = await app.fetch('/api/v1/stream', { as, headers })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (reader === undefined) throw new Error('the stream has no body')
  let text = ''
  const next = async (): Promise<Message | 'keep-alive' | 'ended'> => {
    while (!text.includes('\n\n')) {
      const { value, done } = await reader.read()
      if (done) return 'ended'
      text += value
    }
    const end = text.indexOf('\n\n')
    const fields = text.slice(0, end).split('\n')
    text = text.slice(end + 2)
    if (fields[0]?.startsWith(':')) return 'keep-alive'
    const field = (name: string) =>
      fields.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
    return { event: field('event') ?? '', id: field('id') ?? '', data: JSON.parse(field('data') ?? 'null') }
  }
  const message = async (): Promise<Message> => {
    const got = await next()
    if (got === 'ended') throw new Error('the stream ended')
    return got === 'keep-alive' ? message() : got
  }
  const messages = async (count: number) => {
    const list: Message[] = []
    while (list.length < count) list.push(await message())
    return list
  }
  return { next, message, messages, close: () => reader.cancel() }
}

const seqs = (list: readonly Message[]) => list.map(({ data }) => data.seq)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

it('says hello, then each event as its own endpoint returns it', async () => {
  const client = await follow()
  expect(await client.message()).toMatchObject({ event: 'hello', data: { resumed: false, requested: false } })
  const first = seq + 1
  await observe(3)
  const got = await client.messages(3)
  expect(seqs(got)).toEqual(range(first, first + 2))
  const { items } = await (await app.fetch('/api/v1/events?order=desc&limit=3')).json()
  expect(got.map(({ data }) => data)).toEqual(items.reverse())
  await client.close()
})

it('resumes exactly after any message, in the middle of a batch too', async () => {
  const client = await follow()
  await client.message()
  const first = seq + 1
  await observe(5)
  await observe(5)
  const all = await client.messages(10)
  await client.close()
  for (const [i, { id }] of all.entries()) {
    const again = await follow(id)
    expect(await again.message()).toMatchObject({ event: 'hello', id, data: { resumed: true } })
    expect(seqs(await again.messages(9 - i)), id).toEqual(range(first + i + 1, first + 9))
    await again.close()
  }
})

it('joins what was missed and what happens meanwhile without a hole or a double', async () => {
  const client = await follow()
  const { id } = await client.message()
  await client.close()
  const first = seq + 1
  for (let i = 0; i < 250; i++) await observe(2)
  const writing = (async () => {
    for (let i = 0; i < 100; i++) await observe(1)
  })()
  const followers = await Promise.all([follow(id), follow(id), follow(id)])
  for (const follower of followers) {
    const [hello, ...got] = await follower.messages(601)
    expect(hello?.event).toBe('hello')
    expect(seqs(got)).toEqual(range(first, first + 599))
  }
  await writing
  for (const follower of followers) await follower.close()
})

it('shows objects as they are now, and leaves out what is gone', async () => {
  const client = await follow()
  await client.message()
  const gone = '00000000-0000-0000-0000-000000000000'
  await transact(app.database.db, (tx) =>
    appendToFeed(
      tx,
      [
        { kind: 'agent', ref: gone },
        { kind: 'agent', ref: agentId },
      ],
      1,
    ),
  )
  const { event, data } = await client.message()
  expect([event, data]).toEqual(['agent', await (await app.fetch(`/api/v1/agents/${agentId}`)).json()])
  await client.close()
})

it('a position of another life of the database cannot be resumed, and hello says so', async () => {
  const client = await follow('999999999')
  expect(await client.message()).toMatchObject({ data: { resumed: false, requested: true } })
  const first = seq + 1
  await observe(1)
  expect(seqs(await client.messages(1))).toEqual([first])
  await client.close()
})

it.each(['abc', '1.', '-1', '1.2.3'])('Last-Event-ID %s is refused', async (id) => {
  const response = await app.fetch('/api/v1/stream', { headers: { 'last-event-id': id } })
  expect([response.status, (await response.json()).errors[0].pointer]).toEqual([400, '/last-event-id'])
})

it('keeps the line alive, and ends when the credential does', async () => {
  const client = await follow(undefined, await app.token('viewer', { expiresAtMs: app.clock.nowMs + 60_000 }))
  await client.message()
  expect(await client.next()).toBe('keep-alive')
  app.clock.nowMs += 120_000
  let last = await client.next()
  while (last === 'keep-alive') last = await client.next()
  expect(last).toBe('ended')
})

it('cuts off who does not read, and nobody else', async () => {
  const slow = await follow()
  const quick = await follow()
  const { id } = await quick.message()
  const reading = quick.messages(8_000)
  const first = seq + 1
  for (let i = 0; i < 16; i++) await observe(500)
  expect(seqs(await reading)).toEqual(range(first, first + 7_999))
  await expect(slow.messages(8_001)).rejects.toThrow('reads too slowly')
  const back = await follow(id)
  expect(seqs((await back.messages(8_001)).slice(1))).toEqual(range(first, first + 7_999))
  await Promise.all([quick.close(), back.close()])
})

it('goes on after the connection that listens was lost', async () => {
  const client = await follow()
  await client.message()
  const kill = () =>
    app.database.sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query ilike 'listen%'`
  expect((await kill()).length).toBeGreaterThan(0)
  const first = seq + 1
  await observe(1)
  expect(seqs(await client.messages(1))).toEqual([first])
  await client.close()
})

it('tells once, at the last of its changes, what changed several times between two looks', async () => {
  const client = await follow()
  await client.message()
  await transact(app.database.db, (tx) =>
    appendToFeed(
      tx,
      Array.from({ length: 3 }, () => ({ kind: 'agent', ref: agentId }) as const),
      Date.now(),
    ),
  )
  const [{ id = 0 } = {}] = await app.database.sql`select max(id)::int as id from feed`
  expect(await client.message()).toMatchObject({ event: 'agent', id: String(id), data: { id: agentId } })
  await observe(1)
  expect(await client.message()).toMatchObject({ event: 'event' })
  await client.close()
})

it('what is deleted of the feed cannot be resumed after, and hello says so', async () => {
  const client = await follow()
  const { id } = await client.message()
  await observe(1)
  await observe(1)
  const [, second] = await client.messages(2)
  await client.close()
  await app.database.sql`delete from feed where id < ${Number(second?.id.split('.')[0])}`
  for (const [after, resumed] of [
    [id, false],
    [second?.id, true],
  ] as const) {
    const back = await follow(after)
    expect(await back.message()).toMatchObject({ event: 'hello', data: { resumed, requested: true } })
    await back.close()
  }
})
