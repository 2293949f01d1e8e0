/** What somebody does with the pages in a real browser: its Origin, its cookies and its CSP are not ours to imitate. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OwnPages, signIn, startOwnPages } from './own-pages.fixture.ts'

const PASSWORD = 'correct horse battery staple'

let pages: OwnPages
let url: string

beforeAll(async () => {
  pages = await startOwnPages()
  url = pages.url
  await pages.api('users', { name: 'ada', password: PASSWORD, grants: [{ role: 'viewer', sites: null }] })
})

afterAll(async () => {
  expect(pages?.app.faults).toEqual([])
  await pages?.close()
})

describe('signing in', () => {
  it('is a click from the dashboard, corrects a wrong password, lets in, and out again', async () => {
    const { page, complaints } = await pages.newPage()
    await page.goto(url)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await signIn(page, 'ada', 'not the password')
    await expect.poll(() => page.getByRole('alert').textContent()).toBe('that name or password is wrong')
    expect(await page.getByLabel('Name').inputValue()).toBe('ada')
    await signIn(page, 'ada', PASSWORD)
    await page.getByRole('heading', { name: 'No sites yet' }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.goto(url)
    await page.getByRole('heading', { name: 'Signed out' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('says of a link that was used what to do', async () => {
    const { page } = await pages.newPage()
    await page.goto(`${url}/sign-in?code=aloft_code_used`)
    await expect
      .poll(() => page.getByRole('alert').textContent())
      .toBe('this sign-in link was used already or is too old')
    await page.getByText('a restart prints a new one').waitFor()
    expect(await page.getByLabel('API token').evaluate((input) => input === document.activeElement)).toBe(
      true,
    )
    await page.getByLabel('API token').fill('aloft_api_unknown')
    await page.keyboard.press('Enter')
    await page.getByText('this API token is unknown').waitFor()
    await page.getByText('a restart prints a new one').waitFor()
    await page.goto(`${url}/sign-in`)
    await page.getByText('Without a user').waitFor()
    expect(await page.getByText('a restart prints a new one').isVisible()).toBe(false)
  })

  it('a page whose session ended meanwhile says so by itself', async () => {
    const { page } = await pages.newPage()
    await page.goto(`${url}/sign-in`)
    await signIn(page, 'ada', PASSWORD)
    await page.getByRole('heading', { name: 'No sites yet' }).waitFor()
    await pages.app.database.sql`delete from browser_sessions`
    pages.dropConnections()
    await page.getByRole('heading', { name: 'Signed out' }).waitFor({ timeout: 15_000 })
  })
})

describe('the API for people', () => {
  it('is read on a phone: no column is squeezed, and nothing is wider than the page', async () => {
    const { page, complaints } = await pages.newPage({ viewport: { width: 360, height: 740 } })
    await page.goto(`${url}/sign-in`)
    await signIn(page, 'ada', PASSWORD)
    await page.getByRole('heading', { name: 'No sites yet' }).waitFor()
    await page.goto(`${url}/docs`)
    await page.getByRole('heading', { name: 'HTTP API' }).waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
    const narrow = await page
      .locator('.docs > div td:visible')
      .evaluateAll((cells) => cells.filter((cell) => cell.getBoundingClientRect().width < 280).length)
    expect(narrow).toBe(0)
    expect(await page.locator('.docs > div td:visible').count()).toBeGreaterThan(300)
    const bottom = await page.getByRole('navigation').evaluate((nav) => nav.getBoundingClientRect().bottom)
    expect(bottom).toBeLessThan(500)
    expect(complaints).toEqual([])
  })
})
