import { expect, test } from 'vitest'
import { afterDeath, FRESH_THROTTLE } from './respawn-throttle.ts'

test('at once, then 1, 2, 4 seconds and so on to half a minute', () => {
  let throttle = FRESH_THROTTLE
  const delays: number[] = []
  for (let i = 0; i < 8; i++) {
    const [next, delayMs] = afterDeath(throttle, 10)
    throttle = next
    delays.push(delayMs)
  }
  expect(delays).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
})

test('a minute of life forgives', () => {
  expect(afterDeath({ shortLives: 5 }, 60_000)).toEqual([{ shortLives: 1 }, 0])
  expect(afterDeath({ shortLives: 5 }, 59_999)[1]).toBe(16_000)
})
