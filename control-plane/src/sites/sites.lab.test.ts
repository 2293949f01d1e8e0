import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { enrolNode, newToken } from '../gateway/test-agent.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'

let app: TestApplication
beforeAll(async () => {
  app = await startTestApplication()
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
})
beforeEach(() => app.database.sql`delete from enrolment_tokens; delete from sites`.simple())

interface Asked {
  readonly body?: object
  readonly as?: string
  readonly headers?: Readonly<Record<string, string>>
}

async function ask(method: string, path: string, { body, as = app.admin, headers = {} }: Asked = {}) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) }
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const answer = await app.fetch(`/api/v1/${path}`, { method, as, headers: { ...type, ...headers }, ...init })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text === '' ? null : JSON.parse(text) }
}

const etagOf = async (name: string) => (await ask('GET', `sites/${name}`)).headers.get('etag') ?? ''
const audited = async () =>
  (await app.database.sql`select action, before, after from audit order by id`).map(
    ({ action, before, after }) => [action, before, after],
  )

describe('a site', () => {
  it('is made, and is there', async () => {
    const made = await ask('POST', 'sites', { body: { name: 'paris' } })
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'paris', agents: { total: 0 }, lastFailoverAt: null },
    })
    expect(made.headers.get('location')).toBe(`/api/v1/sites/${made.body.id}`)
    expect((await ask('GET', 'sites/paris')).body).toEqual(made.body)
    expect((await audited()).at(-1)).toEqual(['site.create', null, { name: 'paris' }])
  })

  it('is made once', async () => {
    await ask('POST', 'sites', { body: { name: 'paris' } })
    expect(await ask('POST', 'sites', { body: { name: 'paris' } })).toMatchObject({
      status: 409,
      body: { detail: 'there is a site paris already' },
    })
  })

  it.each(['', 'Paris', '-x', 'a b', 'x'.repeat(64), '../etc'])('is not called `%s`', async (name) => {
    expect((await ask('POST', 'sites', { body: { name } })).body.errors[0].pointer).toBe('/name')
  })

  it('is not made by who manages some sites only', async () => {
    await ask('POST', 'sites', { body: { name: 'paris' } })
    const as = await app.token('admin', { sites: ['paris'] })
    expect((await ask('POST', 'sites', { body: { name: 'rome' }, as })).status).toBe(403)
    const viewer = await app.token('viewer')
    expect((await ask('POST', 'sites', { body: { name: 'rome' }, as: viewer })).status).toBe(403)
  })

  it('is renamed, with all that is in it', async () => {
    await ask('POST', 'sites', { body: { name: 'paris' } })
    await enrolNode(app.database.db, 'paris', 'lb1')
    const renamed = await ask('PATCH', 'sites/paris', { body: { name: 'lyon' } })
    expect(renamed).toMatchObject({ status: 200, body: { name: 'lyon', agents: { total: 1 } } })
    expect((await ask('GET', 'agents?site=lyon')).body.items).toHaveLength(1)
    expect((await ask('GET', 'sites/paris')).status).toBe(404)
    expect((await audited()).at(-1)).toEqual(['site.rename', { name: 'paris' }, { name: 'lyon' }])
    await app.database.sql`truncate agents, agent_sessions, enrolment_token_uses cascade`
  })

  it('is not renamed to what another is called, nor out of sight', async () => {
    for (const name of ['paris', 'rome']) await ask('POST', 'sites', { body: { name } })
    expect((await ask('PATCH', 'sites/paris', { body: { name: 'rome' } })).status).toBe(409)
    const as = await app.token('admin', { sites: ['rome'] })
    expect((await ask('PATCH', 'sites/paris', { body: { name: 'lyon' }, as })).status).toBe(404)
  })

  it('is changed by If-Match only as it was read; what merely happened to it is no change', async () => {
    await ask('POST', 'sites', { body: { name: 'paris' } })
    const etag = await etagOf('paris')
    await enrolNode(app.database.db, 'paris', 'lb1')
    expect(await etagOf('paris')).not.toBe(etag)
    const headers = { 'if-match': etag }
    expect((await ask('PATCH', 'sites/paris', { body: { name: 'lyon' }, headers })).status).toBe(200)
    const late = await ask('PATCH', 'sites/lyon', { body: { name: 'nice' }, headers })
    expect(late).toMatchObject({ status: 412, body: { type: 'urn:aloft:problem:precondition-failed' } })
    expect((await ask('DELETE', 'sites/lyon', { headers })).status).toBe(412)
    expect(
      (await ask('PATCH', 'sites/lyon', { body: { name: 'nice' }, headers: { 'if-match': '*' } })).status,
    ).toBe(200)
    for (const nonsense of ['"x"', 'W/"1.x"', `${etag}, ${etag}`, 'x'])
      expect((await ask('DELETE', 'sites/nice', { headers: { 'if-match': nonsense } })).status).toBe(400)
    await app.database.sql`truncate agents, agent_sessions, enrolment_token_uses cascade`
  })

  it('that several rename at once has one of the names, and the others are told', async () => {
    await ask('POST', 'sites', { body: { name: 'paris' } })
    const headers = { 'if-match': await etagOf('paris') }
    const id = (await ask('GET', 'sites/paris')).body.id
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => ask('PATCH', `sites/${id}`, { body: { name: `s${i}` }, headers })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(412)])
  })

  it('is removed when it is empty, with its tokens', async () => {
    await newToken(app.database.db, { site: 'paris' })
    expect((await ask('DELETE', 'sites/paris')).status).toBe(204)
    expect((await ask('GET', 'sites')).body.items).toEqual([])
    expect((await ask('GET', 'enrolment-tokens')).body.items).toEqual([])
    expect((await audited()).at(-1)).toEqual(['site.delete', { name: 'paris', enrolmentTokens: 1 }, null])
    expect((await ask('DELETE', 'sites/paris')).status).toBe(404)
  })

  it('is not removed while it has a node', async () => {
    await enrolNode(app.database.db, 'paris', 'lb1')
    expect(await ask('DELETE', 'sites/paris')).toMatchObject({
      status: 409,
      body: { detail: 'site paris is not empty: it has 1 nodes and 0 virtual routers' },
    })
    expect((await ask('GET', 'enrolment-tokens')).body.items).toHaveLength(1)
    await app.database.sql`truncate agents, agent_sessions, enrolment_token_uses cascade`
  })
})
