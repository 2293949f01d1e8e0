import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { aloft } from './cli.fixture.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

const HOUR = 3_600_000
const ID = '0190a1b2-0000-7000-8000-000000000001'
const served = { servedMs: 47 * HOUR, degradedMs: 0, downMs: 0, unknownMs: 0, excludedMs: 0, outages: 0 }
const router = (site: string, sums: object) => ({
  ...{ virtualRouter: ID, site, name: 'web', vrid: 51, family: 'ipv4', addresses: ['192.0.2.100/24'] },
  ...{ ...served, availability: 1, ...sums },
})
const down = { downMs: 361.4, outages: 2, servedMs: 3_600_000 * 24, availability: 0.99999998 }
const items = [
  router('graz', down),
  router('vienna', { unknownMs: 90_000, degradedMs: 2_500 }),
  router('zug', { servedMs: 0, unknownMs: 48 * HOUR, availability: null }),
]
const total = { virtualRouters: 3, ...served, ...down, unknownMs: 48 * HOUR + 90_000 }
const span = { from: '2026-11-20T21:00:00.000Z', to: '2026-11-22T21:00:00.000Z' }
const answer = { ...span, total, address: null, items, nextCursor: null }
const outage = {
  ...{ from: '2026-11-22T20:00:00.000Z', to: '2026-11-22T20:00:00.361Z', durationMs: 361.4 },
  // By one clock, which knows better than the two that say from and to.
  ...{ failover: 'f1', outageMs: 212.6 },
}

/** A centre that answers from a script. */
async function centre(answerTo: (url: URL, request: IncomingMessage) => unknown) {
  const asked: URL[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://centre')
    asked.push(url)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answerTo(url, request)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  // A server that listens on TCP has an address and a port.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const run = (...args: readonly string[]) =>
    aloft(['availability', ...args], { env: { ALOFT_URL: url, ALOFT_TOKEN: 'aloft_secret' } })
  return { asked, run }
}

describe('aloft availability', () => {
  it('is a table with unknown time apart, whose shares are cut and not rounded', async () => {
    const { run, asked } = await centre(() => answer)
    const startedAt = Date.now()
    expect(await run()).toEqual({
      code: 0,
      stderr: '',
      stdout: `From 2026-11-20 21:00 to 2026-11-22 21:00 UTC.
Unknown time counts neither for nor against.

SITE    ROUTER  VRID  FAMILY  AVAILABILITY  SERVED  DEGRADED  DOWN   UNKNOWN  OUTAGES
graz    web     51    ipv4    99.99999%     1d      0         361ms  0        2
vienna  web     51    ipv4    100%          1d 23h  2.5s      0      1m 30s   0
zug     web     51    ipv4    unknown       0       0         0      2d       0
all 3                         99.99999%     1d      0         361ms  2d       2
`,
    })
    expect(asked).toHaveLength(1)
    const from = Date.parse(asked[0]?.searchParams.get('from') ?? '')
    expect(Math.abs(startedAt - 90 * 24 * HOUR - from)).toBeLessThan(60_000)
  })

  it('of one router, which may be named, lists its outages', async () => {
    const { run, asked } = await centre((url) => {
      if (url.pathname.endsWith('/timeline'))
        return { outages: [outage, { ...outage, outageMs: null, failover: null }] }
      if (url.pathname.endsWith('/virtual-routers')) return { items: [{ id: ID }], nextCursor: null }
      return { ...answer, items: [items[0]], total: { ...total, virtualRouters: 1 } }
    })
    const { stdout } = await run('--site', 'graz', '--virtual-router', 'web', '--from', '48h')
    expect(stdout).not.toContain('all 1')
    expect(stdout.split('\n').slice(6)).toEqual([
      'DOWN FROM (UTC)          TO                       FOR    FAILOVER',
      '2026-11-22 20:00:00.000  2026-11-22 20:00:00.361  213ms  f1',
      '2026-11-22 20:00:00.000  2026-11-22 20:00:00.361  361ms  -',
      '',
    ])
    const [named, sums, timeline] = asked
    expect(Object.fromEntries(named?.searchParams ?? [])).toMatchObject({ site: 'graz', name: 'web' })
    expect(Object.fromEntries(sums?.searchParams ?? [])).toMatchObject({ site: 'graz', virtualRouter: ID })
    expect([timeline?.pathname, Object.fromEntries(timeline?.searchParams ?? [])]).toEqual([
      `/api/v1/virtual-routers/${ID}/timeline`,
      span,
    ])
  })

  it('follows the cursor up to --limit, and answers in JSON as the API does', async () => {
    const { run, asked } = await centre((url) => ({
      ...answer,
      nextCursor: url.searchParams.has('cursor') ? 'second' : 'first',
    }))
    const { stdout } = await run('--limit', '5', '--json')
    expect(JSON.parse(stdout)).toEqual({ ...answer, items: [...items, ...items], nextCursor: 'second' })
    expect(asked.map(({ searchParams }) => [searchParams.get('limit'), searchParams.get('cursor')])).toEqual([
      ['5', null],
      ['2', 'first'],
    ])
  })

  it('says what to do when there is none, and when a name is of several', async () => {
    const none = await centre((url) =>
      url.pathname.endsWith('/availability')
        ? { ...answer, items: [], total: { ...total, virtualRouters: 0 } }
        : { items: url.pathname.endsWith('/sites') ? [{ name: 'graz' }] : [], nextCursor: null },
    )
    expect((await none.run()).stdout).toContain('`aloft agents`')
    expect((await none.run('--site', 'graz')).stdout).toContain('`aloft availability` without filters')
    const absent = await none.run('--site', 'gratz')
    expect([absent.code, absent.stderr]).toEqual([1, 'aloft: there is no site gratz; did you mean graz?\n'])
    const nowhere = await none.run('--virtual-router', 'web')
    expect([nowhere.code, nowhere.stderr]).toEqual([
      1,
      expect.stringContaining('there is no virtual router web'),
    ])
    const one = { name: 'web', vrid: 51, family: 'ipv4', id: ID }
    const several = await centre(() => ({
      items: [
        { ...one, site: 'graz' },
        { ...one, site: 'zug' },
      ],
      nextCursor: null,
    }))
    const { code, stderr } = await several.run('--virtual-router', 'web')
    expect([code, stderr]).toEqual([2, expect.stringContaining('graz/web')])
  })
})
