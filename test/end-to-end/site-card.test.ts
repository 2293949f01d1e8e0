/** A site with more nodes than there is room for columns: none of them is out of sight. */
import type { Member, Site, VirtualRouter } from '@aloft/shared/api/schemas'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AT, madeUpAgent } from './made-up-agent.fixture.ts'
import { type OwnPages, startOwnPages } from './own-pages.fixture.ts'

const NODES = ['edge-1', 'edge-2', 'edge-3', 'edge-4']

let pages: OwnPages
let page: Page

beforeAll(async () => {
  pages = await startOwnPages()
  page = (await pages.newPage()).page
  const session = { name: 'aloft_session', value: await pages.app.session(), url: pages.url }
  await page.context().addCookies([session])
  // The page is what is tested: what the centre answers is made up, with every width of name and state there is.
  await give('sites', [site])
  await give(
    'agents',
    NODES.map((node, i) => madeUpAgent(node, STATES[i] ?? 'unknown')),
  )
  await give('virtual-routers', [
    router('gateway-v4', [member(0, 'active'), member(1, 'backup'), member(2, null, true), member(3, null)]),
    router('gateway-v6', [member(3, 'fault'), member(0, 'backup')]),
  ])
  await page.goto(pages.url)
  await page.getByRole('article').waitFor()
})

afterAll(async () => {
  expect(pages?.app.faults).toEqual([])
  await pages?.close()
})

const give = (list: string, items: readonly object[]) =>
  page.route(`**/api/v1/${list}?*`, (route) => route.fulfill({ json: { items, nextCursor: null } }))

const site: Site = {
  id: 'p',
  name: 'paris',
  agents: { total: 4, connected: 2, silent: 1, down: 1, unknown: 0 },
  virtualRouters: { total: 2, served: 2, splitBrain: 0, noActive: 0, unknown: 0 },
  lastFailoverAt: AT,
}

const STATES = ['connected', 'connected', 'silent', 'down'] as const

function member(i: number, role: Member['role'], heard = false): Member {
  const node = NODES[i] ?? ''
  const at = { since: AT, priority: 100 + i, interface: 'eth0' }
  return { agentId: node, node, role, lastKnownRole: 'backup', heard, ...at }
}

function router(name: string, members: readonly Member[]): VirtualRouter {
  const addresses = ['203.0.113.1', '2001:db8:1000:2000::1']
  const is = {
    vrid: 51,
    family: 'ipv4',
    addresses,
    state: 'served',
    active: 'edge-1',
    witness: null,
  } as const
  return { id: name, site: 'paris', name, ...is, members: [...members], lastFailoverAt: AT }
}

/** Texts of a site's headings and cells whose edge is beyond the site's own. */
const cutOff = () =>
  page.getByRole('article').evaluate((article) => {
    const { right } = article.getBoundingClientRect()
    const all = [...article.querySelectorAll('th, .state, .role, .agent-state')]
    return all.filter((each) => each.getBoundingClientRect().right > right).map((each) => each.textContent)
  })

const isTable = () => page.getByText('Virtual router', { exact: true }).isVisible()

it.each([360, 768, 1024, 1280, 1600])('at %d pixels', async (width) => {
  await page.setViewportSize({ width, height: 900 })
  await expect.poll(cutOff).toEqual([])
  for (const node of NODES)
    expect(await page.getByRole('article').locator('thead th').filter({ hasText: node }).isVisible()).toBe(
      true,
    )
  expect(await page.locator('.role:visible').count()).toBe(6)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
})

it('is a table again as soon as there is room, and not before', async () => {
  await page.setViewportSize({ width: 360, height: 900 })
  await expect.poll(isTable).toBe(false)
  await page.setViewportSize({ width: 1600, height: 900 })
  await expect.poll(isTable).toBe(true)
  await page.setViewportSize({ width: 768, height: 900 })
  await expect.poll(isTable).toBe(false)
  await page.setViewportSize({ width: 960, height: 900 })
  await expect.poll(isTable).toBe(true)
})
