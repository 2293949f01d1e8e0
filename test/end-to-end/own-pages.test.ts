/** What somebody does with the pages in a real browser: its Origin, its cookies and its CSP are not ours to imitate. */
import type { Server } from 'node:http'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApplication, type TestApplication } from '../../control-plane/src/http/test-application.ts'
import { listenTcp } from '../../control-plane/src/listen.ts'
import { launchBrowser } from './browser.ts'

const PASSWORD = 'correct horse battery staple'

let app: TestApplication
let server: Server
let browser: Browser
let url: string

beforeAll(async () => {
  app = await startTestApplication({
    dashboardFolder: path.join(import.meta.dirname, '../../dashboard/dist'),
  })
  server = app.server()
  url = `http://127.0.0.1:${await listenTcp(server, '127.0.0.1', 0)}`
  browser = await launchBrowser()
  const user = { name: 'ada', password: PASSWORD, grants: [{ role: 'viewer', sites: null }] }
  const made = await app.fetch('/api/v1/users', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(user),
  })
  expect(made.status).toBe(201)
})

afterAll(async () => {
  await browser?.close()
  server?.closeAllConnections()
  server?.close()
  await app?.close()
})

/** A browser of its own, with what its console complained of. */
async function newPage(): Promise<{ page: Page; complaints: string[] }> {
  const page = await (await browser.newContext()).newPage()
  const complaints: string[] = []
  page.on(
    'console',
    (message) => /Content Security Policy/.test(message.text()) && complaints.push(message.text()),
  )
  page.on('pageerror', (error) => complaints.push(String(error)))
  return { page, complaints }
}

async function signIn(page: Page, password: string): Promise<void> {
  await page.getByLabel('Name').fill('ada')
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

describe('signing in', () => {
  it('is a click from the dashboard, corrects a wrong password, lets in, and out again', async () => {
    const { page, complaints } = await newPage()
    await page.goto(url)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await signIn(page, 'not the password')
    await expect.poll(() => page.getByRole('alert').textContent()).toBe('that name or password is wrong')
    expect(await page.getByLabel('Name').inputValue()).toBe('ada')
    await signIn(page, PASSWORD)
    await page.getByRole('heading', { name: 'No sites yet' }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.goto(url)
    await page.getByRole('heading', { name: 'Signed out' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('says of a link that was used what to do', async () => {
    const { page } = await newPage()
    await page.goto(`${url}/sign-in?code=aloft_code_used`)
    await expect
      .poll(() => page.getByRole('alert').textContent())
      .toBe('this sign-in link was used already or is too old')
    await page.getByText('Without a user').click()
    await page.getByText('a restart prints a new one').waitFor()
  })

  it('a page whose session ended meanwhile says so by itself', async () => {
    const { page } = await newPage()
    await page.goto(`${url}/sign-in`)
    await signIn(page, PASSWORD)
    await page.getByRole('heading', { name: 'No sites yet' }).waitFor()
    await app.database.sql`delete from browser_sessions`
    server.closeAllConnections()
    await page.getByRole('heading', { name: 'Signed out' }).waitFor({ timeout: 15_000 })
  })
})
