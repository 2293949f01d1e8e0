/** The demo of somebody who is not root: the simulated LAN under the same agents, and a PostgreSQL of their own. */
import type { Agent, Failover, VirtualRouter } from '@aloft/shared/api/schemas'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../lab/wait.ts'
import { type DemoRun, runDemo, unprivilegedDemoPlace } from './demo-run.ts'

const place = unprivilegedDemoPlace()
let demo: DemoRun

beforeAll(async () => {
  demo = await runDemo(place)
})

afterAll(async () => {
  if (demo?.child.exitCode === null) await demo.interrupt()
  place.remove()
})

const failoversOf = async (site: string, router: string): Promise<readonly Failover[]> => {
  const { items } = await demo.get<{ items: Failover[] }>(`/api/v1/failovers?site=${site}`)
  return items.filter(({ virtualRouter }) => virtualRouter === router)
}

const router = async (wanted: string): Promise<VirtualRouter | undefined> => {
  const { items } = await demo.get<{ items: VirtualRouter[] }>('/api/v1/virtual-routers?limit=200')
  return items.find(({ name }) => name === wanted)
}

describe('the demo of an unprivileged account', () => {
  it('says that its networks are simulated', () => {
    expect(demo.output()).toContain('simulated networks')
    expect(demo.output()).toMatch(/Live after \d+\.\d s/)
  })

  it('has enrolled five agents, and serves three virtual routers', async () => {
    const { items } = await demo.get<{ items: Agent[] }>('/api/v1/agents?limit=200')
    expect(items.map(({ site, node }) => `${site}/${node}`).toSorted()).toEqual([
      'amsterdam/lb1',
      'amsterdam/lb2',
      'berlin/gw1',
      'berlin/gw2',
      'berlin/gw3',
    ])
    expect((await router('web'))?.active).toBe('lb1')
    expect((await router('database'))?.active).toBe('lb2')
    expect((await router('edge'))?.active).toBe('gw1')
  })

  it('fails over when a cable is pulled, with the evidence of both nodes', async () => {
    const before = (await failoversOf('amsterdam', 'web')).length
    await demo.act('fail', 'amsterdam/lb1')
    const failover = await until(
      async () => {
        const rows = await failoversOf('amsterdam', 'web')
        return rows.length > before && rows[0] !== undefined && rows[0].evidence.length >= 2 && rows[0]
      },
      { what: 'a failover of web with two pieces of evidence', withinMs: 8_000 },
    )
    expect(failover).toMatchObject({ from: 'lb1', to: 'lb2', reason: 'no-response', planned: false })
    // 3 × 100 ms and a skew of 61 ms since the last advertisement, and what Node's timers add.
    expect(failover.outageMs).toBeGreaterThan(300)
    expect(failover.outageMs).toBeLessThan(700)
    expect(new Set(failover.evidence.map(({ node }) => node))).toEqual(new Set(['lb1', 'lb2']))
  })

  it('gives it back when the cable is put back', async () => {
    await demo.act('restore', 'amsterdam/lb1')
    await until(async () => (await failoversOf('amsterdam', 'web'))[0]?.reason === 'preempted', {
      what: 'lb1 to preempt',
      withinMs: 8_000,
    })
    // Both are active until lb2 has heard lb1, and the centre hears lb1 first.
    await until(async () => (await router('web'))?.active === 'lb1', { what: 'lb1 alone', withinMs: 8_000 })
  })

  it('shows a partition as split brain; restoring one node leaves another cut off', async () => {
    await demo.act('partition', 'berlin/gw1')
    await demo.act('partition', 'amsterdam/lb2')
    const isSplit = async (name: string) => (await router(name))?.state === 'split-brain'
    await until(() => isSplit('edge'), { what: 'split brain of edge', withinMs: 8_000 })
    await until(() => isSplit('web'), { what: 'split brain of web', withinMs: 8_000 })
    await demo.act('restore', 'berlin/gw1')
    await until(async () => (await router('edge'))?.state === 'served', {
      what: 'one active edge',
      withinMs: 8_000,
    })
    expect(await isSplit('web')).toBe(true)
  })

  it('leaves nothing behind on Ctrl-C', async () => {
    expect(await demo.interrupt()).toBe(0)
    expect(await place.remains()).toEqual([])
  })
})
