/** The main job, as the issue tells it: cable pulled → active elsewhere, row, evidence, stream, page. */
import type { Event, Failover, VirtualRouter } from '@aloft/shared/api/schemas'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../lab/wait.ts'
import { launchBrowser } from './browser.ts'
import { type DemoRun, demoPlace, runDemo } from './demo-run.ts'
import { followStream, type StreamMessage } from './stream-follower.ts'

const place = demoPlace()
let demo: DemoRun
let browser: Browser

beforeAll(async () => {
  demo = await runDemo(place)
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser?.close()
  if (demo?.child.exitCode === null) await demo.interrupt()
  place.remove()
})

const failoversOf = async (router: string): Promise<readonly Failover[]> => {
  const { items } = await demo.get<{ items: Failover[] }>('/api/v1/failovers?site=amsterdam')
  return items.filter(({ virtualRouter }) => virtualRouter === router)
}

const activeOf = async (router: string): Promise<string | null> => {
  const { items } = await demo.get<{ items: VirtualRouter[] }>('/api/v1/virtual-routers?limit=200')
  return items.find(({ name }) => name === router)?.active ?? null
}

describe('the demo', () => {
  const heard: StreamMessage[] = []
  let stopStream: () => void
  let page: Page
  let loads = 0

  it('prints the time to a page with live data', () => {
    expect(demo.output()).toMatch(/Live after \d+\.\d s/)
  })

  it('shows nothing of the fleet without a session', async () => {
    const stranger = await browser.newPage()
    await stranger.goto(demo.url)
    await stranger.getByRole('heading', { name: 'Signed out' }).waitFor()
    await stranger.close()
  })

  it('lets the sign-in link in, and shows both sites with who is active', async () => {
    stopStream = await followStream(demo, heard)
    page = await browser.newPage()
    page.on('load', () => loads++)
    await page.goto(demo.signInLink)
    for (const [site, router, node] of [
      ['amsterdam', 'web', 'lb1'],
      ['amsterdam', 'database', 'lb2'],
      ['berlin', 'edge', 'gw1'],
    ]) {
      const row = page.locator(`[data-site="${site}"] [data-router="${router}"]`)
      await row.locator(`[data-node="${node}"][data-role="active"]`).waitFor()
      await row.getByText('Served').waitFor()
    }
    await page.getByText('Live', { exact: false }).first().waitFor()
    loads = 0
  })

  it('moves the router when a cable is pulled, and records why, how long, and what both nodes saw', async () => {
    const before = (await failoversOf('web')).length
    expect(await demo.act('fail', 'amsterdam/lb1')).toContain('cable pulled')
    const failover = await until(
      async () => (await failoversOf('web')).length > before && (await failoversOf('web'))[0],
      {
        what: 'a failover of web',
        withinMs: 5_000,
      },
    )
    expect(failover).toMatchObject({
      site: 'amsterdam',
      virtualRouter: 'web',
      vrid: 51,
      family: 'ipv4',
      from: 'lb1',
      to: 'lb2',
      reason: 'no-response',
      planned: false,
      late: false,
    })
    // 100 ms adverts and priority 100 alone would take 3 × 100 ms and a skew of 61 ms; the pair's BFD is faster.
    expect(failover.outageMs).toBeGreaterThan(100)
    expect(failover.outageMs).toBeLessThan(350)
    const joined = await until(
      async () => {
        const now = (await failoversOf('web')).find(({ id }) => id === failover.id)
        return now !== undefined && now.evidence.length >= 2 && now
      },
      { what: 'the evidence of both nodes', withinMs: 5_000 },
    )
    expect(new Set(joined.evidence.map(({ node }) => node))).toEqual(new Set(['lb1', 'lb2']))
    expect(joined.reason).toBe('no-response')
    expect(await activeOf('web')).toBe('lb2')
  })

  it('told the stream', async () => {
    const message = await until(
      () =>
        heard.find(({ event, data }) => event === 'failover' && (data as Failover).virtualRouter === 'web'),
      { what: 'the failover on the stream', withinMs: 3_000 },
    )
    expect(message.id).not.toBe('')
    expect((message.data as Failover).to).toBe('lb2')
    expect(
      heard.some(({ event, data }) => event === 'event' && (data as Event).body.kind === 'transition'),
    ).toBe(true)
  })

  it('updated the page without a reload', async () => {
    const row = page.locator('[data-site="amsterdam"] [data-router="web"]')
    await row.locator('[data-node="lb2"][data-role="active"]').waitFor({ timeout: 5_000 })
    await row.locator('[data-node="lb1"][data-role="fault"]').waitFor({ timeout: 5_000 })
    await page.locator('.failover', { hasText: 'amsterdam / web' }).first().waitFor()
    expect(loads).toBe(0)
    expect(await page.evaluate(() => performance.getEntriesByType('navigation').length)).toBe(1)
  })

  it('fetched nothing from anywhere else', async () => {
    const fetched = await page.evaluate(() =>
      performance.getEntriesByType('resource').map(({ name }) => new URL(name).origin),
    )
    expect([...new Set(fetched)]).toEqual([demo.url])
  })

  it('moves back when the better node returns, as a failover of its own', async () => {
    await demo.act('restore', 'amsterdam/lb1')
    await until(async () => (await activeOf('web')) === 'lb1', { what: 'lb1 to preempt', withinMs: 8_000 })
    await until(async () => (await failoversOf('web'))[0]?.reason === 'preempted', {
      what: 'the second row',
      withinMs: 5_000,
    })
    expect((await failoversOf('web'))[0]).toMatchObject({ from: 'lb2', to: 'lb1', reason: 'preempted' })
  })

  it('shows a partition as split brain, and its end', async () => {
    await demo.act('partition', 'berlin/gw1')
    const card = page.locator('[data-site="berlin"] [data-router="edge"]')
    await card.getByText('Split brain').waitFor({ timeout: 8_000 })
    await demo.act('restore', 'berlin/gw1')
    await card.getByText('Served').waitFor({ timeout: 8_000 })
  })

  it('leaves no namespace, no process and no file behind on Ctrl-C', async () => {
    stopStream()
    expect(await demo.interrupt()).toBe(0)
    expect(await place.remains()).toEqual([])
  })
})
