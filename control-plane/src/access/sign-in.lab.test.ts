import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tick } from '../duties/tick.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'
import { expiredCredentials } from './expired-credentials.ts'
import { signInForm, TestBrowser } from './test-browser.ts'

const PASSWORD = 'correct horse battery staple'

let app: TestApplication
beforeAll(async () => {
  app = await startTestApplication()
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
})

const api = (path: string, body?: unknown, method = 'POST', as: string | null = app.admin) =>
  app.fetch(`/api/v1/${path}`, {
    method,
    as,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  })

let made = 0
async function newUser(role = 'viewer', password: unknown = PASSWORD) {
  const name = `user${++made}`
  const answer = await api('users', { name, password, grants: [{ role, sites: null }] })
  expect(answer.status).toBe(201)
  const user: { id: string; name: string; password?: string } = await answer.json()
  return user
}

async function signedIn(name: string, password = PASSWORD, address: string | null = null) {
  const browser = new TestBrowser(app, address)
  const answer = await browser.signIn(name, password)
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/'])
  return browser
}

describe('name and password', () => {
  it('open a session that is its user', async () => {
    const user = await newUser('operator')
    const browser = await signedIn(user.name)
    const account = await (await browser.get('/api/v1/account')).json()
    expect(account).toMatchObject({ id: `user:${user.id}`, kind: 'user', name: user.name })
    expect(account.permissions).toContainEqual({ permission: 'agents.operate', sites: null })
    expect(account.permissions.map((held: { permission: string }) => held.permission)).not.toContain(
      'users.manage',
    )
    const { items } = await (await api(`audit?target=${account.id}`, undefined, 'GET')).json()
    expect(items).toEqual([])
    const audit = await (await api(`audit?actor=user:${user.id}`, undefined, 'GET')).json()
    expect(audit.items).toMatchObject([{ action: 'session.create', after: { method: 'password' } }])
  })

  it('the name is not case-sensitive, and one password is one in every Unicode form', async () => {
    const user = await newUser('viewer', 'Pässwörter sind lang')
    await signedIn(` ${user.name.toUpperCase()} `, 'Pässwörter sind lang'.normalize('NFD'))
  })

  it('the database holds an Argon2id hash, each with a salt of its own', async () => {
    const [one, two] = [await newUser(), await newUser()]
    const rows = await app.database.sql`select password_hash from users where id in (${one.id}, ${two.id})`
    const hashes = rows.map((row) => String(row['password_hash']))
    for (const hash of hashes) expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(new Set(hashes).size).toBe(2)
  })

  it('the cookie is for our own pages, and no script reads it', async () => {
    const user = await newUser()
    const answer = await new TestBrowser(app).signIn(user.name, PASSWORD)
    const cookie = answer.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(
      /^aloft_session=aloft_session_[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/,
    )
    const overTls = await new TestBrowser(app).signIn(user.name, PASSWORD, { 'x-forwarded-proto': 'https' })
    expect(overTls.headers.get('set-cookie')).toContain('; Secure')
  })

  it('wrong, unknown and disabled are one answer', async () => {
    const [user, gone, sso] = [await newUser(), await newUser(), await newUser('viewer', null)]
    await api(`users/${gone.name}`, { disabled: true }, 'PATCH')
    const answers = await Promise.all(
      [
        [user.name, 'wrong password'],
        ['nobody-at-all', PASSWORD],
        [gone.name, PASSWORD],
        [sso.name, ''],
        ['', ''],
      ].map(async ([name = '', password = '']) => {
        const answer = await new TestBrowser(app).signIn(name, password)
        // The name that was typed is in its field again, whosever it is.
        const text = (await answer.text()).replace(`value="${name}"`, '').replaceAll(' autofocus', '')
        return [answer.status, text.replace(/\s+/g, ' '), answer.headers.get('set-cookie')]
      }),
    )
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]).toEqual([401, expect.stringContaining('that name or password is wrong'), null])
  })

  it('an unknown name takes as long as a wrong password', async () => {
    const user = await newUser()
    const timed = async (name: () => string) => {
      const times: number[] = []
      for (let i = 0; i < 9; i++) {
        const startedAtMs = performance.now()
        expect((await new TestBrowser(app).signIn(name(), 'wrong password')).status).toBe(401)
        times.push(performance.now() - startedAtMs)
        await app.database.sql`delete from sign_in_failures`
      }
      return times.sort((a, b) => a - b)[1] ?? 0
    }
    const [wrong, unknown] = [await timed(() => user.name), await timed(() => `ghost${Math.random()}`)]
    // The machine is shared: what is looked for is the hash that is left out, which is nine tenths of the time.
    expect(unknown).toBeGreaterThan(wrong / 2)
    expect(wrong).toBeGreaterThan(unknown / 2)
  })

  it('only from our own page, so that nobody is signed in as somebody else', async () => {
    const user = await newUser()
    for (const origin of [undefined, 'null', 'http://evil.test']) {
      const headers = { host: 'aloft.test', ...(origin === undefined ? {} : { origin }) }
      const init = {
        method: 'POST',
        as: null,
        body: signInForm({ name: user.name, password: PASSWORD }),
        headers,
      }
      expect((await app.fetch('/sign-in', init)).status).toBe(403)
    }
  })
})

describe('guessing', () => {
  const guess = (name: string, address: string | null, password = 'wrong password') =>
    new TestBrowser(app, address).signIn(name, password)

  it('waits after five for that name from there, twice as long each time, and tells when', async () => {
    const user = await newUser()
    for (let i = 0; i < 5; i++) expect((await guess(user.name, '192.0.2.1')).status).toBe(401)
    const waits: number[] = []
    for (let i = 0; i < 4; i++) {
      const answer = await guess(user.name, '192.0.2.1', PASSWORD)
      expect(answer.status).toBe(429)
      expect(await answer.text()).toContain('too many attempts')
      const waitS = Number(answer.headers.get('retry-after'))
      waits.push(waitS)
      app.clock.nowMs += waitS * 1_000
      expect((await guess(user.name, '192.0.2.1')).status).toBe(401)
    }
    expect(waits).toEqual([1, 2, 4, 8])
    // Whoever is elsewhere is not kept out by them, and who knows the password is let in as soon as the wait is over.
    expect((await guess(user.name, '192.0.2.2', PASSWORD)).status).toBe(303)
    app.clock.nowMs += 16_000
    expect((await guess(user.name, '192.0.2.1', PASSWORD)).status).toBe(303)
    for (let i = 0; i < 5; i++) expect((await guess(user.name, '192.0.2.1')).status).toBe(401)
  })

  it('many at once are counted as many', async () => {
    const user = await newUser()
    const answers = await Promise.all(Array.from({ length: 20 }, () => guess(user.name, '192.0.2.3')))
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(5)
    expect(statuses.filter((status) => status === 429)).toHaveLength(15)
  })

  it('one name from everywhere, and every name from one place, wait too', async () => {
    const user = await newUser()
    for (let i = 0; i < 30; i++) expect((await guess(user.name, `198.51.100.${i}`)).status).toBe(401)
    expect((await guess(user.name, '198.51.100.99', PASSWORD)).status).toBe(429)
    for (let i = 0; i < 60; i++) expect((await guess(`ghost${i}`, '203.0.113.1')).status).toBe(401)
    expect((await guess('ghost99', '203.0.113.1')).status).toBe(429)
    expect((await guess('ghost99', '203.0.113.2')).status).toBe(401)
  }, 60_000)

  it('an IPv6 address is the /64 it is in', async () => {
    const user = await newUser()
    for (let i = 0; i < 5; i++) expect((await guess(user.name, `2001:db8:1:2::${i}`)).status).toBe(401)
    expect((await guess(user.name, '2001:db8:1:2:ffff::9', PASSWORD)).status).toBe(429)
    expect((await guess(user.name, '2001:db8:1:3::9', PASSWORD)).status).toBe(303)
    for (let i = 0; i < 60; i++) expect((await guess(`ghost${i}`, `2001:db8:4:5:${i}::1`)).status).toBe(401)
    expect((await guess('ghost99', '2001:db8:4:5::1')).status).toBe(429)
    expect((await guess('ghost99', '2001:db8:4:6::1')).status).toBe(401)
  }, 60_000)

  it('without an address a name waits, and nobody keeps the others out', async () => {
    const user = await newUser()
    for (let i = 0; i < 30; i++) expect((await guess(user.name, null)).status).toBe(401)
    expect((await guess(user.name, null, PASSWORD)).status).toBe(429)
    for (let i = 0; i < 31; i++) expect((await guess(`stranger${i}`, null)).status).toBe(401)
    expect((await guess((await newUser()).name, null, PASSWORD)).status).toBe(303)
  }, 60_000)

  it('what went wrong is forgotten after an hour, by the table too', async () => {
    const { sql, db } = app.database
    const { nowMs } = app.clock
    await sql`delete from sign_in_failures`
    await sql`insert into sign_in_failures values
      ('over', 5, ${nowMs - 3_600_001}, ${nowMs - 1}), ('recent', 5, ${nowMs - 3_599_999}, 0),
      ('blocked', 60, ${nowMs - 3_600_001}, ${nowMs + 1})`
    expect(await tick({ db, duties: [expiredCredentials], replica: 'r', nowMs })).toMatchObject({
      failed: [],
    })
    const left = await sql`select key from sign_in_failures order by key`
    expect(left.map(({ key }) => key)).toEqual(['blocked', 'recent'])
  })

  it('unknown names wait as known ones do', async () => {
    for (let i = 0; i < 5; i++) expect((await guess('no-such-user', '192.0.2.4')).status).toBe(401)
    expect((await guess('no-such-user', '192.0.2.4')).status).toBe(429)
  })

  it('what was typed as a name is not kept', async () => {
    await guess('my-secret-password-as-name', '192.0.2.5')
    const rows = await app.database.sql`select f::text as row from sign_in_failures f`
    expect(rows.length).toBeGreaterThan(0)
    expect(rows.some(({ row }) => row.includes('my-secret'))).toBe(false)
  })
})

describe('a session', () => {
  it('ends when nobody used it for a day, and after a week at the latest', async () => {
    const user = await newUser()
    const idle = await signedIn(user.name)
    const used = await signedIn(user.name)
    for (let hours = 0; hours < 160; hours += 20) {
      app.clock.nowMs += 20 * 3_600_000
      expect((await used.get('/api/v1/account')).status).toBe(200)
      await until(async () => (await lastSeen(used)) === app.clock.nowMs)
    }
    expect((await idle.get('/api/v1/account')).status).toBe(401)
    app.clock.nowMs += 9 * 3_600_000
    expect((await used.get('/api/v1/account')).status).toBe(401)
  })

  it('is listed, and can be ended from another browser; nobody else’s can', async () => {
    const user = await newUser()
    const [here, there, stranger] = [
      await signedIn(user.name),
      await signedIn(user.name),
      await signedIn((await newUser()).name),
    ]
    const { items } = await (await here.get('/api/v1/account/sessions')).json()
    expect(items).toHaveLength(2)
    const other = items.find((session: { current: boolean }) => !session.current)
    expect(other).toMatchObject({ method: 'password', userAgent: 'test browser' })
    expect((await stranger.send('DELETE', `/api/v1/account/sessions/${other.id}`)).status).toBe(404)
    expect((await there.get('/api/v1/account')).status).toBe(200)
    expect((await here.send('DELETE', `/api/v1/account/sessions/${other.id}`)).status).toBe(204)
    expect((await there.get('/api/v1/account')).status).toBe(401)
    expect((await here.get('/api/v1/account')).status).toBe(200)
  })

  it('ends when its user is disabled, and grants change at once', async () => {
    const user = await newUser('admin')
    const browser = await signedIn(user.name)
    expect((await browser.get('/api/v1/users')).status).toBe(200)
    await api(`users/${user.id}`, { grants: [{ role: 'viewer', sites: null }] }, 'PATCH')
    expect((await browser.get('/api/v1/users')).status).toBe(403)
    await api(`users/${user.id}`, { disabled: true }, 'PATCH')
    expect((await browser.get('/api/v1/account')).status).toBe(401)
    await api(`users/${user.id}`, { disabled: false }, 'PATCH')
    expect((await browser.get('/api/v1/account')).status).toBe(401)
    await signedIn(user.name)
  })

  it('of a token ends with the token, and does no more than it', async () => {
    const made = await (
      await api('api-tokens', { name: 'kiosk', grants: [{ role: 'viewer', sites: null }] })
    ).json()
    const browser = new TestBrowser(app)
    expect((await browser.post('/sign-in', { token: made.token })).status).toBe(303)
    expect(await (await browser.get('/api/v1/account')).json()).toMatchObject({
      id: `token:${made.id}`,
      kind: 'token',
    })
    expect((await browser.get('/api/v1/users')).status).toBe(403)
    await api(`api-tokens/${made.id}`, undefined, 'DELETE')
    expect((await browser.get('/api/v1/account')).status).toBe(401)
  })

  it('of before there were users goes on as what it was', async () => {
    const cookie = `aloft_session=${await app.session()}`
    const account = await (await app.fetch('/api/v1/account', { as: null, headers: { cookie } })).json()
    expect(account).toMatchObject({ kind: 'console', grants: [{ role: 'admin', sites: null }] })
  })

  it('signing out ends it, which is on record, once', async () => {
    const user = await newUser()
    const browser = await signedIn(user.name)
    const cookie = browser.cookie
    const actions = async () =>
      (
        await app.database.sql`select action from audit where actor = ${`user:${user.id}`} order by id`
      ).flatMap(Object.values)
    expect((await browser.post('/sign-out', {})).status).toBe(303)
    expect((await app.fetch('/api/v1/account', { as: null, headers: { cookie } })).status).toBe(401)
    expect(await actions()).toEqual(['session.create', 'session.end'])
    await browser.post('/sign-out', {})
    expect(await actions()).toHaveLength(2)
  })

  it('of somebody whose provider says what he may is changed there, and can be ended here', async () => {
    const user = await newUser()
    await app.database.sql`update users set grants_from = 'provider' where id = ${user.id}`
    const refused = await api(`users/${user.id}`, { grants: [] }, 'PATCH')
    expect([refused.status, (await refused.json()).detail]).toEqual([
      409,
      `what ${user.name} may is what the identity provider says at every sign-in`,
    ])
    expect((await api(`users/${user.id}`, { disabled: true }, 'PATCH')).status).toBe(200)
  })
})

describe('one’s own password', () => {
  const change = (browser: TestBrowser, current: string, next: string) =>
    browser.send('PUT', '/api/v1/account/password', { current, new: next })

  it('changes with the current one, and ends the other sessions', async () => {
    const user = await newUser()
    const [here, there] = [await signedIn(user.name), await signedIn(user.name)]
    const refused = async (current: string, next: string) => {
      const answer = await change(here, current, next)
      const { errors } = await answer.json()
      return [answer.status, errors.map(({ pointer }: { pointer: string }) => pointer)]
    }
    expect(await refused('not that one', 'a new long password')).toEqual([403, ['/current']])
    expect(await refused(PASSWORD, 'short')).toEqual([400, ['/new']])
    expect(await refused(PASSWORD, PASSWORD)).toEqual([400, ['/new']])
    expect((await there.get('/api/v1/account')).status).toBe(200)
    expect((await change(here, PASSWORD, 'a new long password')).status).toBe(204)
    expect((await here.get('/api/v1/account')).status).toBe(200)
    expect((await there.get('/api/v1/account')).status).toBe(401)
    expect((await new TestBrowser(app).signIn(user.name, PASSWORD)).status).toBe(401)
    await signedIn(user.name, 'a new long password')
  })

  it('cannot be guessed through it either', async () => {
    const browser = await signedIn((await newUser()).name, PASSWORD, '192.0.2.6')
    for (let i = 0; i < 5; i++)
      expect((await change(browser, `guess ${i}`, 'a new long password')).status).toBe(403)
    expect((await change(browser, PASSWORD, 'a new long password')).status).toBe(429)
  })

  it('is reset by who manages users: generated, shown once, and every session ends', async () => {
    const user = await newUser()
    const browser = await signedIn(user.name)
    const { password } = await (
      await api(`users/${user.name}/password`, { password: { generate: true } })
    ).json()
    expect(password).toMatch(/^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/)
    expect((await browser.get('/api/v1/account')).status).toBe(401)
    expect((await new TestBrowser(app).signIn(user.name, PASSWORD)).status).toBe(401)
    await signedIn(user.name, password)
  })

  it('is there or not, and the account says so', async () => {
    const has = async (answer: Response) => (await answer.json()).hasPassword
    expect(await has(await (await signedIn((await newUser()).name)).get('/api/v1/account'))).toBe(true)
    expect(await has(await api('account', undefined, 'GET'))).toBe(false)
  })

  it('a wait is told in minutes when it is long', async () => {
    const browser = await signedIn((await newUser()).name, PASSWORD, '192.0.2.7')
    for (let i = 0; i < 5; i++)
      expect((await change(browser, 'a guess', 'a new long password')).status).toBe(403)
    await app.database.sql`update sign_in_failures set blocked_until_ms = ${app.clock.nowMs + 840_500}
      where blocked_until_ms > ${app.clock.nowMs}`
    const answer = await change(browser, PASSWORD, 'a new long password')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '841'])
    expect((await answer.json()).detail).toBe('too many attempts went wrong; try again in 15 min')
  })

  it('is no business of a token or the console', async () => {
    expect((await api('account/password', { current: 'x', new: 'a new long password' }, 'PUT')).status).toBe(
      409,
    )
  })
})

async function lastSeen(browser: TestBrowser): Promise<number> {
  const { items } = await (await browser.get('/api/v1/account/sessions')).json()
  return Date.parse(items.find((session: { current: boolean }) => session.current).lastSeenAt)
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const giveUpAtMs = performance.now() + 10_000
  while (!(await holds())) if (performance.now() > giveUpAtMs) throw new Error('in vain waited')
}
