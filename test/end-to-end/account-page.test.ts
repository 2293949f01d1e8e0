/** The page of one's own account and password, in a real browser and, where it says so, by the keyboard alone. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashSecret, mintSecret } from '../../control-plane/src/access/secrets.ts'
import { browserSessions } from '../../control-plane/src/database/schema/index.ts'
import { type OwnPages, signIn, startOwnPages } from './own-pages.fixture.ts'

const PASSWORD = 'correct horse battery staple'
const NEXT = 'another long password'

let pages: OwnPages

beforeAll(async () => {
  pages = await startOwnPages()
  await pages.api('sites', { name: 'paris' })
  await pages.api('sites', { name: 'lyon' })
})

afterAll(async () => {
  expect(pages?.app.faults).toEqual([])
  await pages?.close()
})

let made = 0
async function newUser(change: object = {}): Promise<{ readonly name: string; readonly id: string }> {
  const name = `user${++made}`
  const grants = [
    { role: 'viewer', sites: null },
    { role: 'operator', sites: ['lyon', 'paris'] },
  ]
  const { id } = await pages.api('users', { name, password: PASSWORD, grants, ...change })
  return { name, id }
}

/** A session of that user in this browser, as if it had signed in. */
async function enter(page: Page, userId: string | null): Promise<void> {
  const secret = userId === null ? await pages.app.session() : mintSecret('session')
  const { nowMs } = pages.app.clock
  const instants = { createdAtMs: nowMs, lastSeenAtMs: nowMs, expiresAtMs: nowMs + 3_600_000 }
  const session = { hash: hashSecret(secret), userId, method: 'password' as const, ...instants }
  if (userId !== null) await pages.app.database.db.insert(browserSessions).values(session)
  await page.context().addCookies([{ name: 'aloft_session', value: secret, url: pages.url }])
}

/** The account of somebody new. */
async function openAccount() {
  const { name, id } = await newUser()
  const { page, complaints } = await pages.newPage()
  await enter(page, id)
  await page.goto(`${pages.url}/account`)
  await page.getByRole('heading', { name: 'Your account' }).waitFor()
  return { name, id, page, complaints }
}

async function giveGrants(id: string, grants: readonly object[]): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const init = { method: 'PATCH', headers, body: JSON.stringify({ grants }) }
  expect((await pages.app.fetch(`/api/v1/users/${id}`, init)).status).toBe(200)
}

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true })

async function fill(page: Page, current: string, next: string, again = next): Promise<void> {
  await field(page, 'Current password').fill(current)
  await field(page, 'New password').fill(next)
  await field(page, 'New password again').fill(again)
}

async function change(page: Page, ...given: [current: string, next: string, again?: string]): Promise<void> {
  await fill(page, ...given)
  await page.getByRole('button', { name: 'Change password' }).click()
}

/** Of the focused element: its label or text, whether it is invalid, and what a screen reader reads after it. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const at = document.activeElement
    const about = (at?.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean)
    const label = at instanceof HTMLInputElement ? at.labels?.[0]?.textContent : at?.textContent
    const described = about.map((id) => document.getElementById(id)?.textContent ?? '(missing)')
    return { label, invalid: at?.getAttribute('aria-invalid') ?? null, described: described.join(' / ') }
  })

describe('the account page', () => {
  it('says who is signed in, with which roles and where', async () => {
    const { name } = await newUser()
    const { page, complaints } = await pages.newPage()
    await page.goto(`${pages.url}/sign-in`)
    await signIn(page, name, PASSWORD)
    await page.getByRole('link', { name }).click()
    await page.getByRole('heading', { name: 'Your account' }).waitFor()
    expect(await page.title()).toBe('Your account · Aloft')
    const card = page.getByRole('region', { name: 'Signed in as' })
    expect(await card.locator('.who').textContent()).toBe(name)
    const rows = card.getByRole('row')
    await expect
      .poll(() => rows.allInnerTexts())
      .toEqual(['Role\tWhere', 'viewer\teverywhere', 'operator\tlyon, paris'])
    await card.getByText('What that allows').click()
    const permissions = await rows.allInnerTexts()
    expect(permissions).toContain('Ask an agent for a report or a new key\tlyon, paris')
    expect(permissions).toContain('See sites, agents, virtual routers and their history\teverywhere')
    await page.getByRole('link', { name: 'Fleet' }).click()
    await page.getByRole('region', { name: 'Fleet summary' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('has nothing to change for whoever has no password here, and says why', async () => {
    const { name, id } = await newUser({ password: null })
    for (const [userId, who, why] of [
      [id, name, 'You sign in through the identity provider and have no password here'],
      [null, 'console', 'aloft user create NAME --role admin'],
    ] as const) {
      const { page } = await pages.newPage()
      await enter(page, userId)
      await page.goto(`${pages.url}/account`)
      await page.getByRole('region', { name: 'Password' }).getByText(why).waitFor()
      expect(await page.locator('.who').textContent()).toBe(who)
      expect(await page.locator('input').count()).toBe(0)
    }
  })

  it('asks whoever is signed out to sign in, and whoever is cut off to wait', async () => {
    const { page } = await pages.newPage()
    await page.clock.install()
    await page.goto(`${pages.url}/account`)
    await page.getByRole('heading', { name: 'Signed out' }).waitFor()
    await page.route('**/api/v1/account', (route) => route.abort())
    await page.reload()
    await page.clock.runFor(2_000)
    await page.getByRole('heading', { name: 'No answer' }).waitFor()
    await page.unroute('**/api/v1/account')
    await page.clock.runFor(6_000)
    await page.getByRole('heading', { name: 'Signed out' }).waitFor()
  })

  it('tells whoever has no role so, and comes by itself when they are given one', async () => {
    const { id } = await newUser({ grants: [] })
    const { page } = await pages.newPage()
    await page.clock.install()
    await enter(page, id)
    await page.goto(`${pages.url}/account`)
    await page.getByRole('heading', { name: 'Nothing to show' }).waitFor()
    await giveGrants(id, [{ role: 'viewer', sites: null }])
    await page.clock.runFor(6_000)
    await page.getByRole('heading', { name: 'Your account' }).waitFor()
    await page.getByRole('link', { name: 'Fleet' }).click()
    await page.getByRole('region', { name: 'Fleet summary' }).waitFor()
    await giveGrants(id, [])
    await page.clock.runFor(2_000)
    pages.dropConnections()
    await page.clock.runFor(10_000)
    await page.getByRole('heading', { name: 'Nothing to show' }).waitFor()
  })

  it('fits a phone, whatever the names', async () => {
    const name = `n${'a'.repeat(126)}`
    const site = 's'.repeat(63)
    await pages.api('sites', { name: site })
    const { id } = await newUser({ name, grants: [{ role: 'approver', sites: [site] }] })
    const { page } = await pages.newPage({ viewport: { width: 360, height: 740 } })
    await enter(page, id)
    await page.goto(pages.url)
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    await page.getByRole('link', { name }).waitFor()
    await page.getByRole('heading', { name: site }).waitFor()
    expect(await overflow()).toBe(0)
    await page.getByRole('link', { name }).click()
    await page.getByText('What that allows').click()
    await change(page, '', 'short', 'other')
    expect(await overflow()).toBe(0)
  })
})

describe('changing the password', () => {
  it('is done by the keyboard alone, and ends every other session', async () => {
    const { name, id, page, complaints } = await openAccount()
    const { page: elsewhere } = await pages.newPage()
    await enter(elsewhere, id)
    await elsewhere.goto(`${pages.url}/account`)
    await elsewhere.getByRole('heading', { name: 'Your account' }).waitFor()
    await page.getByText('Wherever else you are signed in').waitFor()
    await field(page, 'Current password').focus()
    const order: unknown[] = []
    for (const typed of [PASSWORD, NEXT, NEXT, null, null]) {
      order.push((await focused(page)).label)
      if (typed !== null) await page.keyboard.type(typed)
      if (order.length < 5) await page.keyboard.press('Tab')
    }
    expect(order).toEqual([
      'Current password',
      'New password',
      'New password again',
      'Show what is typed',
      'Change password',
    ])
    await page.keyboard.press('Enter')
    await page.getByRole('status').waitFor()
    expect((await focused(page)).label).toContain('every other one was signed out')
    expect(await field(page, 'New password').inputValue()).toBe('')
    await page.reload()
    await page.getByRole('heading', { name: 'Your account' }).waitFor()
    await elsewhere.reload()
    await elsewhere.getByRole('heading', { name: 'Signed out' }).waitFor()
    await elsewhere.goto(`${pages.url}/sign-in`)
    await signIn(elsewhere, name, PASSWORD)
    await elsewhere.getByText('that name or password is wrong').waitFor()
    await signIn(elsewhere, name, NEXT)
    await elsewhere.getByRole('link', { name }).waitFor()
    expect(complaints).toEqual([])
  })

  it('goes to what is wrong and says it there, until it is mended', async () => {
    const { page } = await openAccount()
    await change(page, '', 'short', 'other')
    expect(await focused(page)).toEqual({
      label: 'Current password',
      invalid: 'true',
      described: 'enter your current password',
    })
    await fill(page, 'not that one', 'short')
    await page.keyboard.press('Enter')
    expect(await focused(page)).toMatchObject({ label: 'New password', invalid: 'true' })
    expect((await focused(page)).described).toMatch(
      /^At least 12 .* \/ this has 5 characters; 12 are needed$/,
    )
    await change(page, 'not that one', NEXT, `${NEXT}x`)
    expect(await focused(page)).toMatchObject({
      label: 'New password again',
      described: 'this is not what you typed above',
    })
    await change(page, 'not that one', NEXT)
    await page.getByText('that is not the current password').waitFor()
    expect(await focused(page)).toMatchObject({ label: 'Current password', invalid: 'true' })
    await page.keyboard.type('x')
    expect(await focused(page)).toEqual({ label: 'Current password', invalid: 'false', described: '' })
    expect(await page.getByText('that is not the current password').count()).toBe(0)
  })

  it('says how long whoever guesses must wait, and works after that', async () => {
    const { page } = await openAccount()
    for (let i = 0; i < 5; i++) {
      const refused = page.waitForResponse('**/account/password')
      await change(page, `guess ${i}`, NEXT)
      expect((await refused).status()).toBe(403)
    }
    await change(page, PASSWORD, NEXT)
    await page.getByRole('alert').waitFor()
    expect((await focused(page)).label).toBe('too many attempts went wrong; try again in 1 s')
    pages.app.clock.nowMs += 1_000
    await page.getByRole('button', { name: 'Change password' }).click()
    await page.getByRole('status').waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  it('whose answer is lost may have been done, and that is said; it is asked for once a time', async () => {
    const { page } = await openAccount()
    let asked = 0
    await page.route('**/account/password', async (route) => {
      asked++
      await page.getByRole('button', { name: 'Changing…' }).press('Enter')
      await (asked === 1 ? route.abort() : route.continue())
    })
    await change(page, PASSWORD, NEXT)
    await page.getByRole('alert').waitFor()
    expect((await focused(page)).label).toMatch(/cannot be reached.*sign in with the new one/)
    expect(await field(page, 'New password').inputValue()).toBe(NEXT)
    await page.getByRole('button', { name: 'Change password' }).click()
    await page.getByRole('status').waitFor()
    expect(asked).toBe(2)
  })

  it('is known to the browser’s password store, shown when asked, and refused without a session', async () => {
    const { name, page } = await openAccount()
    const inputs = page.locator('form.fields input:not([type=checkbox])')
    const kinds = () =>
      inputs.evaluateAll((all) =>
        all.map((each) => [each.getAttribute('autocomplete'), each.getAttribute('type')]),
      )
    const password = (kind: string, type: string) => [`${kind}-password`, type]
    const fields = (type: string) => [
      ['username', 'text'],
      password('current', type),
      password('new', type),
      password('new', type),
    ]
    expect(await kinds()).toEqual(fields('password'))
    expect(await inputs.first().inputValue()).toBe(name)
    await page.getByLabel('Show what is typed').check()
    expect(await kinds()).toEqual(fields('text'))
    // And without a session any more the page is the way to sign in.
    await page.context().clearCookies()
    await change(page, PASSWORD, NEXT)
    await page.getByRole('heading', { name: 'Signed out' }).waitFor()
  })
})
