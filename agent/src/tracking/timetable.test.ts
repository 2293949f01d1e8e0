import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextDue, spread } from './timetable.ts'

describe('the timetable of a script', () => {
  it('does not drift, however late each run begins', () => {
    let now = 1000
    const begun: number[] = []
    for (let i = 0; i < 5; i++) {
      const due = nextDue({ intervalMs: 100, phaseMs: 1000 }, now)
      now = due + 37
      begun.push(due)
    }
    expect(begun).toEqual([1100, 1200, 1300, 1400, 1500])
  })

  it('leaves out what passed while nothing could run, instead of making up for it', () => {
    expect(nextDue({ intervalMs: 100, phaseMs: 1000 }, 5_012)).toBe(5_100)
  })

  it('is always later than now, by at most an interval', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 100_000 }),
        fc.integer(),
        fc.integer(),
        (intervalMs, phaseMs, now) => {
          const due = nextDue({ intervalMs, phaseMs }, now)
          expect(due).toBeGreaterThan(now)
          expect(due - now).toBeLessThanOrEqual(intervalMs)
        },
      ),
    )
  })

  it('spreads those that begin together over a second or their interval', () => {
    expect(spread([1000, 1000, 1000, 1000], 50)).toEqual([50, 300, 550, 800])
    expect(spread([60_000, 60_000], 0)).toEqual([0, 500])
    expect(spread([100, 100], 0)).toEqual([0, 50])
  })
})
