import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { transact } from '../database/transact.ts'
import { ingest } from '../events/ingest.ts'
import { enrolNode, transition } from '../gateway/test-agent.ts'
import { startTestApplication, type TestApplication } from './test-application.ts'

let app: TestApplication
const T0 = Date.UTC(2026, 10, 22, 20)
const EVENTS = 1_201
let node = { agentId: '', siteId: '' }

beforeAll(async () => {
  app = await startTestApplication()
  const { agentId } = await enrolNode(app.database.db, 'paris', 'lb1')
  await enrolNode(app.database.db, 'rome', 'lb1')
  const [site] = await app.database.sql`select id from sites where name = 'paris'`
  node = { agentId, siteId: site?.['id'] }
  await app.database.sql`insert into agent_epochs values (${agentId}, 'e', 0, ${T0})`
  await add(1, EVENTS)
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
})

/** Turns of one router, a second apart. */
async function add(first: number, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => {
    const seq = first + i
    const turn =
      seq % 2 === 1
        ? ({ from: 'backup', to: 'active' } as const)
        : ({ from: 'active', to: 'backup' } as const)
    return transition(seq, { ...turn, reason: 'priority', atMs: T0 + seq * 1_000 })
  })
  const facts = { ...node, epoch: 'e', clock: { offsetMs: 0, errorMs: 1 }, generation: null, liveAfterSeq: 0 }
  const receivedAtMs = T0 + (first + count) * 1_000
  await transact(app.database.db, (tx) => ingest(tx, [{ ...facts, events, receivedAtMs }], receivedAtMs))
}

async function exported(list: string, as = app.admin) {
  const answer = await app.fetch(`/api/v1/${list}`, { as, headers: { accept: 'application/x-ndjson' } })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson'])
  const lines = (await answer.text()).trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line))
}

describe('an export', () => {
  it('of events is every one once, in order, with an end', async () => {
    const lines = await exported('events?order=asc')
    expect(lines.slice(0, -1).map(({ seq }) => seq)).toEqual(Array.from({ length: EVENTS }, (_, i) => i + 1))
    expect(lines.at(-1)).toEqual({ end: { items: EVENTS, nextCursor: null } })
  })

  it('is what the pages are', async () => {
    const pages = await (await app.fetch('/api/v1/failovers?limit=500')).json()
    expect((await exported('failovers')).slice(0, 500)).toEqual(pages.items)
  })

  it('goes on after a cursor and ends at a limit', async () => {
    const first = await exported('events?order=asc&limit=300')
    expect(first).toHaveLength(301)
    const { nextCursor } = first.at(-1).end
    const rest = await exported(`events?order=asc&cursor=${nextCursor}`)
    expect(rest.map(({ seq }) => seq).slice(0, -1)).toEqual(
      Array.from({ length: EVENTS - 300 }, (_, i) => 301 + i),
    )
  })

  it('shows what the caller reaches, and is refused with a status', async () => {
    const as = await app.token('viewer', { sites: ['rome'] })
    expect(await exported('events', as)).toEqual([{ end: { items: 0, nextCursor: null } }])
    const headers = { accept: 'application/x-ndjson' }
    expect((await app.fetch('/api/v1/events?cursor=x', { headers })).status).toBe(400)
    expect((await app.fetch('/api/v1/sites', { headers })).status).toBe(406)
  })

  it('that loses its database says so in its last line', async () => {
    const answer = await app.fetch('/api/v1/events', { headers: { accept: 'application/x-ndjson' } })
    const reader = answer.body?.getReader()
    const decoder = new TextDecoder()
    let text = decoder.decode((await reader?.read())?.value, { stream: true })
    await app.database.sql`alter table events rename to events_away`
    for (let next = await reader?.read(); !next?.done; next = await reader?.read())
      text += decoder.decode(next?.value)
    await app.database.sql`alter table events_away rename to events`
    const lines = text.trimEnd().split('\n')
    expect(lines.length).toBeLessThan(EVENTS)
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      failed: { type: 'urn:aloft:problem:internal', status: 500 },
    })
    expect(app.faults.splice(0)).toHaveLength(1)
  })
})

describe('a page', () => {
  it.each(['events?order=desc', 'failovers?', 'events?order=asc&to=2026-11-22T20:16:40Z'])(
    'of %s neither moves nor doubles while rows arrive',
    async (list) => {
      const wanted = (await exported(list)).slice(0, -1).map(({ id }) => id)
      const [{ max }] = await app.database.sql<[{ max: string }]>`select max(seq) as max from events`
      const seen: string[] = []
      let cursor = ''
      let next = Number(max) + 1
      do {
        const page = await (
          await app.fetch(`/api/v1/${list}&limit=${list.startsWith('f') ? 100 : 250}${cursor}`)
        ).json()
        seen.push(...page.items.map(({ id }: { id: string }) => id))
        cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`
        await add(next, 2)
        next += 2
      } while (cursor !== '')
      expect(seen).toEqual(wanted)
    },
  )

  it('of what is derived is full, though most of it is passed over', async () => {
    await app.database
      .sql`insert into agents (id, site_id, node, public_key, software, enrolled_at_ms, quarantined_reason)
      select gen_random_uuid(), ${node.siteId}, 'n' || lpad(i::text, 5, '0'), 'k' || i, '', 0,
        case when i % 400 = 0 then 'why' end from generate_series(1, 2000) i`
    const first = await (await app.fetch('/api/v1/agents?state=quarantined&limit=3')).json()
    expect(first.items.map(({ node: name }: { node: string }) => name)).toEqual([
      'n00400',
      'n00800',
      'n01200',
    ])
    const rest = await (
      await app.fetch(`/api/v1/agents?state=quarantined&limit=3&cursor=${first.nextCursor}`)
    ).json()
    expect(rest.items.map(({ node: name }: { node: string }) => name)).toEqual(['n01600', 'n02000'])
    expect(rest.nextCursor).toBeNull()
  })
})
