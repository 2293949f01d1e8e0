import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { enrolNode } from '../gateway/test-agent.ts'
import { startTestApplication, type TestApplication } from './test-application.ts'

let app: TestApplication
beforeAll(async () => {
  app = await startTestApplication()
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
})

type Headers = Readonly<Record<string, string>>

async function ask(
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Headers; body?: object } = {},
) {
  const type: Headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const text = body === undefined ? null : JSON.stringify(body)
  const answer = await app.fetch(`/api/v1/${path}`, { method, headers: { ...type, ...headers }, body: text })
  const json = answer.status === 204 ? null : await answer.json()
  const named = (name: string) => answer.headers.get(name)
  return { status: answer.status, etag: named('etag') ?? 'none', at: named('content-location'), json }
}

const read = (path: string) => ask('GET', path)
const guarded = (method: string, path: string, etag: string, body?: object) =>
  ask(method, path, { headers: { 'if-match': etag }, ...(body && { body }) })

let made = 0
interface Thing {
  readonly path: string
  readonly change: readonly [method: string, path: () => string, body: () => object | undefined]
}

const things: Readonly<Record<string, () => Promise<Thing>>> = {
  site: async () => {
    const { id } = (await ask('POST', 'sites', { body: { name: `s${++made}` } })).json
    return { path: `sites/${id}`, change: ['PATCH', () => `sites/${id}`, () => ({ name: `s${++made}` })] }
  },
  user: async () => {
    const body = { name: `u${++made}`, password: null, grants: [] }
    const { id } = (await ask('POST', 'users', { body })).json
    const grants = () => ({ grants: [{ role: ++made % 2 ? 'viewer' : 'operator', sites: null }] })
    return { path: `users/${id}`, change: ['PATCH', () => `users/${id}`, grants] }
  },
  agent: async () => {
    const { agentId } = await enrolNode(app.database.db, 'paris', `n${++made}`)
    const verbs = ['rotate-key', 'revoke']
    return {
      path: `agents/${agentId}`,
      change: ['POST', () => `agents/${agentId}/${verbs.shift()}`, () => undefined],
    }
  },
  'centre key': async () => ({
    path: 'centre-key',
    change: ['POST', () => 'centre-key/rotate', () => undefined],
  }),
}

describe.each(Object.entries(things))('a %s', (_, make) => {
  const thing = async () => {
    const { path, change } = await make()
    const [method, where, body] = change
    const to = (etag: string) => guarded(method, where(), etag, body())
    return { path, to }
  }

  it('is changed as it was read, and the answer has the ETag of the next change', async () => {
    const { path, to } = await thing()
    const { etag } = await read(path)
    const changed = await to(etag)
    expect([changed.status, changed.at]).toEqual([200, `/api/v1/${path}`])
    const now = await read(path)
    expect([changed.etag, changed.json]).toEqual([now.etag, now.json])
    expect(changed.etag).not.toBe(etag)
    expect((await to(changed.etag)).status).toBe(200)
  })

  it('that somebody changed meanwhile is left alone: 412 with the ETag of what is there', async () => {
    const { path, to } = await thing()
    const { etag } = await read(path)
    await to(etag)
    const now = await read(path)
    const refused = await to(etag)
    expect([refused.status, refused.json.type, refused.etag]).toEqual([
      412,
      'urn:aloft:problem:precondition-failed',
      now.etag,
    ])
    expect(await read(path)).toEqual(now)
  })
})

describe('an agent', () => {
  it('that enrolled anew is not approved for the one that was looked at', async () => {
    const { agentId } = await enrolNode(app.database.db, 'paris', 'twice')
    await app.database.sql`update agents set standing = 'pending' where id = ${agentId}`
    const { etag } = await read(`agents/${agentId}`)
    await app.database.sql`update agents set public_key = 'another' where id = ${agentId}`
    expect((await guarded('POST', `agents/${agentId}/approve`, etag)).status).toBe(412)
    expect((await read(`agents/${agentId}`)).json.state).toBe('pending')
  })

  it('that merely came and went is the same', async () => {
    const { agentId } = await enrolNode(app.database.db, 'paris', 'seen')
    const { etag } = await read(`agents/${agentId}`)
    await app.database.sql`update agents set software = '9.9' where id = ${agentId}`
    expect((await read(`agents/${agentId}`)).etag).not.toBe(etag)
    expect((await guarded('POST', `agents/${agentId}/rotate-key`, etag)).status).toBe(200)
  })
})

it('the key of the centre is rotated once by those who ask at once', async () => {
  const { etag } = await read('centre-key')
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => guarded('POST', 'centre-key/rotate', etag)),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412])
})

describe('If-Match where nothing is compared', () => {
  it.each([
    ['POST', 'sites', { name: 'vain' }],
    ['POST', 'api-tokens', { name: 'vain' }],
    ['DELETE', 'api-tokens/00000000-0000-4000-8000-000000000000', undefined],
    ['PUT', 'account/password', { current: 'x', new: 'a long enough one' }],
  ] as const)('%s %s is refused, and nothing is done', async (method, path, body) => {
    const { status, json } = await guarded(method, path, '"1.abc"', body)
    expect([status, json.errors]).toEqual([400, [expect.objectContaining({ pointer: '/if-match' })]])
    expect((await read('sites/vain')).status).toBe(404)
  })

  it('is no matter when it says anything will do, or of a read', async () => {
    expect((await guarded('POST', 'sites', '*', { name: 'any' })).status).toBe(201)
    expect((await ask('GET', 'sites', { headers: { 'if-match': '"1.abc"' } })).status).toBe(200)
  })
})

it('a repetition by its key is answered with the ETag of then', async () => {
  const { agentId } = await enrolNode(app.database.db, 'paris', 'again')
  const headers = { 'idempotency-key': 'k', 'if-match': (await read(`agents/${agentId}`)).etag }
  const [first, second] = [
    await ask('POST', `agents/${agentId}/rotate-key`, { headers }),
    await ask('POST', `agents/${agentId}/rotate-key`, { headers }),
  ]
  expect(first.status).toBe(200)
  expect(second).toEqual(first)
})
