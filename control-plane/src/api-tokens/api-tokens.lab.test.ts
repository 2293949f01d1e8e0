import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashSecret } from '../access/secrets.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'

const DAY_MS = 86_400_000
const EVERYWHERE = (role: string) => [{ role, sites: null as string[] | null }]
const AT = (role: string, ...sites: string[]) => [{ role, sites }]

let app: TestApplication
beforeAll(async () => {
  app = await startTestApplication()
  for (const name of ['paris', 'rome']) await ask(app.admin, 'POST', 'sites', { name })
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
})

async function ask(as: string, method: string, path: string, body?: unknown) {
  const headers = { 'content-type': 'application/json' }
  const sent = body === undefined ? null : JSON.stringify(body)
  const answer = await app.fetch(`/api/v1/${path}`, { method, as, headers, body: sent })
  const text = await answer.text()
  return { status: answer.status, json: text === '' ? null : JSON.parse(text) }
}

let made = 0
const newToken = (as: string, request: object = {}) =>
  ask(as, 'POST', 'api-tokens', { name: `t${++made}`, ...request })

/** A user, and a token of its own that is all it may. Without a password, whose hash would be most of the time. */
async function newOwner(grants: object = EVERYWHERE('operator')) {
  const name = `owner${++made}`
  const user = (await ask(app.admin, 'POST', 'users', { name, password: null, grants })).json
  const token = await app.token('viewer')
  await app.database.sql`update api_tokens set user_id = ${user.id}, grants = u.grants from users u
    where u.id = ${user.id} and hash = ${hashSecret(token)}`
  return { id: String(user.id), name, token }
}

describe('making one', () => {
  it('shows it once; the database holds its beginning and a hash, the record neither', async () => {
    const { status, json } = await newToken(app.admin, { grants: AT('viewer', 'paris') })
    expect(status).toBe(201)
    expect(json.token).toMatch(/^aloft_api_[\w-]{43}$/)
    expect(json).toMatchObject({ grants: AT('viewer', 'paris'), prefix: json.token.slice(0, 16) })
    expect((await ask(json.token, 'GET', 'sites')).json.items).toMatchObject([{ name: 'paris' }])
    const secret = json.token.slice(16)
    for (const table of ['api_tokens', 'audit']) {
      const rows = await app.database.sql.unsafe(`select t::text as row from ${table} t`)
      expect(rows.some(({ row }) => row.includes(json.id))).toBe(true)
      expect(rows.some(({ row }) => row.includes(secret))).toBe(false)
    }
    expect(JSON.stringify((await ask(app.admin, 'GET', 'api-tokens?limit=500')).json)).not.toContain(secret)
  })

  it.each([
    ['a role one has not', EVERYWHERE('operator'), EVERYWHERE('admin'), 403],
    ['a role beside one’s own', EVERYWHERE('operator'), EVERYWHERE('author'), 403],
    [
      'one’s own and one more',
      EVERYWHERE('operator'),
      [...EVERYWHERE('viewer'), ...AT('admin', 'rome')],
      403,
    ],
    ['another site', AT('admin', 'paris'), AT('viewer', 'rome'), 403],
    ['one site too many', AT('admin', 'paris'), AT('viewer', 'paris', 'rome'), 403],
    ['everywhere', AT('admin', 'paris', 'rome'), EVERYWHERE('viewer'), 403],
    ['a site there is not', EVERYWHERE('admin'), AT('viewer', 'atlantis'), 400],
    ['no grant at all', EVERYWHERE('admin'), [], 400],
    ['what one has', AT('admin', 'paris'), AT('admin', 'paris'), 201],
    ['less', EVERYWHERE('admin'), AT('operator', 'rome'), 201],
    [
      'what two grants give together',
      [...AT('operator', 'paris'), ...AT('viewer', 'rome')],
      AT('viewer', 'paris', 'rome'),
      201,
    ],
  ])('with %s', async (_, own, wanted, expected) => {
    const { token } = await newOwner(own)
    const before = (await ask(token, 'GET', 'api-tokens')).json.items.length
    const { status, json } = await newToken(token, { grants: wanted })
    expect([status, status === 201 ? json.grants : wanted]).toEqual([expected, wanted])
    const after = (await ask(token, 'GET', 'api-tokens')).json.items.length
    expect(after - before).toBe(expected === 201 ? 1 : 0)
  })

  it('with nothing said is what its maker may, for 90 days', async () => {
    const owner = await newOwner(AT('author', 'paris'))
    const { json } = await newToken(owner.token)
    expect(json).toMatchObject({ grants: AT('author', 'paris'), owner: owner.name })
    expect(Date.parse(json.expiresAt) - app.clock.nowMs).toBe(90 * DAY_MS)
  })
})

describe('its end', () => {
  it('is refused from the very instant it expires', async () => {
    const { json } = await newToken(app.admin, { ttlMs: 60_000 })
    const startedAtMs = app.clock.nowMs
    app.clock.nowMs = startedAtMs + 59_999
    expect((await ask(json.token, 'GET', 'account')).status).toBe(200)
    app.clock.nowMs += 1
    expect((await ask(json.token, 'GET', 'account')).status).toBe(401)
    app.clock.nowMs = startedAtMs
  })

  it('comes no later for what it makes', async () => {
    const { json } = await newToken(app.admin, { ttlMs: DAY_MS })
    const refused = await newToken(json.token, { ttlMs: DAY_MS + 1 })
    expect([refused.status, refused.json.detail]).toEqual([
      403,
      expect.stringContaining('may not live longer'),
    ])
    expect((await newToken(json.token)).status).toBe(403)
    expect((await newToken(json.token, { ttlMs: DAY_MS })).status).toBe(201)
  })

  it('comes when it is revoked, by its owner or who manages users, and by nobody else', async () => {
    const [owner, stranger] = [await newOwner(), await newOwner()]
    const [one, two] = [(await newToken(owner.token)).json, (await newToken(owner.token)).json]
    expect((await ask(stranger.token, 'DELETE', `api-tokens/${one.id}`)).status).toBe(404)
    expect((await ask(one.token, 'GET', 'account')).status).toBe(200)
    expect((await ask(owner.token, 'DELETE', `api-tokens/${one.id}`)).status).toBe(204)
    expect((await ask(one.token, 'GET', 'account')).status).toBe(401)
    expect((await ask(owner.token, 'DELETE', `api-tokens/${one.id}`)).status).toBe(404)
    expect((await ask(app.admin, 'DELETE', `api-tokens/${two.id}`)).status).toBe(204)
    expect((await ask(two.token, 'GET', 'account')).status).toBe(401)
    expect((await ask(owner.token, 'DELETE', 'api-tokens/not-an-id')).status).toBe(404)
  })
})

describe('its owner', () => {
  const change = (id: string, request: object) => ask(app.admin, 'PATCH', `users/${id}`, request)

  it('disabled: it does nothing until that is over', async () => {
    const { id, token } = await newOwner()
    expect((await ask(token, 'GET', 'sites')).status).toBe(200)
    await change(id, { disabled: true })
    expect((await ask(token, 'GET', 'sites')).status).toBe(401)
    await change(id, { disabled: false })
    expect((await ask(token, 'GET', 'sites')).status).toBe(200)
  })

  it('demoted: it does no more than the owner may now, and no more than it was given after a promotion', async () => {
    const { id, token } = await newOwner(EVERYWHERE('admin'))
    const narrow = (await newToken(token, { grants: AT('viewer', 'paris') })).json.token
    expect((await ask(token, 'GET', 'users')).status).toBe(200)
    await change(id, { grants: AT('operator', 'rome') })
    expect((await ask(token, 'GET', 'users')).status).toBe(403)
    expect((await ask(token, 'GET', 'sites')).json.items).toMatchObject([{ name: 'rome' }])
    expect((await newToken(token, { grants: EVERYWHERE('viewer') })).status).toBe(403)
    expect((await ask(narrow, 'GET', 'sites')).status).toBe(403)
    await change(id, { grants: EVERYWHERE('admin') })
    expect((await ask(narrow, 'GET', 'sites')).json.items).toMatchObject([{ name: 'paris' }])
    expect((await ask(narrow, 'GET', 'users')).status).toBe(403)
  })

  it('sees its own only; who manages users sees all, and by owner', async () => {
    const [one, two] = [await newOwner(), await newOwner()]
    const ownersOf = async (as: string, query = '') => {
      const { items } = (await ask(as, 'GET', `api-tokens?limit=500${query}`)).json
      return [...new Set(items.map(({ owner }: { owner: string | null }) => owner))]
    }
    expect(await ownersOf(one.token)).toEqual([one.name])
    expect(await ownersOf(one.token, `&owner=${two.name}`)).toEqual([])
    expect(await ownersOf(app.admin)).toEqual(expect.arrayContaining([one.name, two.name, null]))
    expect(await ownersOf(app.admin, `&owner=${two.name}`)).toEqual([two.name])
  })
})

it('was used last: to the minute, not written again within it, and nobody waits for that', async () => {
  const { id, token } = (await newToken(app.admin)).json
  const used = async () => {
    const { items } = (await ask(app.admin, 'GET', 'api-tokens?limit=500')).json
    const { lastUsedAt } = items.find((listed: { id: string }) => listed.id === id)
    return lastUsedAt === null ? null : Date.parse(lastUsedAt)
  }
  const version = async () => {
    const [row] = await app.database.sql`select xmin::text as version from api_tokens where id = ${id}`
    return String(row?.['version'])
  }
  const account = () => ask(token, 'GET', 'account')
  expect(await used()).toBeNull()
  const firstAtMs = app.clock.nowMs
  await Promise.all(Array.from({ length: 20 }, account))
  await expect.poll(used, { timeout: 10_000 }).toBe(firstAtMs)
  const first = await version()
  app.clock.nowMs += 59_999
  await Promise.all(Array.from({ length: 5 }, account))
  app.clock.nowMs += 1
  // Whatever the five had to write is done by then: it is behind the same pool.
  expect([await used(), await version()]).toEqual([firstAtMs, first])
  await account()
  await expect.poll(used, { timeout: 10_000 }).toBe(app.clock.nowMs)
  const locked = await app.database.sql.reserve()
  await locked`begin`
  await locked`select 1 from api_tokens where id = ${id} for update`
  app.clock.nowMs += 60_000
  expect((await account()).status).toBe(200)
  await locked`rollback`
  locked.release()
  await expect.poll(used, { timeout: 10_000 }).toBe(app.clock.nowMs)
})
