/** Who follows the stream is shown what it reaches at that time, and nothing once its credential has ended. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashSecret } from '../access/secrets.ts'
import { transact } from '../database/transact.ts'
import { ingest } from '../events/ingest.ts'
import { enrolNode, link, transition } from '../gateway/test-agent.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'

const SITES = ['paris', 'rome'] as const
type Site = (typeof SITES)[number]

let app: TestApplication
const nodes = new Map<Site, { agentId: string; siteId: string }>()
const last = { paris: 0, rome: 0 }

beforeAll(async () => {
  app = await startTestApplication({ keepAliveMs: 50 })
  for (const site of SITES) {
    const { agentId } = await enrolNode(app.database.db, site, 'lb1')
    await app.database.sql`insert into agent_epochs values (${agentId}, 'e', 0, 1)`
    const [row] = await app.database.sql`select id from sites where name = ${site}`
    nodes.set(site, { agentId, siteId: row?.['id'] })
  }
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
})

/** Two events, of which one is a turn, so that there are a virtual router and its messages too. The id of the last. */
async function happensAt(site: Site): Promise<string> {
  const node = nodes.get(site)
  if (node === undefined) throw new Error(`no node at ${site}`)
  const turn = { from: 'backup', to: 'active', reason: 'priority', atMs: app.clock.nowMs } as const
  const events = [link(++last[site]), transition(++last[site], turn)]
  const batch = { ...node, epoch: 'e', events, clock: null, generation: null, liveAfterSeq: 0 }
  await transact(app.database.db, (tx) => ingest(tx, [{ ...batch, receivedAtMs: Date.now() }], Date.now()))
  return `${node.agentId}/e/${last[site]}`
}

/** A client that keeps all it is sent. */
async function follow(as: { readonly token: string } | { readonly session: string }, lastEventId?: string) {
  const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  if ('session' in as) headers['cookie'] = `aloft_session=${as.session}`
  const answer = await app.fetch('/api/v1/stream', { as: 'token' in as ? as.token : null, headers })
  expect(answer.status).toBe(200)
  const client = { text: '', ended: false, close: () => reader.cancel() }
  const reader = (answer.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader()
  const read = async () => {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) break
      client.text += value
    }
    client.ended = true
  }
  void read()
  return client
}

type Client = Awaited<ReturnType<typeof follow>>

const shows = (client: Client, id: string) =>
  expect.poll(() => client.text, { timeout: 10_000 }).toContain(`"id":"${id}"`)
const ends = (client: Client) => expect.poll(() => client.ended, { timeout: 10_000 }).toBe(true)
const traces = (site: Site) => [nodes.get(site)?.agentId ?? site, `"${site}"`]

function expectNothingOf(site: Site, client: Client) {
  for (const trace of traces(site)) expect(client.text).not.toContain(trace)
}

const change = (table: 'api_tokens' | 'browser_sessions', secret: string, what: string) =>
  app.database.sql.unsafe(`update ${table} set ${what} where hash = $1`, [hashSecret(secret)])

describe('the stream shows', () => {
  it('what happens at sites within reach, and nothing of any other', async () => {
    const paris = await follow({ token: await app.token('viewer', { sites: ['paris'] }) })
    const all = await follow({ token: app.admin })
    await expect.poll(() => paris.text && all.text, { timeout: 10_000 }).toContain('event: hello')
    const there = await happensAt('rome')
    const here = await happensAt('paris')
    await shows(all, there)
    await shows(all, here)
    await shows(paris, here)
    expect(paris.text).toContain('event: virtual-router')
    expectNothingOf('rome', paris)
    for (const trace of traces('rome')) expect(all.text).toContain(trace)
    await Promise.all([paris.close(), all.close()])
  })

  it('the same of what was missed', async () => {
    const first = await follow({ token: app.admin })
    await expect.poll(() => first.text, { timeout: 10_000 }).toContain('event: hello')
    const id = /^id: (.*)$/m.exec(first.text)?.[1] ?? ''
    await first.close()
    await happensAt('rome')
    const here = await happensAt('paris')
    await happensAt('rome')
    const paris = await follow({ token: await app.token('viewer', { sites: ['paris'] }) }, id)
    await shows(paris, here)
    expectNothingOf('rome', paris)
    await paris.close()
  })

  it('less once the caller reaches less, and more once it reaches more', async () => {
    const token = await app.token('viewer')
    const client = await follow({ token })
    const before = await happensAt('rome')
    await shows(client, before)
    const keepAlives = () => client.text.split(': still here').length
    const lookedAt = async (grants: object) => {
      await change('api_tokens', token, `grants = '${JSON.stringify(grants)}'`)
      const seen = keepAlives()
      // Two, for one may have been under way.
      await expect.poll(keepAlives, { timeout: 10_000 }).toBeGreaterThan(seen + 1)
      client.text = ''
    }
    await lookedAt([{ role: 'viewer', siteIds: [nodes.get('paris')?.siteId] }])
    await happensAt('rome')
    await shows(client, await happensAt('paris'))
    expectNothingOf('rome', client)
    await lookedAt([{ role: 'viewer', siteIds: [nodes.get('rome')?.siteId] }])
    await happensAt('paris')
    await shows(client, await happensAt('rome'))
    expectNothingOf('paris', client)
    await client.close()
  })
})

it('the stream goes on while nobody can say what its caller reaches', async () => {
  const client = await follow({ token: await app.token('viewer') })
  await shows(client, await happensAt('paris'))
  const keepAlives = () => client.text.split(': still here').length
  const seen = keepAlives()
  await app.database.sql`alter table api_tokens rename to api_tokens_away`
  await expect.poll(keepAlives, { timeout: 10_000 }).toBeGreaterThan(seen + 2)
  await app.database.sql`alter table api_tokens_away rename to api_tokens`
  await shows(client, await happensAt('paris'))
  expect(client.ended).toBe(false)
  await client.close()
})

describe('the stream ends when', () => {
  it.each<[string, (token: string) => Promise<unknown>]>([
    ['its token is revoked', (token) => change('api_tokens', token, 'revoked_at_ms = 1')],
    ['its token expires', (token) => change('api_tokens', token, 'expires_at_ms = 1')],
    ['nothing is left to see', (token) => change('api_tokens', token, `grants = '[]'`)],
    [
      'the owner of its token is disabled',
      async (token) => {
        const [user] = await app.database.sql`insert into users (name, grants, grants_from, created_at_ms)
          values ('ann', '[{"role":"viewer","siteIds":null}]', 'admin', 1) returning id`
        await change('api_tokens', token, `user_id = '${user?.['id']}'`)
        await app.fetch('/api/v1/users/ann', {
          method: 'PATCH',
          headers: { 'content-type': 'application/json' },
          body: '{"disabled":true}',
        })
      },
    ],
  ])('%s', async (_, undo) => {
    const token = await app.token('viewer')
    const [client, other] = [await follow({ token }), await follow({ token: app.admin })]
    await shows(client, await happensAt('paris'))
    await undo(token)
    await ends(client)
    await shows(other, await happensAt('paris'))
    expect(other.ended).toBe(false)
    expect((await app.fetch('/api/v1/stream', { as: token })).ok).toBe(false)
    await other.close()
  })

  it('its browser is signed out', async () => {
    const session = await app.session()
    const client = await follow({ session })
    await shows(client, await happensAt('paris'))
    const own = { cookie: `aloft_session=${session}`, origin: 'http://aloft.test', host: 'aloft.test' }
    const answer = await app.fetch('/sign-out', { method: 'POST', as: null, headers: own })
    expect(answer.status).toBe(303)
    await ends(client)
  })
})
