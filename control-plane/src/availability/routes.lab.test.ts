import type { Availability, Timeline } from '@aloft/shared/api/availability'
import type { SpooledEvent, TransitionBody } from '@aloft/shared/protocol/events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { transact } from '../database/transact.ts'
import { ingest } from '../events/ingest.ts'
import { enrolNode, link, transition } from '../gateway/test-agent.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'
import { DAY_MS, HOUR_MS, sumUp } from './sum-up.ts'

const NOW = Math.floor(Date.now() / HOUR_MS) * HOUR_MS + 1_800_000
const T0 = Math.floor(NOW / HOUR_MS) * HOUR_MS - 10 * HOUR_MS
const MINUTE = 60_000
const iso = (ms: number) => new Date(ms).toISOString()

let app: TestApplication
const ids: Record<string, { agentId: string; siteId: string }> = {}
const seqs: Record<string, number> = {}
beforeAll(async () => {
  app = await startTestApplication()
  app.clock.nowMs = NOW
  for (const name of ['berlin/lb1', 'berlin/lb2', 'oslo/lb1']) {
    const [site = '', node = ''] = name.split('/')
    const { agentId } = await enrolNode(app.database.db, site, node)
    const [row] = await app.database.sql`select id from sites where name = ${site}`
    ids[name] = { agentId, siteId: row?.['id'] }
    await app.database
      .sql`insert into agent_epochs (agent_id, epoch, seq, started_at_ms) values (${agentId}, 'e', 0, 0)`
    await app.database
      .sql`insert into agent_sessions (agent_id, session_id, generation, replica, boot_id, run_id,
      connected_at_ms, last_seen_at_ms, synced) values (${agentId}, 's', 1, 'r', 'boot-1', 'r', ${T0}, ${NOW}, true)`
  }
  await observe('berlin/lb1', T0, { from: 'initialize', to: 'backup' })
  await observe('berlin/lb2', T0, { from: 'initialize', to: 'backup' })
  await observe('berlin/lb1', T0 + 3_600, { from: 'backup', to: 'active', reason: 'priority' })
  await observe('berlin/lb2', T0 + 6_000, { from: 'backup', to: 'backup', heard: by('10.0.0.1', 500) })
  await observe('oslo/lb1', T0, { from: 'initialize', to: 'active', reason: 'startup' })
})
afterAll(() => app.close())

const by = (address: string, agoMs: number) => ({ address, priority: 200, agoMs })

async function observe(name: string, atMs: number, body: Partial<TransitionBody>): Promise<void> {
  await take(name, { ...transition(1, { atMs, ...body }) })
}

async function take(name: string, event: SpooledEvent): Promise<void> {
  const seq = (seqs[name] ?? 0) + 1
  seqs[name] = seq
  const clock = { offsetMs: 0, errorMs: 1 }
  const facts = { generation: null, epoch: 'e', clock, liveAfterSeq: 0, receivedAtMs: NOW }
  const { agentId, siteId } = ids[name] ?? { agentId: '', siteId: '' }
  const outcomes = await transact(app.database.db, (tx) =>
    ingest(tx, [{ agentId, siteId, events: [{ ...event, seq }], ...facts }], NOW),
  )
  expect(outcomes).toEqual([{ kind: 'held', seq }])
}

async function get<T>(path: string): Promise<T> {
  const response = await app.fetch(path)
  expect(response.status, path).toBe(200)
  return (await response.json()) as T
}
const availability = async (query: string) => {
  await sumUp({ db: app.database.db, nowMs: NOW, transact: (work) => transact(app.database.db, work) })
  return get<Availability>(`/api/v1/availability?${query}`)
}

describe('availability', () => {
  it('is of whole hours that are over, and unknown before it is summed up', async () => {
    const before = await get<Availability>('/api/v1/availability?site=oslo')
    expect(before.items).toMatchObject([{ servedMs: 0, availability: null }])
    const { from, to, total, items } = await availability('site=oslo')
    expect([from, to]).toEqual([iso(T0 + 10 * HOUR_MS - 30 * DAY_MS), iso(T0 + 10 * HOUR_MS)])
    expect(total).toMatchObject({ virtualRouters: 1, servedMs: 10 * HOUR_MS, unknownMs: 0, availability: 1 })
    expect(items).toMatchObject([{ site: 'oslo', name: 'web', servedMs: 10 * HOUR_MS, outages: 0 }])
    await app.database.sql.unsafe('delete from availability_hours; delete from availability_days')
    expect(await get<Availability>('/api/v1/availability?site=oslo')).toMatchObject({
      total: { servedMs: 0, unknownMs: 10 * HOUR_MS, availability: null },
    })
    await app.database.sql`update availability_routers set stale_from_ms = 0`
  })

  it('is corrected when a failover of hours ago becomes known, by its single-clock outage', async () => {
    const failedMs = T0 + 5 * HOUR_MS
    const first = { from: iso(T0), to: iso(T0 + 10 * HOUR_MS) }
    expect(await availability(`site=berlin&from=${first.from}&to=${first.to}`)).toMatchObject({
      total: { downMs: 3_600, outages: 1, servedMs: 10 * HOUR_MS - 3_600 },
    })
    const heard = by('10.0.0.1', 3_500)
    const took = { from: 'backup', to: 'active', reason: 'no-response', heard, outageMs: 3_512.5 } as const
    await observe('berlin/lb2', failedMs, took)
    await observe('berlin/lb1', failedMs - 3_600, { from: 'active', to: 'fault', reason: 'interface-down' })
    const later = await availability(`site=berlin&from=${first.from}&to=${first.to}&step=hour`)
    expect(later.total).toMatchObject({ downMs: 3_600 + 3_512.5, outages: 2 })
    expect(later.items[0]?.steps).toHaveLength(10)
    expect(later.items[0]?.steps?.[4]).toMatchObject({
      startAt: iso(failedMs - HOUR_MS),
      downMs: 3_512.5,
      outages: 1,
    })
  })

  it('counts time whose events are lost as unknown, until it is known that somebody else served', async () => {
    const [fromMs, toMs] = [T0 + 2 * HOUR_MS, T0 + 2 * HOUR_MS + 30 * MINUTE]
    const body = {
      kind: 'gap',
      count: 7,
      cause: 'spool-overflow',
      fromWallMs: fromMs,
      toWallMs: toMs,
    } as const
    await take('oslo/lb1', { ...link(1), body, at: { wallMs: toMs, monoMs: 1, bootId: 'boot-1' } })
    expect(await availability('site=oslo')).toMatchObject({
      total: { servedMs: 9.5 * HOUR_MS, unknownMs: 0.5 * HOUR_MS, downMs: 0, availability: 1 },
    })
  })

  it('is asked for by site, router and address, and by days', async () => {
    const all = await availability('step=day')
    expect(all.items.map(({ site }) => site)).toEqual(['berlin', 'oslo'])
    expect(all.total.servedMs).toBe(all.items.reduce((sum, { servedMs }) => sum + servedMs, 0))
    for (const item of all.items)
      expect(item.steps?.reduce((sum, { servedMs }) => sum + servedMs, 0)).toBeCloseTo(item.servedMs, 3)
    const id = all.items[1]?.virtualRouter
    expect((await availability(`virtualRouter=${id}`)).items).toMatchObject([{ site: 'oslo' }])
    expect((await availability('virtualRouter=nonsense')).items).toEqual([])
    const one = await availability('address=192.0.2.100&site=berlin')
    expect(one.address).toMatchObject({ servedMs: one.total.servedMs, downMs: one.total.downMs })
    expect((await availability('address=192.0.2.100/24')).items).toHaveLength(2)
    expect(await availability('address=192.0.2.1')).toMatchObject({ items: [], address: null })
  })

  it('of one page at a time goes on where it was', async () => {
    const first = await availability('limit=1')
    const second = await availability(`limit=1&cursor=${first.nextCursor}`)
    expect([first, second].map(({ items }) => items.map(({ site }) => site))).toEqual([['berlin'], ['oslo']])
    expect(second.nextCursor).toBeNull()
    expect(second.total).toEqual(first.total)
  })

  it('refuses more steps than an answer can hold', async () => {
    const response = await app.fetch('/api/v1/availability?step=hour&limit=500')
    expect(response.status).toBe(400)
  })
})

describe('the timeline of a virtual router', () => {
  const timelineOf = async (site: string, query = '') => {
    const [row] = await app.database.sql`select v.id from virtual_routers v join sites s on s.id = v.site_id
      where s.name = ${site}`
    return get<Timeline>(`/api/v1/virtual-routers/${row?.['id']}/timeline${query}`)
  }

  it('shows roles, states and the outage with the failover that ended it', async () => {
    const { states, nodes, outages } = await timelineOf('berlin')
    expect(states.map(({ state, active }) => `${state} ${active}`)).toEqual([
      'unknown ',
      'down ',
      'served lb1',
      'served ',
      'down ',
      'served lb2',
    ])
    expect(nodes.map(({ node, roles }) => [node, roles.map(({ role }) => role)])).toEqual([
      ['lb1', ['backup', 'active', 'fault']],
      ['lb2', ['backup', 'active']],
    ])
    expect(outages.at(-1)).toMatchObject({
      durationMs: 3_512.5,
      outageMs: 3_512.5,
      failover: expect.any(String),
    })
    expect(await get(`/api/v1/failovers/${outages.at(-1)?.failover}`)).toMatchObject({ to: 'lb2' })
  })

  it('shows a gap as a gap', async () => {
    const { states, gaps, nodes } = await timelineOf('oslo')
    expect(states.map(({ state }) => state)).toEqual(['unknown', 'served', 'unknown', 'served'])
    expect(gaps).toMatchObject([{ node: 'lb1', cause: 'spool-overflow', events: 7 }])
    expect(nodes[0]?.roles.map(({ role, unknownBecause }) => role ?? unknownBecause)).toEqual([
      'active',
      'spool-overflow',
      'active',
    ])
  })

  it('ends with what an agent that is silent now has told', async () => {
    const silentMs = T0 + 9 * HOUR_MS
    await app.database
      .sql`update agent_sessions set disconnected_at_ms = ${silentMs}, last_seen_at_ms = ${silentMs}
      where agent_id = ${ids['oslo/lb1']?.agentId ?? ''}`
    const { states } = await timelineOf('oslo', `?from=${iso(T0 + 8 * HOUR_MS)}`)
    expect(states).toMatchObject([
      { state: 'served', to: iso(silentMs) },
      { state: 'unknown', from: iso(silentMs), to: iso(NOW) },
    ])
  })

  it('is not there for what is not there', async () => {
    for (const id of ['nonsense', '00000000-0000-4000-8000-000000000000'])
      expect((await app.fetch(`/api/v1/virtual-routers/${id}/timeline`)).status).toBe(404)
  })
})
