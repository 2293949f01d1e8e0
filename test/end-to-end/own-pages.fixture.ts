/** The application with its dashboard on a loopback port, and browsers to open it in. */
import path from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { startTestApplication, type TestApplication } from '../../control-plane/src/http/test-application.ts'
import { listenTcp } from '../../control-plane/src/listen.ts'
import { launchBrowser } from './browser.ts'

export interface OwnPages {
  readonly app: TestApplication
  readonly url: string
  /** A browser of its own, with what its console complained of. */
  newPage(options?: BrowserContextOptions): Promise<{ page: Page; complaints: string[] }>
  /** As the admin; the answer's JSON. */
  api(route: string, body: object): Promise<{ readonly id: string }>
  dropConnections(): void
  close(): Promise<void>
}

export async function startOwnPages(): Promise<OwnPages> {
  const dashboardFolder = path.join(import.meta.dirname, '../../dashboard/dist')
  const app = await startTestApplication({ dashboardFolder })
  const server = app.server()
  const url = `http://127.0.0.1:${await listenTcp(server, '127.0.0.1', 0)}`
  const browser = await launchBrowser()
  return {
    app,
    url,
    newPage: async (options = {}) => {
      const page = await (await browser.newContext(options)).newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        if (/Content Security Policy/.test(message.text())) complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      return { page, complaints }
    },
    api: async (route, body) => {
      const headers = { 'content-type': 'application/json' }
      const made = await app.fetch(`/api/v1/${route}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      })
      if (!made.ok) throw new Error(`${route}: ${made.status} ${await made.text()}`)
      return made.json()
    },
    dropConnections: () => server.closeAllConnections(),
    close: async () => {
      await browser.close()
      server.closeAllConnections()
      server.close()
      await app.close()
    },
  }
}

/** On the sign-in page. */
export async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}
