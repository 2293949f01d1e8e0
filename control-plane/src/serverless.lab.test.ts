import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { EnrolResponse } from '@aloft/shared/protocol/frames'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN_EVERYWHERE } from './access/permissions.ts'
import { hashSecret, mintSecret } from './access/secrets.ts'
import { type OpenDatabase, openDatabase } from './database/client.ts'
import { createTestDatabase, type TestDatabase } from './database/test-database.ts'
import { enrolmentOf, newKey, transition, until } from './gateway/test-agent.ts'
import { ExchangeAgent } from './gateway/test-exchange.ts'
import { createServerless } from './serverless.ts'

const TICK = mintSecret('api')
const ADMIN = mintSecret('api')
let database: TestDatabase
let url = ''
let instances = 0

beforeAll(async () => {
  database = await createTestDatabase()
  url = urlOf(database)
  await database.sql`insert into api_tokens (name, prefix, hash, grants, created_at_ms)
    values ('admin', '', ${hashSecret(ADMIN)}, ${JSON.stringify(ADMIN_EVERYWHERE)}::text::jsonb, 0)`
})
afterAll(async () => {
  delete process.env['PGHOST']
  delete process.env['PGUSER']
  await database.close()
})

/** The test server listens on a unix socket alone, which the driver takes from the environment. */
function urlOf({ address }: TestDatabase): string {
  if ('url' in address) return address.url
  process.env['PGHOST'] = address.socketFolder
  process.env['PGUSER'] = address.user
  return `postgres:///${address.database}`
}

const faults: object[] = []
const log = { info: () => {}, warn: () => {}, error: (facts: object) => void faults.push(facts) }

/** A new instance with a pool of its own for each request, and nothing of it afterwards. */
async function once(request: Request): Promise<Response> {
  instances++
  const instance = createServerless({ databaseUrl: url, keyEncryptionKey: null, tickToken: TICK, log })
  const answer = await instance.fetch(request)
  const whole = new Response(await answer.arrayBuffer(), answer)
  await instance.close()
  return whole
}

const ask = (pathname: string, init: RequestInit & { readonly as?: string } = {}) => {
  const { as = ADMIN, ...rest } = init
  const headers = new Headers(rest.headers)
  headers.set('authorization', `Bearer ${as}`)
  return once(new Request(`http://aloft.test${pathname}`, { ...rest, headers }))
}
const json = async (pathname: string) => (await ask(pathname)).json()

/** A node enrols, as it would over any transport. */
async function enrol(node: string) {
  const body = JSON.stringify({ site: 'paris' })
  const headers = { 'content-type': 'application/json' }
  const made = await ask('/api/v1/enrolment-tokens', { method: 'POST', body, headers })
  expect(made.status).toBe(201)
  const { token } = (await made.json()) as { token: string }
  const key = newKey()
  const enrolled = await once(
    new Request('http://aloft.test/agent/v1/enrol', {
      method: 'POST',
      body: JSON.stringify(enrolmentOf(token, node, key)),
      headers,
    }),
  )
  expect(enrolled.status).toBe(201)
  const { agentId } = EnrolResponse.parse(await enrolled.json())
  return { agentId, node, site: 'paris', key: key.key }
}

const exchange = (body: string, signal?: AbortSignal) =>
  once(
    new Request('http://aloft.test/agent/v1/exchange', { method: 'POST', body, ...(signal && { signal }) }),
  )

describe('with an instance for every request', () => {
  it('agents enrol, hold sessions, deliver events once; failovers, routers and the stream are there', async () => {
    const [lb1, lb2] = [await enrol('lb1'), await enrol('lb2')]
    const [one, two] = [new ExchangeAgent(exchange), new ExchangeAgent(exchange)]
    await one.open(lb1)
    await two.open(lb2)
    const became = { from: 'backup', to: 'active' } as const
    const heard = { address: '192.0.2.1', priority: 200, agoMs: 3_000 }
    const first = transition(1, {
      ...became,
      reason: 'priority',
      source: '192.0.2.1',
      atMs: Date.now() - 60_000,
    })
    one.send({ kind: 'events', epoch: 'epoch-1', events: [first] })
    await one.acked(1)
    // The same again, as after a lost answer.
    one.send({ kind: 'events', epoch: 'epoch-1', events: [first] })
    // The takeover is after what lb1 said last, by more than the clocks may be wrong.
    await sleep(1_000)
    const took = { ...became, reason: 'no-response', source: '192.0.2.2', heard, outageMs: 3_100 } as const
    two.send({ kind: 'events', epoch: 'epoch-1', events: [transition(1, { ...took, atMs: Date.now() })] })
    await two.acked(1)
    const { items: failovers } = await json('/api/v1/failovers')
    expect(failovers).toMatchObject([{ from: 'lb1', to: 'lb2', reason: 'no-response', outageMs: 3_100 }])
    expect(await database.sql`select count(*)::int as events from events`).toEqual([{ events: 2 }])
    const { items: agents } = await json('/api/v1/agents')
    expect(agents).toMatchObject([
      { node: 'lb1', state: 'connected' },
      { node: 'lb2', state: 'connected' },
    ])
    const { items: routers } = await json('/api/v1/virtual-routers')
    expect(routers).toMatchObject([{ name: 'web', active: 'lb2' }])
    await Promise.all([one.close(), two.close()])
    expect(instances).toBeGreaterThan(10)
    expect(faults).toEqual([])
  })

  it('what a request changed is rung for when it is committed: other instances need not wait for their look', async () => {
    const rung: string[] = []
    const { unlisten } = await database.sql.listen('aloft_bus', (message) => void rung.push(message))
    const { id: feed } = (await database.sql`select coalesce(max(id), 0)::int as id from feed`)[0] ?? {}
    const agent = new ExchangeAgent(exchange)
    await agent.open(await enrol('bell'))
    agent.send({
      kind: 'events',
      epoch: 'epoch-1',
      events: [transition(1, { from: 'backup', to: 'active', atMs: Date.now() })],
    })
    await agent.acked(1)
    await until('the feed is rung for', async () =>
      rung.some((message) => / feed (\d+)$/.test(message) && Number(message.split(' ')[2]) > feed),
    )
    await unlisten()
    await agent.close()
  })

  it('a stream goes on in the next instance where it was cut off in the last', async () => {
    const messages = async (after: string | null, count: number) => {
      const instance = createServerless({ databaseUrl: url, keyEncryptionKey: null, tickToken: TICK, log })
      const headers = { authorization: `Bearer ${ADMIN}`, ...(after !== null && { 'last-event-id': after }) }
      const answer = await instance.fetch(new Request('http://aloft.test/api/v1/stream', { headers }))
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      while ((text.match(/\n\n/g) ?? []).length < count) text += (await reader?.read())?.value ?? ''
      await reader?.cancel()
      await instance.close()
      return Array.from(text.matchAll(/^event: (.+)$/gm), ([, kind]) => kind).slice(0, count)
    }
    const [row] = await database.sql`select min(id)::int as id from feed where kind = 'events'`
    const id = row?.['id']
    const from = await messages(`${id - 1}`, 2)
    expect(from).toEqual(['hello', 'event'])
    // An object that changed several times is told once, at its last change.
    const [next] = await database.sql`
      select kind from feed f where id > ${id} and (kind = 'events' or not exists (
        select 1 from feed later where (later.kind, later.ref) = (f.kind, f.ref) and later.id > f.id))
      order by id limit 1`
    expect(await messages(`${id}`, 2)).toEqual([
      'hello',
      next?.['kind'] === 'events' ? 'event' : next?.['kind'],
    ])
  })

  it('what is due is done by the tick from outside, and nobody is absent for want of a replica', async () => {
    const lb3 = await enrol('lb3')
    const agent = new ExchangeAgent(exchange)
    await agent.open(lb3)
    const tick = await ask('/internal/tick', { method: 'POST', as: TICK })
    expect(tick.status).toBe(200)
    const { ran, failed } = (await tick.json()) as { ran: { name: string }[]; failed: object[] }
    expect(failed).toEqual([])
    expect(ran.map(({ name }) => name)).toContain('agent-states')
    expect((await ask('/internal/tick', { method: 'POST', as: ADMIN })).status).toBe(401)
    const { items } = await json('/api/v1/agents')
    expect(items.find(({ node }: { node: string }) => node === 'lb3')).toMatchObject({ state: 'connected' })
    await agent.close()
  })
})

describe('a cold start', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-cold-'))
    chmodSync(folder, 0o711)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('of a process that answers one request from the database takes at most 500 ms', async () => {
    const bundle = path.resolve(import.meta.dirname, '../../agent/dist/fetch.js')
    const program = `const { default: app } = await import(${JSON.stringify(bundle)})
      const headers = { authorization: 'Bearer ' + process.env.ADMIN }
      const answer = await app.fetch(new Request('http://aloft.test/api/v1/sites', { headers }))
      const { items } = await answer.json()
      console.log(JSON.stringify({ status: answer.status, sites: items.length, tookMs: performance.now() }))
      process.exit(0)`
    const env = { ...process.env, DATABASE_URL: url, ADMIN }
    const runs: number[] = []
    for (let run = 0; run < 5; run++) {
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
        env,
        cwd: folder,
      })
      const { status, sites, tookMs } = JSON.parse(stdout)
      expect([status, sites]).toEqual([200, 1])
      runs.push(tookMs)
    }
    // Other tests may have the machine's cores; the best run says what the start itself costs.
    const best = Math.min(...runs)
    console.log(`cold start to first answer: ${runs.map(Math.round).join(', ')} ms`)
    expect(best).toBeLessThanOrEqual(500)
  })
})

it('opens nothing before the first request', async () => {
  const before = await connections()
  const instance = createServerless({ databaseUrl: url, keyEncryptionKey: null, tickToken: null, log })
  // A connection takes some milliseconds to be there.
  await sleep(200)
  expect(await connections()).toBe(before)
  await instance.close()
})

async function connections(): Promise<number> {
  const watcher: OpenDatabase = openDatabase(database.address, 1)
  const [row] =
    await watcher.sql`select count(*)::int as n from pg_stat_activity where datname = current_database()`
  await watcher.close()
  return row?.['n']
}
