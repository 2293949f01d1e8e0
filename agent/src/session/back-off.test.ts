import { describe, expect, it } from 'vitest'
import { type Ending, FIRST_RETRY, type Retry, STABLE_AFTER_MS, waitAfter, waitAsTold } from './back-off.ts'

const almostOne = 1 - 1e-12

/** The longest waits of `times` such endings in a row. */
function longest(ending: Ending, times: number, from: Retry = FIRST_RETRY): number[] {
  const waits: number[] = []
  let retry = from
  for (let i = 0; i < times; i++) {
    const [next, waitMs] = waitAfter(retry, ending, almostOne)
    waits.push(Math.round(waitMs))
    retry = next
  }
  return waits
}

describe('the wait before the next attempt', () => {
  it('has full jitter from 1 s, doubling, to 60 s while no session comes about', () => {
    expect(longest({ kind: 'failed' }, 9)).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
    ])
    expect(waitAfter(FIRST_RETRY, { kind: 'failed' }, 0)[1]).toBe(0)
  })

  it('is random within the spread of the welcome after a session that lasted', () => {
    const retry = { failures: 5, refusals: 0, spreadMs: 20_000 }
    const ending = { kind: 'lost', lastedMs: STABLE_AFTER_MS } as const
    expect(waitAfter(retry, ending, 0.5)[1]).toBe(10_000)
    expect(waitAfter(retry, ending, 0.5)[0].failures).toBe(1)
  })

  it('is not reset by a session that ended before it was stable', () => {
    const retry = { failures: 5, refusals: 0, spreadMs: 2_000 }
    const [next, waitMs] = waitAfter(retry, { kind: 'lost', lastedMs: STABLE_AFTER_MS - 1 }, almostOne)
    expect(Math.round(waitMs)).toBe(16_000)
    expect(next.failures).toBe(6)
  })

  it('never exceeds two minutes for a spread, however large the welcome asked', () => {
    const retry = { failures: 0, refusals: 0, spreadMs: 1e9 }
    expect(waitAfter(retry, { kind: 'lost', lastedMs: 1e6 }, almostOne)[1]).toBeLessThanOrEqual(120_000)
  })

  it('grows to an hour after the sixth refusal, and is then never near zero', () => {
    const waits = longest({ kind: 'unauthorised' }, 14)
    expect(waits.slice(0, 7)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000])
    expect(waits.at(-1)).toBe(3_600_000)
    expect(waitAfter({ ...FIRST_RETRY, refusals: 13 }, { kind: 'unauthorised' }, 0)[1]).toBe(1_800_000)
  })

  it('is slow from the first time when only people can change the answer', () => {
    expect(longest({ kind: 'incompatible' }, 8)).toEqual([
      60_000, 120_000, 240_000, 480_000, 960_000, 1_920_000, 3_600_000, 3_600_000,
    ])
    expect(waitAfter(FIRST_RETRY, { kind: 'incompatible' }, 0)[1]).toBe(30_000)
  })

  it('is half a minute at least after being superseded', () => {
    expect(waitAfter(FIRST_RETRY, { kind: 'superseded' }, 0)[1]).toBe(30_000)
    expect(longest({ kind: 'superseded' }, 2)).toEqual([60_000, 60_000])
  })

  it('is what the centre said, and up to a tenth more', () => {
    expect(waitAsTold(10_000, 0)).toBe(10_000)
    expect(waitAsTold(10_000, 0.5)).toBe(10_500)
    expect(waitAsTold(1e12, 0)).toBe(3_600_000)
  })
})
