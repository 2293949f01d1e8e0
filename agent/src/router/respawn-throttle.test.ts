import { expect, test } from 'vitest'
import { afterDeath, FRESH_THROTTLE } from './respawn-throttle.ts'

function delaysOf(deaths: number, livedMs: number): number[] {
  let throttle = FRESH_THROTTLE
  return Array.from({ length: deaths }, () => {
    const [next, delayMs] = afterDeath(throttle, livedMs)
    throttle = next
    return delayMs
  })
}

test('a crash loop: three times at once, then after 1, 2, 4 seconds and so on to half a minute', () => {
  expect(delaysOf(10, 0)).toEqual([0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
})

test('one that is killed every five seconds is always started at once', () => {
  expect(new Set(delaysOf(100, 5_000))).toEqual(new Set([0]))
})

test('a long life forgives everything', () => {
  expect(afterDeath({ recentDeaths: 9 }, 60_000)).toEqual([{ recentDeaths: 1 }, 0])
  expect(afterDeath({ recentDeaths: 9 }, 0)[1]).toBe(30_000)
})
