/** What the dashboard shows when things change while its lists are being fetched. */
import type { Agent, Site, VirtualRouter } from '@aloft/shared/api/schemas'
import type { Page, Route } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { madeUpAgent } from './made-up-agent.fixture.ts'
import { type OwnPages, startOwnPages } from './own-pages.fixture.ts'

let pages: OwnPages
let page: Page
/** What a list answers now; a promise keeps its readers waiting. */
let answers: Record<string, () => Promise<readonly object[]>>

/** The lists that have a next page, always. */
const endless = new Set<string>()

beforeAll(async () => {
  pages = await startOwnPages()
})
beforeEach(async () => {
  page = (await pages.newPage()).page
  const session = { name: 'aloft_session', value: await pages.app.session(), url: pages.url }
  await page.context().addCookies([session])
  await page.addInitScript(rigStream)
  answers = {
    sites: async () => [site],
    agents: async () => [agent('connected')],
    'virtual-routers': async () => [router('served')],
    failovers: async () => [],
  }
  await page.route('**/api/v1/*?*', async (route: Route) => {
    const list = new URL(route.request().url()).pathname.split('/').at(-1) ?? ''
    const items = await answers[list]?.()
    // A page that was left has no use for it.
    await route.fulfill({ json: { items, nextCursor: endless.has(list) ? 'more' : null } }).catch(() => {})
  })
})
afterEach(async () => {
  endless.clear()
  await page.context().close()
})
afterAll(async () => {
  expect(pages?.app.faults).toEqual([])
  await pages?.close()
})

/** In the page: a stream that says what the test says. */
function rigStream(): void {
  const target = new EventTarget()
  class Rigged extends EventTarget {
    static readonly CLOSED = 2
    readonly readyState = 1
    constructor() {
      super()
      for (const kind of ['hello', 'error', 'agent', 'virtual-router', 'failover'])
        target.addEventListener(kind, (event) =>
          this.dispatchEvent(new MessageEvent(kind, { data: (event as MessageEvent).data })),
        )
    }
    close(): void {}
  }
  Object.assign(globalThis, { EventSource: Rigged, tell: (event: Event) => target.dispatchEvent(event) })
}

const tell = (kind: string, data: object = {}) =>
  page.evaluate(
    ([type, text]) => {
      const event = new MessageEvent(type, { data: text })
      ;(globalThis as unknown as { tell(event: Event): void }).tell(event)
    },
    [kind, JSON.stringify(data)] as const,
  )

const site: Site = {
  id: 'p',
  name: 'paris',
  agents: { total: 1, connected: 1, silent: 0, down: 0, unknown: 0 },
  virtualRouters: { total: 1, served: 1, splitBrain: 0, noActive: 0, unknown: 0 },
  lastFailoverAt: null,
}

const agent = (state: Agent['state']) => madeUpAgent('lb1', state)

function router(state: VirtualRouter['state']): VirtualRouter {
  const names = { id: 'r', site: 'paris', name: 'web', vrid: 51, family: 'ipv4' as const, addresses: [] }
  return { ...names, state, active: null, witness: null, members: [], lastFailoverAt: null }
}

const card = () => page.getByRole('article')
/** Holds back what `list` answers; gives the release of it. */
function hold(list: string, items: readonly object[]): () => void {
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  answers[list] = () => held.then(() => items)
  return release
}

it('a change that is heard while the lists come in is not covered by what was read before it', async () => {
  const release = [hold('agents', [agent('connected')]), hold('virtual-routers', [router('served')])]
  await page.goto(pages.url)
  await page.getByText('Connecting…').waitFor()
  await tell('hello')
  await tell('agent', agent('down'))
  await tell('virtual-router', router('no-active'))
  for (const each of release) each()
  await card().waitFor()
  await expect.poll(() => card().textContent()).toContain('down')
  expect(await card().locator('.cell-state').textContent()).toContain('No active')
})

it('a change between the first answer and the beginning of the stream is seen', async () => {
  await page.goto(pages.url)
  await card().waitFor()
  expect(await card().textContent()).not.toContain('down')
  answers['agents'] = async () => [agent('down')]
  answers['virtual-routers'] = async () => [router('no-active')]
  await tell('hello')
  await expect.poll(() => card().textContent()).toContain('down')
  expect(await card().locator('.cell-state').textContent()).toContain('No active')
})

it('one change that is heard is no list: nothing is shown of the others until they are there', async () => {
  const release = hold('agents', [agent('connected')])
  await page.goto(pages.url)
  await page.getByText('Connecting…').waitFor()
  await tell('hello')
  await tell('agent', agent('down'))
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(await card().count()).toBe(0)
  release()
  await expect.poll(() => card().textContent()).toContain('down')
})

it('a list that cannot be read is no empty site, is said, and is asked for again', async () => {
  await page.route('**/api/v1/virtual-routers?*', (route) =>
    route.fulfill({ status: 503, json: { title: 'Unavailable', detail: 'The database is away.' } }),
  )
  await page.goto(pages.url)
  const problem = page.getByText('could not be loaded')
  await problem.waitFor()
  expect(await problem.textContent()).toContain('The database is away.')
  expect(await card().count()).toBe(0)
  await page.unroute('**/api/v1/virtual-routers?*')
  await card().waitFor()
})

it('sums that cannot be brought up to date are shown to be old, and are asked for until they can', async () => {
  await page.goto(pages.url)
  await card().waitFor()
  await tell('hello')
  await page.getByText(/Live$/).waitFor()
  await page.route('**/api/v1/sites?*', (route) =>
    route.fulfill({ status: 503, json: { title: 'Unavailable' } }),
  )
  await tell('agent', agent('down'))
  await page.getByText('Reconnecting…').waitFor()
  answers['sites'] = async () => [{ ...site, agents: { ...site.agents, connected: 0, down: 1 } }]
  await page.unroute('**/api/v1/sites?*')
  await page.getByText(/Live$/).waitFor()
  expect(await card().textContent()).toContain('0 of 1 agents connected')
})

it('a fleet that is larger than the page holds is said to be', async () => {
  const sites = Array.from({ length: 200 }, (_, i) => ({ ...site, id: `p${i}`, name: `site-${i}` }))
  answers['sites'] = async () => sites
  await page.goto(pages.url)
  await card().first().waitFor()
  expect(await page.getByText('larger than what this page holds').count()).toBe(0)
  endless.add('sites')
  await page.reload()
  await page.getByText('larger than what this page holds').waitFor()
})

it('a change heard after a break is not covered by the lists that are fetched again', async () => {
  await page.goto(pages.url)
  await tell('hello')
  await card().waitFor()
  const release = hold('agents', [agent('connected')])
  await tell('error')
  await page.getByText('Reconnecting…').waitFor()
  await tell('hello')
  await tell('agent', agent('down'))
  release()
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(await card().textContent()).toContain('down')
})
