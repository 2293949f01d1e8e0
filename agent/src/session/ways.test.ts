import { describe, expect, it } from 'vitest'
import {
  type Attempt,
  cameAbout,
  dialled,
  ended,
  initialWays,
  leaveUrl,
  nextWay,
  tryAgainAtMs,
  type Ways,
} from './ways.ts'

const at = (nowMs: number, random = 0.5) => ({ nowMs, random })
const attempt = (
  ways: Ways,
  evidence: Attempt['evidence'],
  nowMs = 0,
  welcomedForMs: number | null = null,
) => {
  const way = nextWay(ways, nowMs)
  return ended(dialled(ways, way, at(nowMs)), { ...way, welcomedForMs, evidence }, at(nowMs))
}

describe('the order of URLs', () => {
  it('spreads a fleet over all orders alike, whatever the first of them is', () => {
    const counts = new Map<string, number>()
    for (let i = 0; i < 6_000; i++) {
      const order = initialWays(3, 'auto', i / 6_000).order.join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect([...counts.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210'])
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThanOrEqual(2)
  })

  it.each(['unreachable', 'busy', 'cut'] as const)(
    'goes on to the next after %s, and comes round again',
    (evidence) => {
      let ways = initialWays(3, 'ws', 0)
      const tried = [0, 1, 2, 3].map(() => {
        const { url } = nextWay(ways, 0)
        ways = attempt(ways, evidence)
        return url
      })
      expect(tried).toEqual([0, 1, 2, 0])
    },
  )

  it('stays with the URL that worked, also after its session was lost, until that fails', () => {
    let ways = attempt(initialWays(3, 'auto', 0), 'unreachable')
    ways = cameAbout(ways, { url: 1, transport: 'websocket' })
    ways = attempt(ways, 'cut', 0, 100_000)
    expect(nextWay(ways, 0)).toEqual({ url: 1, transport: 'websocket' })
    expect(nextWay(attempt(ways, 'unreachable'), 0)).toEqual({ url: 2, transport: 'websocket' })
  })

  it('is not left because the centre said no there: it would say so anywhere', () => {
    expect(nextWay(attempt(initialWays(2, 'auto', 0), 'told'), 0)).toEqual({ url: 0, transport: 'websocket' })
  })

  it('leads away from a replica that says goaway, if there is another URL', () => {
    expect(nextWay(leaveUrl(initialWays(2, 'auto', 0)), 0).url).toBe(1)
    expect(nextWay(leaveUrl(initialWays(1, 'auto', 0)), 0).url).toBe(0)
  })
})

describe('the way over HTTP requests', () => {
  it.each(['refused', 'swallowed'] as const)(
    'is taken at once, at the same URL, when an upgrade is %s',
    (evidence) => {
      expect(nextWay(attempt(initialWays(2, 'auto', 0), evidence), 0)).toEqual({
        url: 0,
        transport: 'exchange',
      })
    },
  )

  it('is taken when two WebSockets die before the welcome', () => {
    const once = attempt(initialWays(1, 'auto', 0), 'cut')
    expect(nextWay(once, 0).transport).toBe('websocket')
    expect(nextWay(attempt(once, 'cut'), 0).transport).toBe('exchange')
  })

  it('is taken when three sessions were cut off soon, and not when they lasted', () => {
    const after = (...lasted: number[]) =>
      lasted.reduce((ways, ms) => attempt(ways, 'cut', 0, ms), initialWays(1, 'auto', 0))
    expect(nextWay(after(9_000, 9_000), 0).transport).toBe('websocket')
    expect(nextWay(after(9_000, 9_000, 9_000), 0).transport).toBe('exchange')
    expect(nextWay(after(9_000, 9_000, 60_000, 9_000), 0).transport).toBe('websocket')
  })

  it('is not taken for a centre that is away or has no time', () => {
    let ways = initialWays(1, 'auto', 0)
    for (let i = 0; i < 50; i++) ways = attempt(ways, i % 2 === 0 ? 'unreachable' : 'busy')
    expect(nextWay(ways, 0).transport).toBe('websocket')
  })

  it('is left again when HTTP does not pass either', () => {
    const exchange = attempt(initialWays(2, 'auto', 0), 'refused')
    const neither = attempt(exchange, 'unreachable')
    expect(nextWay(neither, 0)).toEqual({ url: 1, transport: 'websocket' })
    expect(nextWay(attempt(neither, 'unreachable'), 0)).toEqual({ url: 0, transport: 'websocket' })
  })

  it('ends after minutes, spread, for a try with a WebSocket; in vain, after twice as long, up to an hour', () => {
    let ways = initialWays(1, 'auto', 0)
    let nowMs = 0
    const waits = Array.from({ length: 6 }, () => {
      ways = attempt(ways, 'refused', nowMs)
      const way = nextWay(ways, nowMs)
      ways = cameAbout(ways, way)
      const untilMs = tryAgainAtMs(ways, way) ?? 0
      const waitMs = untilMs - nowMs
      expect(nextWay(ways, untilMs - 1).transport).toBe('exchange')
      nowMs = untilMs
      expect(nextWay(ways, nowMs).transport).toBe('websocket')
      return waitMs / 60_000
    })
    expect(waits).toEqual([5, 10, 20, 40, 60, 60])
    const spread = [0, 0.999].map((random) => {
      const first = initialWays(1, 'auto', 0)
      const to = ended(
        first,
        { ...nextWay(first, 0), welcomedForMs: null, evidence: 'refused' },
        at(0, random),
      )
      return Math.round((tryAgainAtMs(to, { url: 0, transport: 'exchange' }) ?? 0) / 1_000)
    })
    expect(spread).toEqual([150, 450])
  })

  it.each(['refused', 'swallowed', 'cut', 'unreachable', 'busy', 'told'] as const)(
    'is gone on with when a WebSocket that is tried again is %s, once, and not again at once',
    (evidence) => {
      const exchange = attempt(initialWays(1, 'auto', 0), 'refused')
      const againAtMs = tryAgainAtMs(exchange, nextWay(exchange, 0)) ?? 0
      expect(nextWay(exchange, againAtMs).transport).toBe('websocket')
      const inVain = attempt(exchange, evidence, againAtMs)
      expect(nextWay(inVain, againAtMs).transport).toBe('exchange')
      expect(tryAgainAtMs(inVain, { url: 0, transport: 'exchange' })).toBe(againAtMs + 600_000)
    },
  )

  it('is forgotten once a WebSocket passed', () => {
    const ways = cameAbout(attempt(initialWays(1, 'auto', 0), 'refused'), { url: 0, transport: 'websocket' })
    expect(nextWay(ways, 0).transport).toBe('websocket')
  })

  it.each([
    ['ws', 'websocket'],
    ['exchange', 'exchange'],
  ] as const)('is a matter of order when told %s', (rule, transport) => {
    let ways = initialWays(1, rule, 0)
    for (let i = 0; i < 5; i++) {
      expect(nextWay(ways, 0).transport).toBe(transport)
      expect(tryAgainAtMs(ways, nextWay(ways, 0))).toBeNull()
      ways = attempt(ways, 'refused')
    }
  })
})

describe('what is forgotten', () => {
  const at0 = (transport: 'websocket' | 'exchange') => ({ url: 0, transport })
  const refused = (ways: Ways, nowMs: number) => attempt(ways, 'refused', nowMs)

  it('is how often a WebSocket was tried in vain, once one came about', () => {
    let ways = refused(initialWays(1, 'auto', 0), 0)
    for (let i = 0; i < 3; i++) ways = refused(ways, tryAgainAtMs(ways, at0('exchange')) ?? 0)
    ways = cameAbout(ways, at0('websocket'))
    expect(tryAgainAtMs(refused(ways, 1e7), at0('exchange'))).toBe(1e7 + 300_000)
  })

  it('is what was held against WebSockets, once that was a verdict', () => {
    let ways = attempt(attempt(initialWays(1, 'auto', 0), 'cut'), 'cut')
    expect(nextWay(ways, 0)).toEqual(at0('exchange'))
    ways = cameAbout(ways, at0('websocket'))
    const soonCut = { ...at0('websocket'), welcomedForMs: 1_000, evidence: 'cut' } as const
    for (let i = 0; i < 2; i++) ways = ended(ways, soonCut, at(1e6))
    expect(nextWay(ways, 1e6)).toEqual(at0('websocket'))
  })
})

it('two attempts at one URL that fail go on to the next once', () => {
  const failed = { url: 0, transport: 'websocket', welcomedForMs: null, evidence: 'unreachable' } as const
  const once = ended(initialWays(3, 'ws', 0), failed, at(0))
  expect(nextWay(ended(once, failed, at(0)), 0).url).toBe(1)
})
