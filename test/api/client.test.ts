/**
 * Every operation of the OpenAPI document, made through the typed client over a real socket: what it answers is what its
 * type says, for it is used by that type here and held to the document's schema as it runs.
 */

import { type Client, createClient } from '@aloft/client/client'
import type { Answer, Given, ListName, OperationName } from '@aloft/client/operations'
import { ApiProblem } from '@aloft/client/problem'
import { operationsOf } from '@aloft/control-plane/http/api-document'
import { startTestApplication, type TestApplication } from '@aloft/control-plane/http/test-application'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { AnswerJudge } from './answers.ts'
import { type ServedApplication, serve } from './command-line.fixture.ts'
import { fleetOf } from './fleet.ts'
import type { Target } from './requests.ts'

let app: TestApplication
let served: ServedApplication
let client: Client
let judge: AnswerJudge
const targets = new Map<string, Target>()
const made = new Set<string>()
beforeAll(async () => {
  app = await startTestApplication()
  await fleetOf(app.database)
  served = await serve(app)
  client = createClient({ url: served.url, token: app.admin })
  const document: Parameters<typeof operationsOf>[0] = await (await app.fetch('/openapi.json')).json()
  judge = new AnswerJudge(document)
  for (const [path, method, operation] of operationsOf(document))
    targets.set(`${method.toUpperCase()} ${path}`, { path, method, operation })
})
afterAll(async () => {
  served.close()
  expect(app.faults).toEqual([])
  await app.close()
})

/** Calls it, and holds what the client gave to the document. */
async function call<O extends OperationName>(
  by: Client,
  operation: O,
  ...given: Given<O>
): Promise<Answer<O>> {
  const { value, status } = await by.answer(operation, ...given)
  const target = targets.get(operation)
  if (target === undefined) throw new Error(`${operation} is not in the document`)
  const headers = { 'x-request-id': 'x', ...(status === 204 ? {} : { 'content-type': 'application/json' }) }
  const body = status === 204 ? null : JSON.stringify(value)
  expect(await judge.fault(target, new Response(body, { status, headers })), operation).toBeNull()
  if (status === 204) expect(value, operation).toBeUndefined()
  made.add(operation)
  // Only `ifNoneMatch` brings null.
  return value as Answer<O>
}

const problem = async (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) =>
      error instanceof ApiProblem ? [error.status, error.problem.type.split(':').at(-1)] : error,
  )

/** As a browser that is signed in: with its cookie, from our own pages. */
function browser(cookie: string): Client {
  const own = { cookie, origin: served.url }
  return createClient({
    url: served.url,
    token: null,
    fetch: (input, init) =>
      fetch(input, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), ...own } }),
  })
}

async function signIn(name: string, password: string): Promise<Client> {
  const answer = await fetch(`${served.url}/sign-in`, {
    method: 'POST',
    body: new URLSearchParams({ name, password }),
    headers: { origin: served.url },
    redirect: 'manual',
  })
  return browser(answer.headers.getSetCookie()[0]?.split(';')[0] ?? '')
}

describe('the operations about', () => {
  it('sites', async () => {
    const oslo = await call(client, 'POST /api/v1/sites', { body: { name: 'oslo' } })
    const path = { id: oslo.id }
    expect((await call(client, 'PATCH /api/v1/sites/{id}', { path, body: { name: 'bergen' } })).name).toBe(
      'bergen',
    )
    const bergen = await call(client, 'GET /api/v1/sites/{id}', { path: { id: 'bergen' } })
    expectTypeOf(bergen.agents.total).toBeNumber()
    expect([bergen.id, bergen.agents.total, bergen.lastFailoverAt]).toEqual([oslo.id, 0, null])
    expect(await call(client, 'DELETE /api/v1/sites/{id}', { path })).toBeUndefined()
    expect(await problem(client.call('DELETE /api/v1/sites/{id}', { path }))).toEqual([404, 'not-found'])
    const { items } = await call(client, 'GET /api/v1/sites')
    expect(items.map(({ name }) => name)).toEqual(['paris', 'rome'])
  })

  it('users, and their own account', async () => {
    const grants = [{ role: 'operator', sites: ['paris'] }] as const
    const body = { name: 'ann', password: { generate: true as const }, grants }
    const ann = await call(client, 'POST /api/v1/users', { body })
    expectTypeOf(ann.password).toEqualTypeOf<string | undefined>()
    const path = { id: 'ann' }
    const changed = await call(client, 'PATCH /api/v1/users/{id}', { path, body: { disabled: false } })
    expect([changed.id, changed.grants]).toEqual([ann.id, grants])
    const { password = '' } = await call(client, 'POST /api/v1/users/{id}/password', {
      path,
      body: { password: { generate: true } },
    })
    expect(password).not.toBe(ann.password)
    expect((await call(client, 'GET /api/v1/users/{id}', { path })).hasPassword).toBe(true)
    expect((await call(client, 'GET /api/v1/users', { query: { name: 'ann' } })).items).toHaveLength(1)

    const [here, there] = [await signIn('ann', password), await signIn('ann', password)]
    const account = await call(here, 'GET /api/v1/account')
    expect([account.kind, account.name, account.grants]).toEqual(['user', 'ann', grants])
    const { items } = await call(here, 'GET /api/v1/account/sessions')
    expect(items.map(({ method, current }) => [method, current]).sort()).toEqual([
      ['password', false],
      ['password', true],
    ])
    const id = items.find(({ current }) => !current)?.id ?? ''
    expect(await call(here, 'DELETE /api/v1/account/sessions/{id}', { path: { id } })).toBeUndefined()
    expect(await problem(there.call('GET /api/v1/account'))).toEqual([401, 'unauthenticated'])
    const words = { current: password, new: 'correct horse battery staple' }
    expect(await call(here, 'PUT /api/v1/account/password', { body: words })).toBeUndefined()
    expect(await problem(here.call('PUT /api/v1/account/password', { body: words }))).toEqual([
      403,
      'forbidden',
    ])
    expect(await problem(here.call('GET /api/v1/users'))).toEqual([403, 'forbidden'])
  })

  it('tokens', async () => {
    const grants = [{ role: 'viewer', sites: null }] as const
    const token = await call(client, 'POST /api/v1/api-tokens', { body: { name: 'nightly', grants } })
    const nightly = createClient({ url: served.url, token: token.token ?? '' })
    expect((await nightly.call('GET /api/v1/account')).grants).toEqual(grants)
    const listed = await call(client, 'GET /api/v1/api-tokens')
    expect(listed.items.find(({ id }) => id === token.id)?.token).toBeUndefined()
    expect(await call(client, 'DELETE /api/v1/api-tokens/{id}', { path: { id: token.id } })).toBeUndefined()
    expect(await problem(nightly.call('GET /api/v1/account'))).toEqual([401, 'unauthenticated'])
    const lets = { site: 'paris', labels: { rack: '7' }, needsApproval: true }
    const { id, labels } = await call(client, 'POST /api/v1/enrolment-tokens', { body: lets })
    expect(labels).toEqual({ rack: '7' })
    const { items } = await call(client, 'GET /api/v1/enrolment-tokens', { query: { site: 'paris' } })
    expect(items.map((token) => token.id)).toContain(id)
    expect(await call(client, 'DELETE /api/v1/enrolment-tokens/{id}', { path: { id } })).toBeUndefined()
  })

  it('agents and their commands', async () => {
    const { items } = await call(client, 'GET /api/v1/agents', { query: { site: 'paris' } })
    const [lb1, lb2] = items
    const [one, two] = [{ id: lb1?.id ?? '' }, { id: lb2?.id ?? '' }]
    expect((await call(client, 'GET /api/v1/agents/{id}', { path: one })).node).toBe('lb1')
    const body = { kind: 'report', ttlMs: 60_000 } as const
    const command = await call(client, 'POST /api/v1/agents/{id}/commands', { path: one, body })
    const commands = await call(client, 'GET /api/v1/agents/{id}/commands', { path: one })
    expect(commands.items.map(({ id }) => id)).toEqual([command.id])
    const path = { ...one, commandId: command.id }
    const again = await call(client, 'GET /api/v1/agents/{id}/commands/{commandId}', { path })
    expect([again.state, again.kind]).toEqual(['waiting', 'report'])
    const rotating = await call(client, 'POST /api/v1/agents/{id}/rotate-key', {
      path: one,
      body: { reason: 'yearly' },
    })
    expect(rotating.keyRotationAsked).toBe(true)
    const { sql } = app.database
    await sql`update agents set quarantined_reason = 'two hosts have its key' where id = ${one.id}`
    expect((await client.call('GET /api/v1/agents/{id}', { path: one })).state).toBe('quarantined')
    expect((await call(client, 'POST /api/v1/agents/{id}/release', { path: one })).state).toBe('enrolled')
    const waits = () => sql`update agents set standing = 'pending' where id = ${two.id}`
    await waits()
    expect((await call(client, 'POST /api/v1/agents/{id}/approve', { path: two })).state).toBe('enrolled')
    const reason = 'stolen'
    expect(
      (await call(client, 'POST /api/v1/agents/{id}/revoke', { path: two, body: { reason } })).reason,
    ).toBe(reason)
    expect(await problem(client.call('POST /api/v1/agents/{id}/approve', { path: two }))).toEqual([
      409,
      'conflict',
    ])
    await waits()
    expect((await call(client, 'POST /api/v1/agents/{id}/reject', { path: two })).state).toBe('revoked')
  })

  it('virtual routers and what became of them', async () => {
    const [router] = (await call(client, 'GET /api/v1/virtual-routers')).items
    const path = { id: router?.id ?? '' }
    expect(
      (await call(client, 'GET /api/v1/virtual-routers/{id}', { path })).members.map(({ node }) => node),
    ).toEqual(['lb1', 'lb2'])
    const query = { from: '2026-11-22T19:00:00Z', to: '2026-11-22T21:00:00Z' }
    const { outages } = await call(client, 'GET /api/v1/virtual-routers/{id}/timeline', { path, query })
    expect(outages.map(({ outageMs }) => outageMs)).toEqual([312])
    expect((await call(client, 'GET /api/v1/availability', { query })).items[0]?.name).toBe('web')
    const [failover] = (await call(client, 'GET /api/v1/failovers')).items
    const same = await call(client, 'GET /api/v1/failovers/{id}', { path: { id: failover?.id ?? '' } })
    expect([same.from, same.to, same.outageMs]).toEqual(['lb1', 'lb2', 312])
    const events = await call(client, 'GET /api/v1/events', { query: { kind: 'transition', order: 'asc' } })
    // Told apart by its kind, as a program would.
    const roles = events.items.map(({ body }) => (body.kind === 'transition' ? body.to : null))
    expect(roles).toEqual(['active', 'backup', 'active'])
    expect(
      (await call(client, 'GET /api/v1/audit', { query: { action: 'site.create' } })).items.length,
    ).toBeGreaterThan(1)
  })

  it('the centre’s key', async () => {
    const { key } = await call(client, 'GET /api/v1/centre-key')
    const rotated = await call(client, 'POST /api/v1/centre-key/rotate')
    expect(rotated.previous[0]?.key).toBe(key)
  })

  it('the stream', async () => {
    const over = new AbortController()
    const [lb1] = (await client.call('GET /api/v1/agents', { query: { node: 'lb1', site: 'rome' } })).items
    const path = { id: lb1?.id ?? '' }
    const seen: string[] = []
    const onOpen = async () => void (await client.call('POST /api/v1/agents/{id}/rotate-key', { path }))
    for await (const { kind, value } of client.follow({ signal: over.signal, onOpen })) {
      seen.push(kind)
      if (kind !== 'agent') continue
      expectTypeOf(value.keyFingerprint).toBeString()
      expect([value.id, value.keyRotationAsked]).toEqual([path.id, true])
      over.abort()
    }
    expect(seen).toEqual(['hello', 'agent'])
    made.add('GET /api/v1/stream')
  })

  it('all that the document has, and nothing else', () => {
    expect([...made].sort()).toEqual([...targets.keys()].sort())
  })
})

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const got: T[] = []
  for await (const item of items) got.push(item)
  return got
}

describe('lists', () => {
  it.each([
    'GET /api/v1/agents',
    'GET /api/v1/api-tokens',
    'GET /api/v1/audit',
    'GET /api/v1/enrolment-tokens',
    'GET /api/v1/events',
    'GET /api/v1/failovers',
    'GET /api/v1/sites',
    'GET /api/v1/users',
    'GET /api/v1/virtual-routers',
  ] as const satisfies readonly ListName[])('%s is the same page by page as in one', async (operation) => {
    const whole = await client.list(operation, Number.POSITIVE_INFINITY)
    expect(whole.items.length).toBeGreaterThan(0)
    expect(await all<unknown>(client.items(operation, { query: { limit: 1 } }))).toEqual(whole.items)
    const first = await client.list(operation, 1)
    expect(first.items).toEqual(whole.items.slice(0, 1))
    expect(first.nextCursor === null).toBe(whole.items.length === 1)
  })

  it.each(['GET /api/v1/audit', 'GET /api/v1/events', 'GET /api/v1/failovers'] as const)(
    '%s is the same as an export',
    async (operation) => {
      const whole = await client.list(operation, Number.POSITIVE_INFINITY)
      const lines = client.export(operation)
      const got: unknown[] = []
      let step = await lines.next()
      for (; !step.done; step = await lines.next()) got.push(step.value)
      expect(got).toEqual(whole.items)
      expect(step.value).toEqual({ items: got.length, nextCursor: null })
    },
  )
})

it('a tag says what is unchanged, and refuses what was changed', async () => {
  const path = { id: 'rome' }
  const { value, etag } = await client.answer('GET /api/v1/sites/{id}', { path })
  const ifMatch = etag ?? ''
  expect(await client.answer('GET /api/v1/sites/{id}', { path, ifNoneMatch: ifMatch })).toEqual({
    value: null,
    etag,
    status: 304,
  })
  const renamed = await client.call('PATCH /api/v1/sites/{id}', { path, body: { name: 'roma' }, ifMatch })
  expect(renamed.id).toBe(value?.id)
  const late = { path: { id: 'roma' }, body: { name: 'rome' }, ifMatch }
  expect(await problem(client.call('PATCH /api/v1/sites/{id}', late))).toEqual([412, 'precondition-failed'])
})

it('what is made twice under one key is made once', async () => {
  const twice = { body: { name: 'nice' }, idempotencyKey: 'made-once-1' }
  const [first, second] = [
    await client.call('POST /api/v1/sites', twice),
    await client.call('POST /api/v1/sites', twice),
  ]
  expect(second.id).toBe(first.id)
})
