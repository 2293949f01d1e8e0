/** Against a real OpenID provider on loopback, through the application as it is mounted and a browser of each side. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { TestBrowser } from '../access/test-browser.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'
import { openProvider } from './provider.ts'
import { readProviderSettings } from './settings.ts'
import { CLIENT_ID, CLIENT_SECRET, ProviderBrowser, PUBLIC_URL, TestProvider } from './test-provider.ts'

const MINUTE_MS = 60_000

const provider = new TestProvider()
const folder = mkdtempSync(path.join(tmpdir(), 'aloft-provider-'))
let app: TestApplication

beforeAll(async () => {
  await provider.start()
  app = await startTestApplication({ provider: openProvider(settingsOf(provider)) })
  await api('sites', { name: 'paris' })
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
  await provider.stop()
  rmSync(folder, { recursive: true })
})

/** From a file, as `--identity-provider` reads it. */
function settingsOf({ issuer }: TestProvider, secret: string | null = CLIENT_SECRET) {
  const [file, secretFile] = [path.join(folder, 'provider.json'), path.join(folder, 'secret')]
  if (secret !== null) writeFileSync(secretFile, `${secret}\n`)
  const grants = {
    netops: [{ role: 'operator', sites: null }],
    paris: [{ role: 'admin', sites: ['paris', 'a-site-there-is-not'] }],
  }
  const client = { clientId: CLIENT_ID, ...(secret === null ? {} : { clientSecretFile: secretFile }) }
  const asked = { publicUrl: PUBLIC_URL, label: 'Test & Co', scopes: ['openid', 'profile', 'groups'] }
  writeFileSync(file, JSON.stringify({ issuer, ...client, ...asked, grants }))
  return readProviderSettings(file)
}

const api = async (route: string, body?: unknown, method = body === undefined ? 'GET' : 'POST') => {
  const headers = { 'content-type': 'application/json' }
  const answer = await app.fetch(`/api/v1/${route}`, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
  })
  expect(answer.status).toBeLessThan(300)
  return answer.json()
}

let made = 0
/** Somebody the provider knows; the login is nothing but a number to it. */
function person(claims: Readonly<Record<string, unknown>> = {}) {
  const login = `subject-${++made}`
  const name = `person${made}`
  provider.accounts.set(login, { preferred_username: name, groups: ['netops'], ...claims })
  return { login, name }
}

/** To the provider, and back as far as the callback's URL. `change` is somebody in between. */
async function asFarAsCallback(
  browser: TestBrowser,
  login: string,
  change: (url: URL) => void = () => {},
): Promise<string> {
  const answer = await browser.get('/sign-in/provider')
  expect(answer.status).toBe(303)
  const url = new URL(answer.headers.get('location') ?? '')
  change(url)
  const back = await new ProviderBrowser().signIn(url.href, login)
  expect(back.searchParams.has('code')).toBe(true)
  return `${back.pathname}${back.search}`
}

async function signIn(login: string, browser = new TestBrowser(app)) {
  const answer = await browser.get(await asFarAsCallback(browser, login))
  return { browser, answer, text: await answer.text() }
}

const account = (browser: TestBrowser) => browser.get('/api/v1/account')

/** Says why on the page, sets no session cookie, and the browser is nobody. */
async function expectRefused(browser: TestBrowser, answer: Response, why: string, status = 401) {
  expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(why)])
  expect(answer.headers.getSetCookie().filter((line) => line.startsWith('aloft_session='))).toEqual([])
  expect((await account(browser)).status).toBe(401)
}

describe('who signs in for the first time', () => {
  it('is a user of that name, with what the claims give, and all of it is on record', async () => {
    const { login, name } = person({ groups: ['netops', 'paris', 'unheard-of'] })
    const { browser, answer } = await signIn(login)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/'])
    expect(await (await account(browser)).json()).toMatchObject({
      kind: 'user',
      name,
      hasPassword: false,
      grants: [
        { role: 'operator', sites: null },
        { role: 'admin', sites: ['paris'] },
      ],
    })
    const user = await api(`users/${name}`)
    expect(user).toMatchObject({ hasPassword: false, grantsFrom: 'provider', providers: [provider.issuer] })
    const { items: changes } = await api(`audit?target=${user.id}`)
    expect(changes).toMatchObject([
      { action: 'user.create', actor: 'system:identity-provider', after: { name, subject: login } },
    ])
    const { items: sessions } = await api(`audit?actor=user:${user.id}`)
    expect(sessions).toMatchObject([{ action: 'session.create', after: { method: 'provider' } }])
  })

  it('is shown the way on the page', async () => {
    const page = await (await app.fetch('/sign-in', { as: null })).text()
    expect(page).toContain('<a class="button" href="/sign-in/provider">Sign in with Test &amp; Co</a>')
  })

  it('is asked for with code, PKCE, state and nonce, which no two attempts share', async () => {
    const urls = await Promise.all(
      [1, 2].map(async () => {
        const answer = await new TestBrowser(app).get('/sign-in/provider')
        expect(answer.headers.get('set-cookie')).toMatch(
          /^aloft_provider=aloft_code_[\w-]{43}; Max-Age=600; Path=\/sign-in\/provider; HttpOnly; SameSite=Lax$/,
        )
        return new URL(answer.headers.get('location') ?? '').searchParams
      }),
    )
    for (const asked of urls)
      expect(Object.fromEntries(asked)).toEqual({
        response_type: 'code',
        client_id: CLIENT_ID,
        redirect_uri: `${PUBLIC_URL}/sign-in/provider/callback`,
        scope: 'openid profile groups',
        code_challenge_method: 'S256',
        code_challenge: expect.stringMatching(/^[\w-]{43}$/),
        state: expect.stringMatching(/^[\w-]{43}$/),
        nonce: expect.stringMatching(/^[\w-]{43}$/),
      })
    const secrets = urls.flatMap((asked) =>
      ['state', 'nonce', 'code_challenge'].map((name) => asked.get(name)),
    )
    expect(new Set(secrets).size).toBe(6)
  })

  it('by a public client too', async () => {
    const open = new TestProvider('none')
    await open.start()
    const other = await startTestApplication({ provider: openProvider(settingsOf(open, null)) })
    open.accounts.set('sub', { preferred_username: 'ann', groups: ['netops'] })
    const browser = new TestBrowser(other)
    expect((await browser.get(await asFarAsCallback(browser, 'sub'))).status).toBe(303)
    expect(await (await account(browser)).json()).toMatchObject({ name: 'ann' })
    expect(other.faults).toEqual([])
    await other.close()
    await open.stop()
  })
})

describe('a callback', () => {
  it('with another state is refused, and takes nothing from the right one', async () => {
    const browser = new TestBrowser(app)
    const right = await asFarAsCallback(browser, person().login)
    const cookie = browser.cookie
    const wrong = right.replace(/state=[\w-]+/, `state=${'x'.repeat(43)}`)
    await expectRefused(browser, await browser.get(wrong), 'not begun in this browser')
    await expectRefused(browser, await browser.get(right.replace(/state=[\w-]+&?/, '')), 'not begun in this')
    expect((await app.fetch(right, { as: null, headers: { cookie } })).status).toBe(303)
  })

  it('in another browser is refused, in one that began another sign-in too', async () => {
    const victim = new TestBrowser(app)
    const right = await asFarAsCallback(new TestBrowser(app), person().login)
    await expectRefused(victim, await victim.get(right), 'not begun in this browser')
    await victim.get('/sign-in/provider')
    await expectRefused(victim, await victim.get(right), 'not begun in this browser')
  })

  it('works once', async () => {
    const browser = new TestBrowser(app)
    const right = await asFarAsCallback(browser, person().login)
    const cookie = browser.cookie
    const answers = await Promise.all(
      [1, 2, 3].map(() => app.fetch(right, { as: null, headers: { cookie }, redirect: 'manual' })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 401, 401])
    const again = await app.fetch(right, { as: null, headers: { cookie } })
    expect([again.status, await again.text()]).toEqual([401, expect.stringContaining('used already')])
    await expectRefused(browser, await browser.get(right.replace('callback', 'callback')), 'used already')
  })

  it('comes within ten minutes', async () => {
    const [quick, slow] = [new TestBrowser(app), new TestBrowser(app)]
    const [inTime, late] = [
      await asFarAsCallback(quick, person().login),
      await asFarAsCallback(slow, person().login),
    ]
    const startedAtMs = app.clock.nowMs
    app.clock.nowMs += 10 * MINUTE_MS - 1
    expect((await quick.get(inTime)).status).toBe(303)
    app.clock.nowMs += 1
    await expectRefused(slow, await slow.get(late), 'took too long')
    app.clock.nowMs = startedAtMs
  })

  it('holds the nonce that was asked with', async () => {
    const browser = new TestBrowser(app)
    const right = await asFarAsCallback(browser, person().login, (url) =>
      url.searchParams.set('nonce', 'of-another-sign-in'),
    )
    await expectRefused(browser, await browser.get(right), 'does not hold')
  })

  it('holds a code of this very attempt', async () => {
    const [browser, attacker] = [new TestBrowser(app), new TestBrowser(app)]
    const right = await asFarAsCallback(browser, person().login)
    const stolen = new URL(await asFarAsCallback(attacker, person().login), PUBLIC_URL)
    const code = stolen.searchParams.get('code') ?? ''
    await expectRefused(browser, await browser.get(right.replace(/code=[\w-]+/, `code=${code}`)), 'not hold')
  })

  it('is of this provider', async () => {
    const browser = new TestBrowser(app)
    const url = new URL(await asFarAsCallback(browser, person().login), PUBLIC_URL)
    url.searchParams.set('iss', 'https://another.test')
    await expectRefused(browser, await browser.get(`${url.pathname}${url.search}`), 'does not hold')
  })

  it('may say that the person changed its mind', async () => {
    const browser = new TestBrowser(app)
    const { headers } = await browser.get('/sign-in/provider')
    const back = await new ProviderBrowser().refuse(headers.get('location') ?? '')
    expect(back.searchParams.get('error')).toBe('access_denied')
    const answer = await browser.get(`${back.pathname}${back.search}`)
    await expectRefused(browser, answer, 'the identity provider refused')
  })
})

describe('who comes back', () => {
  it('is who `sub` says, whatever the name is now, and may what the claims give now', async () => {
    const { login, name } = person()
    const { browser: earlier } = await signIn(login)
    provider.accounts.set(login, { preferred_username: 'married', groups: ['paris'] })
    const { browser } = await signIn(login)
    const now = { name, grants: [{ role: 'admin', sites: ['paris'] }] }
    expect(await (await account(browser)).json()).toMatchObject(now)
    expect(await (await account(earlier)).json()).toMatchObject(now)
    const { id } = await api(`users/${name}`)
    const { items } = await api(`audit?target=${id}&action=user.change`)
    expect(items).toMatchObject([
      { before: { grants: [{ role: 'operator' }] }, after: { grants: [{ role: 'admin' }] } },
    ])
  })

  it('without any group left is nobody, in other browsers too', async () => {
    const { login } = person()
    const { browser: earlier } = await signIn(login)
    provider.accounts.set(login, { groups: [] })
    const browser = new TestBrowser(app)
    const answer = await browser.get(await asFarAsCallback(browser, login))
    await expectRefused(browser, answer, 'nothing to do here')
    expect((await account(earlier)).status).toBe(401)
  })

  it('and was disabled here is refused until that is over', async () => {
    const { login, name } = person()
    const { browser: earlier } = await signIn(login)
    await api(`users/${name}`, { disabled: true }, 'PATCH')
    expect((await account(earlier)).status).toBe(401)
    const browser = new TestBrowser(app)
    const refused = await browser.get(await asFarAsCallback(browser, login))
    await expectRefused(browser, refused, 'this user is disabled')
    await api(`users/${name}`, { disabled: false }, 'PATCH')
    expect((await signIn(login)).answer.status).toBe(303)
  })
})

describe('nobody is made', () => {
  const users = async () => (await api('users?limit=500')).items.length

  it.each([
    ['may do nothing', { groups: ['unheard-of'] }, 'nothing to do here'],
    ['has no usable name', { preferred_username: 'not a name' }, 'no usable name'],
    ['has none at all', { preferred_username: undefined }, 'no usable name'],
  ])('who %s', async (_, claims, why) => {
    const before = await users()
    const browser = new TestBrowser(app)
    const answer = await browser.get(await asFarAsCallback(browser, person(claims).login))
    await expectRefused(browser, answer, why)
    expect(await users()).toBe(before)
  })

  it('of a name that is taken, whoever has it', async () => {
    const grants = [{ role: 'admin', sites: null }]
    await api('users', { name: 'boss', password: 'correct horse battery staple', grants })
    const local = person({ preferred_username: 'Boss' })
    const browser = new TestBrowser(app)
    const answer = await browser.get(await asFarAsCallback(browser, local.login))
    await expectRefused(browser, answer, 'there is a user boss already')
    const first = person()
    await signIn(first.login)
    const second = person({ preferred_username: first.name })
    const refused = await browser.get(await asFarAsCallback(browser, second.login))
    await expectRefused(browser, refused, `there is a user ${first.name} already`)
    expect((await signIn(first.login)).answer.status).toBe(303)
    expect(await api('users/boss')).toMatchObject({ grants, grantsFrom: 'admin', providers: [] })
  })

  it('twice, when two browsers of one person come at once', async () => {
    const { login, name } = person()
    const answers = await Promise.all([1, 2, 3, 4].map(() => signIn(login)))
    expect(answers.map(({ answer }) => answer.status)).toEqual([303, 303, 303, 303])
    for (const { browser } of answers)
      expect(await (await account(browser)).json()).toMatchObject({ kind: 'user', name })
  })
})

describe('a provider that is away', () => {
  afterEach(async () => {
    provider.front = () => 'through'
    await provider.start()
  })

  const away = async (answer: Response, browser: TestBrowser) => {
    await expectRefused(browser, answer, 'the identity provider does not answer', 503)
    expect(answer.headers.get('retry-after')).toBe('5')
  }

  it('at the start keeps nobody else out, and is asked again', async () => {
    await provider.stop()
    const other = await startTestApplication({
      database: app.database,
      provider: openProvider(settingsOf(provider)),
    })
    const browser = new TestBrowser(other)
    await away(await browser.get('/sign-in/provider'), browser)
    expect((await browser.get('/sign-in')).status).toBe(200)
    expect((await browser.get('/readyz')).status).toBe(200)
    await provider.start()
    const { login } = person()
    expect((await signIn(login, browser)).answer.status).toBe(303)
    expect(other.faults).toEqual([])
  })

  it.each<[string, TestProvider['front'] | 'gone']>([
    ['is gone', 'gone'],
    ['has a proxy in front that says so', () => 503],
    ['fails to say who that is', (at) => (at === '/me' ? 500 : 'through')],
    ['says nothing', () => null],
  ])('%s during a sign-in: says so, and another attempt works', async (_, fault) => {
    const impatient = await startTestApplication({
      database: app.database,
      provider: openProvider(settingsOf(provider), 3),
    })
    const browser = new TestBrowser(impatient)
    const { login } = person()
    const right = await asFarAsCallback(browser, login)
    if (fault === 'gone') await provider.stop()
    else provider.front = fault
    const answer = await browser.get(right)
    provider.front = () => 'through'
    await provider.start()
    await away(answer, browser)
    expect((await signIn(login, browser)).answer.status).toBe(303)
    expect(impatient.faults).toEqual([])
  })
})
