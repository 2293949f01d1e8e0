import { describe, expect, it } from 'vitest'
import { routerConfig } from './examples.test.support.ts'
import { activeDownInterval, learnedInterval, skewTime } from './intervals.ts'

function router(version: 2 | 3, priority: number, advertisementIntervalMs = 1000) {
  return { config: routerConfig({ version, priority, advertisementIntervalMs }), source: null, priority }
}

describe('RFC 9568 §6.1', () => {
  it.each([
    [1, 1000, 996.09375],
    [100, 1000, 609.375],
    [254, 1000, 7.8125],
    [255, 1000, 3.90625],
    [100, 100, 60.9375],
    [100, 10, 6.09375],
    [100, 40_950, 24_953.90625],
  ])('Skew_Time of priority %i at %i ms is %d ms', (priority, intervalMs, expected) => {
    expect(skewTime(router(3, priority), intervalMs)).toBe(expected)
  })

  // keepalived-and-vrrp.md §2.6: 3.609 s, 0.361 s, 36 ms.
  it.each([
    [1000, 3609.375],
    [100, 360.9375],
    [10, 36.09375],
  ])('Active_Down_Interval of priority 100 at %i ms is %d ms', (intervalMs, expected) => {
    expect(activeDownInterval(router(3, 100), intervalMs)).toBe(expected)
  })

  it('the higher priority always waits less', () => {
    for (let priority = 2; priority <= 255; priority++) {
      const wait = activeDownInterval(router(3, priority), 1000)
      expect(wait).toBeLessThan(activeDownInterval(router(3, priority - 1), 1000))
    }
  })

  it('Active_Adver_Interval is the active’s', () => {
    expect(learnedInterval(router(3, 100), 250)).toBe(250)
  })
})

describe('RFC 3768 §6.1', () => {
  it('Skew_Time is in seconds', () => {
    expect(skewTime(router(2, 100), 5000)).toBe(609.375)
    expect(activeDownInterval(router(2, 100), 5000)).toBe(15_609.375)
  })

  it('there is only one’s own interval', () => {
    expect(learnedInterval(router(2, 100, 3000), 250)).toBe(3000)
  })
})
