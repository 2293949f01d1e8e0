/** Sign-ins that are begun, and nobody comes back from the identity provider. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { expiredCredentials } from '../access/expired-credentials.ts'
import { TestBrowser } from '../access/test-browser.ts'
import { tick } from '../duties/tick.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'
import { openProvider } from './provider.ts'
import { CLIENT_ID, ProviderBrowser, PUBLIC_URL, TestProvider } from './test-provider.ts'

const provider = new TestProvider('none')
let app: TestApplication

beforeAll(async () => {
  await provider.start()
  provider.accounts.set('sub', { preferred_username: 'ann' })
  const client = { clientId: CLIENT_ID, clientSecret: null, publicUrl: PUBLIC_URL, label: 'Test' }
  const claims = { scopes: ['openid', 'profile'], nameClaim: 'preferred_username', grantsClaim: 'groups' }
  const grants = { '*': [{ role: 'viewer' as const, sites: null }] }
  app = await startTestApplication({
    provider: openProvider({ issuer: provider.issuer, ...client, ...claims, grants }),
  })
})
beforeEach(async () => {
  await app.database.sql`delete from provider_sign_ins`
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
  await provider.stop()
})

const begin = (address: string) => new TestBrowser(app, address).get('/sign-in/provider')
const rows = async () => {
  const [row] = await app.database.sql`select count(*)::int as rows from provider_sign_ins`
  return row?.['rows']
}

/** To the provider, and back as far as the callback's URL. */
async function asFarAsCallback(browser: TestBrowser): Promise<string> {
  const { headers } = await browser.get('/sign-in/provider')
  const back = await new ProviderBrowser().signIn(headers.get('location') ?? '', 'sub')
  return `${back.pathname}${back.search}`
}

it('waits after sixty, longer each time, alone, and leaves no row while waiting', async () => {
  const startedAtMs = app.clock.nowMs
  const statuses = await Promise.all(
    Array.from({ length: 60 }, async () => (await begin('192.0.2.1')).status),
  )
  expect(new Set(statuses)).toEqual(new Set([303]))
  for (const waitS of [1, 2, 4]) {
    const before = await rows()
    const answer = await begin('192.0.2.1')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, String(waitS)])
    expect(await answer.text()).toContain(`not finished; try again in ${waitS} s`)
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(await rows()).toBe(before)
    app.clock.nowMs += waitS * 1_000
    expect((await begin('192.0.2.1')).status).toBe(303)
  }
  expect((await begin('192.0.2.1')).status).toBe(429)
  expect((await begin('192.0.2.2')).status).toBe(303)
  const password = await new TestBrowser(app, '192.0.2.1').signIn('nobody', 'a password of nobody')
  expect(password.status).toBe(401)
  app.clock.nowMs = startedAtMs
})

it('is one /64 of IPv6', async () => {
  const statuses = await Promise.all(
    Array.from({ length: 61 }, async (_, i) => (await begin(`2001:db8::${i + 1}`)).status),
  )
  expect(statuses.filter((status) => status === 429)).toHaveLength(1)
  expect((await begin('2001:db8:0:1::1')).status).toBe(303)
})

it('does not count once signed in, however many share the address', async () => {
  await Promise.all(Array.from({ length: 59 }, () => begin('198.51.100.7')))
  for (let i = 0; i < 3; i++) {
    const browser = new TestBrowser(app, '198.51.100.7')
    const callback = await asFarAsCallback(browser)
    expect((await browser.get(callback)).headers.get('location')).toBe('/')
  }
  expect((await begin('198.51.100.7')).status).toBe(303)
  expect((await begin('198.51.100.7')).status).toBe(429)
})

it('is forgotten for the newest beyond ten thousand', async () => {
  const { sql } = app.database
  const browser = new TestBrowser(app)
  const callback = await asFarAsCallback(browser)
  await sql`insert into provider_sign_ins
    select 'early' || n, ${app.clock.nowMs + 1}::float8 + n / 100.0 from generate_series(1, 12000) n`
  expect((await begin('203.0.113.9')).status).toBe(303)
  expect(await rows()).toBe(10_000)
  const [first] = await sql`select min(substr(state_hash, 6)::int) as left from provider_sign_ins
    where state_hash like 'early%'`
  expect(first).toEqual({ left: 12_000 - 9_998 + 1 })
  expect((await browser.get(callback)).headers.get('location')).toBe('/')
})

it('is not counted for nobody’s address, which anybody shares', async () => {
  const nobody = () => new TestBrowser(app).get('/sign-in/provider')
  const statuses = await Promise.all(Array.from({ length: 70 }, async () => (await nobody()).status))
  expect(new Set(statuses)).toEqual(new Set([303]))
})

it('is swept by the duty, though nobody else begins one', async () => {
  const { sql, db } = app.database
  await sql`insert into provider_sign_ins values
    ('over', ${app.clock.nowMs}), ('open', ${app.clock.nowMs + 1})`
  const { failed } = await tick({ db, duties: [expiredCredentials], replica: 'r', nowMs: app.clock.nowMs })
  expect(failed).toEqual([])
  expect(await sql`select state_hash from provider_sign_ins`).toEqual([{ state_hash: 'open' }])
})
