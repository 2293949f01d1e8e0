/** A demo that ends at any moment of its start: asked to, it leaves nothing; killed, the next start clears it away. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { namespacesNamed } from '../../agent/src/linux/namespace.ts'
import { until } from '../lab/wait.ts'
import { type DemoPlace, demoPlace, outputOf, runDemo, unprivilegedDemoPlace } from './demo-run.ts'

const places = { root: demoPlace(), nobody: unprivilegedDemoPlace() }
afterAll(() => {
  for (const place of Object.values(places)) place.remove()
})

/** Moments of a start, told by what is there already. */
const MOMENTS: Readonly<Record<string, (place: DemoPlace, output: string) => boolean | Promise<boolean>>> = {
  'the first networks are made': async ({ folder }) =>
    (await namespacesNamed(folder.namespacePrefix)).some((name) => !name.endsWith('probe')),
  'the database is prepared': ({ folder }) =>
    existsSync(path.join(folder.centreData, 'postgres.initialising')),
  'PostgreSQL runs': ({ folder }) => existsSync(path.join(folder.centreData, 'postgres/postmaster.pid')),
  'the first agents start': ({ folder }) => existsSync(folder.stateDir('berlin', 'gw1')),
  'agents elect': (_, output) => output.includes('✓ agents'),
}

interface Ended {
  readonly code: number | null
  readonly output: string
}

async function endAt(place: DemoPlace, moment: string, signal: NodeJS.Signals): Promise<Ended> {
  const child = place.spawn('--port', '0')
  const output = outputOf(child)
  const gone = new Promise<number | null>((resolve) => child.once('close', resolve))
  // What an earlier demo left behind is cleared away by the time it prints its title.
  const hasClaimed = () => output().includes('Aloft demo:')
  await until(async () => hasClaimed() && MOMENTS[moment]?.(place, output()), {
    what: `the moment when ${moment}`,
    withinMs: 30_000,
    everyMs: 2,
  })
  child.kill(signal)
  return { code: await gone, output: output() }
}

const momentsOf = (account: keyof typeof places) =>
  Object.keys(MOMENTS).filter((moment) => account === 'root' || !moment.includes('networks'))

describe.each(['root', 'nobody'] as const)('the demo of %s', (account) => {
  const place = places[account]

  it.each(momentsOf(account))('leaves nothing behind on Ctrl-C when %s', async (moment) => {
    const { code, output } = await endAt(place, moment, 'SIGINT')
    expect(code).toBe(0)
    expect(output.trim().split('\n').at(-1)).toBe('stopped; nothing is left behind')
    expect(await place.remains()).toEqual([])
  })

  it.each(momentsOf(account))('killed when %s, is cleared away by the next start', async (moment) => {
    await endAt(place, moment, 'SIGKILL')
    expect(await place.remains()).not.toEqual([])
    const next = await endAt(place, 'the database is prepared', 'SIGINT')
    expect(next.code).toBe(0)
    expect(await place.remains()).toEqual([])
  })

  it('killed while it is live, runs as ever at the next start', async () => {
    const first = await runDemo(place)
    first.child.kill('SIGKILL')
    await until(() => first.child.signalCode !== null, { what: 'the demo to die', withinMs: 5_000 })
    const second = await runDemo(place)
    expect(second.output()).toMatch(/cleared away what an earlier demo left behind \(\d+ processes/)
    expect(await second.interrupt()).toBe(0)
    expect(await place.remains()).toEqual([])
  })
})
