import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Agent, Event, Failover, Problem, page, Site, VirtualRouter } from '@aloft/shared/api/schemas'
import { readExposition } from '@aloft/shared/metrics/strict-reader.fixture'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { PERMISSIONS } from './access/permissions.ts'
import { createSignInCode } from './access/sign-in.ts'
import { transact } from './database/transact.ts'
import { ingest } from './events/ingest.ts'
import { enrolNode, transition } from './gateway/test-agent.ts'
import { startTestApplication, type TestApplication } from './http/test-application.ts'

let app: TestApplication
let dashboardFolder = ''
/** 2026-11-22T20:00:00Z */
const T0 = Date.UTC(2026, 10, 22, 20)
const ids = { site: '', lb1: '', lb2: '', failover: '', router: '' }

beforeAll(async () => {
  dashboardFolder = mkdtempSync(path.join(os.tmpdir(), 'aloft-dashboard-'))
  mkdirSync(path.join(dashboardFolder, 'assets'))
  writeFileSync(path.join(dashboardFolder, 'index.html'), '<!doctype html>the dashboard')
  writeFileSync(path.join(dashboardFolder, 'assets', 'app-1a2b.js'), 'run()')
  app = await startTestApplication({ dashboardFolder })
  await seed()
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
  rmSync(dashboardFolder, { recursive: true })
})

/** Site paris: lb1 was active and fell silent, lb2 took over; both connected. Site rome: a node that only enrolled. */
async function seed(): Promise<void> {
  const { db } = app.database
  const [lb1, lb2] = [await enrolNode(db, 'paris', 'lb1'), await enrolNode(db, 'paris', 'lb2')]
  await enrolNode(db, 'rome', 'lb1')
  const [site] = await app.database.sql`select id from sites where name = 'paris'`
  Object.assign(ids, { site: site?.['id'], lb1: lb1.agentId, lb2: lb2.agentId })
  await app.database.sql`insert into replicas values ('r1', ${T0}, 4e12)`
  for (const { agentId } of [lb1, lb2]) {
    await app.database.sql`insert into agent_epochs values (${agentId}, 'e', 0, ${T0})`
    await app.database
      .sql`insert into agent_sessions (agent_id, session_id, generation, replica, boot_id, run_id,
      connected_at_ms, last_seen_at_ms, synced, clock_offset_ms, clock_error_ms, spool_backlog, router_alive)
      values (${agentId}, 's', 1, 'r1', 'b', 'r', ${T0}, ${T0}, true, 1.5, 0.5, 0, true)`
  }
  const became = { from: 'backup', to: 'active' } as const
  const heard = { address: '10.0.0.1', priority: 200, agoMs: 310 }
  await batch(ids.lb1, [transition(1, { ...became, reason: 'priority', priority: 200, atMs: T0 })])
  await batch(ids.lb2, [
    transition(1, { from: 'initialize', to: 'backup', reason: 'startup', atMs: T0 + 1_000 }),
    transition(2, { ...became, reason: 'no-response', heard, outageMs: 312, atMs: T0 + 60_000 }),
  ])
  await batch(ids.lb1, [
    transition(2, {
      from: 'active',
      to: 'fault',
      reason: 'interface-down',
      priority: 200,
      atMs: T0 + 59_700,
    }),
  ])
  ids.failover = (await items(Failover, 'failovers'))[0]?.id ?? ''
  ids.router = (await items(VirtualRouter, 'virtual-routers'))[0]?.id ?? ''
}

function batch(agentId: string, events: readonly ReturnType<typeof transition>[]) {
  const facts = {
    siteId: ids.site,
    generation: null,
    epoch: 'e',
    clock: { offsetMs: 0, errorMs: 1 },
    liveAfterSeq: 0,
  }
  return transact(app.database.db, (tx) =>
    ingest(tx, [{ ...facts, agentId, events, receivedAtMs: T0 + 61_000 }], T0 + 61_000),
  )
}

async function items<T extends z.ZodType>(schema: T, list: string): Promise<z.infer<T>[]> {
  const response = await app.fetch(`/api/v1/${list}`)
  expect(response.status).toBe(200)
  return page(schema).parse(await response.json()).items
}

async function problem(response: Response | Promise<Response>) {
  const answer = await response
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  const body = Problem.parse(await answer.json())
  expect(body.status).toBe(answer.status)
  return body
}

describe('what is there', () => {
  it('a failover has reason, outage, both nodes and both sides’ evidence', async () => {
    const [failover] = await items(Failover, 'failovers')
    expect(failover).toMatchObject({
      site: 'paris',
      from: 'lb1',
      to: 'lb2',
      reason: 'no-response',
      planned: false,
      occurredAt: '2026-11-22T20:01:00.000Z',
      outageMs: 312,
    })
    expect(new Set(failover?.evidence.map(({ node }) => node))).toEqual(new Set(['lb1', 'lb2']))
    expect(await (await app.fetch(`/api/v1/failovers/${ids.failover}`)).json()).toEqual(failover)
  })

  it('a virtual router says who is active', async () => {
    const [router] = await items(VirtualRouter, 'virtual-routers?site=paris')
    expect(router).toMatchObject({ state: 'served', active: 'lb2' })
    expect(router?.members.map(({ node, role }) => [node, role])).toEqual([
      ['lb1', 'fault'],
      ['lb2', 'active'],
    ])
    expect(await (await app.fetch(`/api/v1/virtual-routers/${ids.router}`)).json()).toEqual(router)
  })

  it('what cannot be seen is unknown: session ended, snapshot missing, router process away', async () => {
    const { db } = app.database
    for (const [change, back] of [
      [sql`disconnected_at_ms = 1`, sql`disconnected_at_ms = null`],
      [sql`synced = false`, sql`synced = true`],
      [sql`router_alive = false`, sql`router_alive = true`],
    ]) {
      await db.execute(sql`update agent_sessions set ${change} where agent_id = ${ids.lb2}::uuid`)
      const [router] = await items(VirtualRouter, 'virtual-routers')
      expect(router).toMatchObject({ state: 'unknown', active: null })
      expect(router?.members[1]).toMatchObject({ node: 'lb2', role: null, lastKnownRole: 'active' })
      const [site] = await items(Site, 'sites')
      expect(site?.virtualRouters).toMatchObject({ total: 1, served: 0, unknown: 1 })
      await db.execute(sql`update agent_sessions set ${back} where agent_id = ${ids.lb2}::uuid`)
    }
  })

  it('sites count agents and routers; one is found by id and by name', async () => {
    const sites = await items(Site, 'sites')
    expect(sites).toMatchObject([
      {
        name: 'paris',
        agents: { total: 2, connected: 2 },
        virtualRouters: { total: 1, served: 1, unknown: 0 },
      },
      {
        name: 'rome',
        agents: { total: 1, connected: 0 },
        virtualRouters: { total: 0 },
        lastFailoverAt: null,
      },
    ])
    for (const name of [ids.site, 'paris']) {
      expect(await (await app.fetch(`/api/v1/sites/${name}`)).json()).toEqual(sites[0])
    }
  })

  it('agents are connected, or enrolled and never seen', async () => {
    const agents = await items(Agent, 'agents')
    expect(agents.map(({ site, node, state }) => [site, node, state])).toEqual([
      ['paris', 'lb1', 'connected'],
      ['paris', 'lb2', 'connected'],
      ['rome', 'lb1', 'enrolled'],
    ])
    expect(agents[0]?.clock).toEqual({ offsetMs: 1.5, errorMs: 0.5 })
    expect(await (await app.fetch(`/api/v1/agents/${ids.lb1}`)).json()).toEqual(agents[0])
  })

  it.each([
    ['failovers?site=paris', 1],
    ['failovers?site=rome', 0],
    ['failovers?vrid=51', 1],
    ['failovers?vrid=52', 0],
    ['failovers?from=2026-11-22T20:01:00Z', 1],
    ['failovers?to=2026-11-22T20:01:00Z', 0],
    ['failovers?from=2026-11-22T21:01:00%2B01:00&to=2026-11-22T20:01:01Z', 1],
    ['events?site=paris', 4],
    ['events?node=lb2', 2],
    ['events?kind=link', 0],
    ['events?kind=transition', 4],
    ['events?from=2026-11-22T20:00:59Z', 2],
    ['events?virtualRouter=nonsense', 0],
    ['virtual-routers?vrid=51', 1],
    ['virtual-routers?site=rome', 0],
    ['agents?site=rome', 1],
    ['events?site=no-such', 0],
    ['events?vrid=51', 4],
    ['events?vrid=52', 0],
    ['events?family=ipv4&late=false', 3],
    ['events?family=ipv6', 0],
    ['events?late=true', 1],
    ['failovers?node=lb1', 1],
    ['failovers?node=lb3', 0],
    ['failovers?reason=no-response&planned=false', 1],
    ['failovers?reason=startup', 0],
    ['failovers?planned=true', 0],
    ['failovers?late=true', 0],
    ['failovers?name=web&family=ipv4', 1],
    ['failovers?name=db', 0],
    ['failovers?virtualRouter=nonsense', 0],
    ['virtual-routers?state=served', 1],
    ['virtual-routers?state=unknown', 0],
    ['virtual-routers?name=web&node=lb2&family=ipv4', 1],
    ['virtual-routers?node=lb3', 0],
    ['agents?state=connected', 2],
    ['agents?state=enrolled', 1],
    ['agents?node=lb1', 2],
    ['agents?node=lb2&site=rome', 0],
  ])('%s holds %i', async (list, count) => {
    const response = await app.fetch(`/api/v1/${list}`)
    expect((await response.json()).items).toHaveLength(count)
  })

  it('events of a virtual router, by its id', async () => {
    expect(await items(Event, `events?virtualRouter=${ids.router}`)).toHaveLength(4)
  })

  it.each(['events?order=asc', 'events?order=desc', 'agents?', 'sites?'])(
    'pages of %s join without a hole or a double',
    async (list) => {
      const all = (await (await app.fetch(`/api/v1/${list}`)).json()).items
      const joined = []
      let cursor = ''
      do {
        const answer = await (await app.fetch(`/api/v1/${list}&limit=1${cursor}`)).json()
        joined.push(...answer.items)
        cursor = answer.nextCursor === null ? '' : `&cursor=${answer.nextCursor}`
      } while (cursor !== '')
      expect(joined).toEqual(all)
      expect(all.length).toBeGreaterThan(1)
    },
  )

  it('ascending events of one node are in the order of observation', async () => {
    const events = await items(Event, 'events?order=asc&node=lb2&site=paris')
    expect(events.map(({ seq }) => seq)).toEqual([1, 2])
  })
})

describe('what is wrong is said', () => {
  it.each([
    ['sites?limit=0', '?limit'],
    ['sites?limit=501', '?limit'],
    ['sites?limit=ten', '?limit'],
    ['agents?cursor=xx', '?cursor'],
    ['events?cursor=WyJhIl0', '?cursor'],
    ['failovers?cursor=WzFd', '?cursor'],
    ['failovers?vrid=0', '?vrid'],
    ['failovers?vrid=256', '?vrid'],
    ['failovers?from=yesterday', '?from'],
    ['failovers?to=2026-11-22', '?to'],
    ['events?kind=party', '?kind'],
    ['events?late=maybe', '?late'],
    ['failovers?reason=fun', '?reason'],
    ['failovers?planned=1', '?planned'],
    ['agents?state=good', '?state'],
    ['virtual-routers?family=ipx', '?family'],
    ['events?order=up', '?order'],
    ['virtual-routers?sites=paris', '?sites'],
    ['stream?access_token=abc', '?access_token'],
  ])('%s points at %s', async (list, pointer) => {
    const body = await problem(app.fetch(`/api/v1/${list}`))
    expect(body).toMatchObject({ status: 400, type: 'urn:aloft:problem:invalid' })
    expect(body.errors?.map((error) => error.pointer)).toEqual([pointer])
  })

  it('a cursor of the other order is refused', async () => {
    const { nextCursor } = await (await app.fetch('/api/v1/events?order=asc&limit=1')).json()
    const body = await problem(app.fetch(`/api/v1/events?order=desc&cursor=${nextCursor}`))
    expect(body.detail).toContain('this cursor belongs to order=asc')
  })

  it('text that PostgreSQL cannot hold is the caller’s fault', async () => {
    expect((await problem(app.fetch('/api/v1/agents?site=%00'))).status).toBe(400)
  })

  it.each([
    'sites/no-such',
    'agents/no-such',
    'agents/00000000-0000-0000-0000-000000000000',
    'virtual-routers/x',
    'failovers/x',
    'no-such-list',
  ])('%s is not found', async (thing) => {
    expect((await problem(app.fetch(`/api/v1/${thing}`))).status).toBe(404)
  })
})

describe('who may', () => {
  const everything = [
    ...[
      'sites',
      'agents',
      'virtual-routers',
      'failovers',
      'events',
      'enrolment-tokens',
      'stream',
      'no-such-list',
    ].map((list) => `/api/v1/${list}`),
    '/metrics',
    '/openapi.json',
    '/docs',
  ]
  it.each(everything)('%s needs a credential that holds', async (path) => {
    const expired = await app.token('viewer', { expiresAtMs: app.clock.nowMs - 1 })
    for (const as of [null, 'aloft_api_wrong', expired]) {
      const response = await app.fetch(path, { as })
      expect(response.headers.get('www-authenticate')).toContain('Bearer')
      expect((await problem(response)).status).toBe(401)
    }
  })

  it('reading does not let write', async () => {
    const as = await app.token('viewer')
    const create = {
      method: 'POST',
      body: '{"site":"oslo"}',
      headers: { 'content-type': 'application/json' },
    }
    expect((await app.fetch('/api/v1/sites', { as })).status).toBe(200)
    expect((await problem(app.fetch('/api/v1/enrolment-tokens', { ...create, as }))).status).toBe(403)
  })

  it('a sign-in link works once; its cookie is for this site’s pages alone', async () => {
    const code = await createSignInCode(app.database.db, app.clock.nowMs)
    const first = await app.fetch(`/sign-in?code=${code}`, { as: null })
    expect([first.status, first.headers.get('location')]).toEqual([303, '/'])
    const cookie = first.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^aloft_session=[^;]+; .*HttpOnly; SameSite=Strict$/)
    const headers = { cookie: cookie.split(';')[0] ?? '' }
    expect((await app.fetch('/api/v1/sites', { as: null, headers })).status).toBe(200)
    const again = await app.fetch(`/sign-in?code=${code}`, { as: null })
    expect([again.status, await again.text()]).toEqual([401, expect.stringContaining('was used already')])
    const out = {
      method: 'POST',
      as: null,
      headers: { ...headers, origin: 'http://aloft.test', host: 'aloft.test' },
    }
    expect((await app.fetch('/sign-out', out)).status).toBe(303)
    expect((await app.fetch('/api/v1/sites', { as: null, headers })).status).toBe(401)
  })

  it('a link that is too old does not work', async () => {
    const code = await createSignInCode(app.database.db, app.clock.nowMs - 11 * 60_000)
    expect((await app.fetch(`/sign-in?code=${code}`, { as: null })).status).toBe(401)
  })

  it('a cookie writes from our own pages only', async () => {
    const cookie = `aloft_session=${await app.session()}`
    const post = (origin?: string) =>
      app.fetch('/api/v1/enrolment-tokens', {
        method: 'POST',
        as: null,
        body: '{"site":"oslo"}',
        headers: {
          cookie,
          host: 'aloft.test',
          'content-type': 'application/json',
          ...(origin === undefined ? {} : { origin }),
        },
      })
    expect((await post()).status).toBe(403)
    expect((await post('http://evil.test')).status).toBe(403)
    expect((await post('http://aloft.test')).status).toBe(201)
  })
})

describe('enrolment tokens', () => {
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    app.fetch('/api/v1/enrolment-tokens', {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    })

  it('are made once for one Idempotency-Key, and the database does not hold them', async () => {
    const first = await (await post({ site: 'berlin' }, { 'idempotency-key': 'k1' })).json()
    const again = await (await post({ site: 'berlin' }, { 'idempotency-key': 'k1' })).json()
    expect(again).toEqual(first)
    const stored = await app.database.sql`select to_jsonb(k)::text as row from enrolment_tokens k`
    expect(stored.some(({ row }) => row.includes(first.token))).toBe(false)
    expect((await problem(post({ site: 'madrid' }, { 'idempotency-key': 'k1' }))).status).toBe(409)
    const other = await (await post({ site: 'berlin' }, { 'idempotency-key': 'k2' })).json()
    expect(other.token).not.toBe(first.token)
  })

  it('are listed without the token, and gone when revoked', async () => {
    const { id } = await (await post({ site: 'vienna', maxUses: 3 })).json()
    const list = () => app.fetch('/api/v1/enrolment-tokens?site=vienna').then((answer) => answer.json())
    const { items: listed } = await list()
    expect(listed).toMatchObject([{ id, site: 'vienna', maxUses: 3, uses: 0 }])
    expect(listed[0]).not.toHaveProperty('token')
    expect((await app.fetch(`/api/v1/enrolment-tokens/${id}`, { method: 'DELETE' })).status).toBe(204)
    expect((await list()).items).toEqual([])
    expect((await problem(app.fetch(`/api/v1/enrolment-tokens/${id}`, { method: 'DELETE' }))).status).toBe(
      404,
    )
  })

  it.each([
    [{ site: 'Not A Name' }, '/site'],
    [{}, '/site'],
    [{ site: 'a', ttlMs: 1 }, '/ttlMs'],
    [{ site: 'a', maxUses: 0 }, '/maxUses'],
    [{ site: 'a', color: 'red' }, '/color'],
  ])('%j is refused at %s', async (body, pointer) => {
    expect((await problem(post(body))).errors?.map((error) => error.pointer)).toEqual([pointer])
  })

  it('no JSON, no content type and too much are refused', async () => {
    expect((await problem(post('{'))).status).toBe(400)
    expect((await problem(post('{"site":"a"}', { 'content-type': 'text/plain' }))).status).toBe(415)
    const huge = JSON.stringify({ site: 'a'.repeat(70_000) })
    expect((await problem(post(huge, { 'content-length': String(huge.length) }))).status).toBe(413)
  })
})

describe('documents and pages', () => {
  it('OpenAPI lists every route with its permission, its parameters and how it is refused', async () => {
    const document = await (await app.fetch('/openapi.json')).json()
    expect(document.openapi).toBe('3.1.0')
    const listed = Object.entries<object>(document.paths).flatMap(([route, methods]) =>
      Object.keys(methods).map((method) => `${method} ${route}`),
    )
    for (const list of ['agents', 'failovers', 'sites', 'virtual-routers'])
      expect(listed).toEqual(expect.arrayContaining([`get /api/v1/${list}`, `get /api/v1/${list}/{id}`]))
    for (const route of listed) {
      const [method = '', name = ''] = route.split(' ')
      const operation = document.paths[name][method]
      expect(Object.keys(operation.responses), route).toEqual(expect.arrayContaining(['401', '503']))
      expect(Object.keys(PERMISSIONS), route).toContain(operation['x-aloft-permission'])
      const named = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter)
      const inPath = (operation.parameters ?? []).filter(
        (parameter: { in: string }) => parameter.in === 'path',
      )
      expect(
        inPath.map((parameter: { name: string }) => parameter.name),
        route,
      ).toEqual(named)
    }
  })

  it('the docs need nothing from elsewhere and no script', async () => {
    const html = await (await app.fetch('/docs')).text()
    expect(html).toContain('GET</span> <code>/api/v1/failovers/{id}</code>')
    expect(html).not.toMatch(/<script|style=|https?:\/\//)
    const unknown = await app.fetch('/docs', { as: null, headers: { accept: 'text/html' } })
    expect([unknown.status, unknown.headers.get('location')]).toEqual([303, '/sign-in'])
  })

  it('metrics are Prometheus text', async () => {
    const text = await (await app.fetch('/metrics')).text()
    expect(text).toMatch(/^aloft_gateway_agents 3$/m)
    expect(text).toMatch(/^aloft_http_answers_total\{status="200"\} \d+$/m)
    expect(text).toMatch(/^aloft_database_up 1$/m)
    expect(readExposition(text).length).toBeGreaterThan(10)
  })

  it('every answer carries the security headers and a request id', async () => {
    for (const route of ['/', '/healthz', '/api/v1/sites', '/no.such', '/api/v1/no-such']) {
      const { headers } = await app.fetch(route, { headers: { 'x-request-id': 'mine-1' } })
      expect(headers.get('content-security-policy'), route).toContain("default-src 'self'")
      expect(headers.get('x-request-id'), route).toBe('mine-1')
      expect(headers.get('x-content-type-options'), route).toBe('nosniff')
    }
  })

  it('the dashboard is served to anybody: index for its pages, assets for ever, nothing beside them', async () => {
    const get = (route: string, headers = {}) => app.fetch(route, { as: null, headers })
    const index = await get('/')
    expect(await index.text()).toContain('the dashboard')
    expect(index.headers.get('cache-control')).toBe('no-cache')
    expect(await (await get('/sites/paris')).text()).toContain('the dashboard')
    expect((await get('/', { 'if-none-match': index.headers.get('etag') })).status).toBe(304)
    expect((await get('/assets/app-1a2b.js')).headers.get('cache-control')).toContain('immutable')
    for (const route of ['/assets/no-such.js', '/..%2fpackage.json', '/assets/../../package.json']) {
      expect((await get(route)).status, route).toBe(404)
    }
  })

  it('health needs nothing', async () => {
    expect((await app.fetch('/healthz', { as: null })).status).toBe(200)
    expect((await app.fetch('/readyz', { as: null })).status).toBe(200)
    expect((await app.fetch('/agent/v1/connect', { as: null })).status).toBe(426)
  })
})

it('a dashboard that is not built says how to build it', async () => {
  const bare = await startTestApplication()
  const answer = await bare.fetch('/', { as: null })
  expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('npm run build')])
  await bare.close()
})
