import { expect, test } from 'vitest'
import { Lateness } from './lateness.ts'

test('nothing measured is nothing late', () => {
  expect(new Lateness().figures(0)).toEqual({ maxMs: 0, lastMinuteMaxMs: 0, p99Ms: 0 })
})

test('early is on time', () => {
  const lateness = new Lateness()
  lateness.record(1_000, 999.2)
  expect(lateness.figures(1_000).maxMs).toBe(0)
})

test('the 99th percentile is the bound of a bucket a quarter wide', () => {
  const lateness = new Lateness()
  for (let i = 0; i < 990; i++) lateness.record(i, i + 0.3)
  for (let i = 0; i < 10; i++) lateness.record(i, i + 50)
  const { p99Ms, maxMs } = lateness.figures(1_000)
  expect(p99Ms).toBeGreaterThanOrEqual(0.3)
  expect(p99Ms).toBeLessThan(0.3 * 1.26)
  expect(maxMs).toBe(50)
})

test('the last minute forgets what is older, the maximum does not', () => {
  const lateness = new Lateness()
  lateness.record(1_000, 1_020)
  lateness.record(30_000, 30_003)
  expect(lateness.figures(31_000)).toMatchObject({ maxMs: 20, lastMinuteMaxMs: 20 })
  expect(lateness.figures(66_000)).toMatchObject({ maxMs: 20, lastMinuteMaxMs: 3 })
  expect(lateness.figures(200_000)).toMatchObject({ maxMs: 20, lastMinuteMaxMs: 0 })
})

test('a lateness beyond every bucket is counted in the last', () => {
  const lateness = new Lateness()
  lateness.record(0, 100_000)
  expect(lateness.figures(100_000)).toEqual({ maxMs: 100_000, lastMinuteMaxMs: 100_000, p99Ms: 100_000 })
})
