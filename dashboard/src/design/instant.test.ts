import { describe, expect, it } from 'vitest'
import { describeAgo, describeDuration } from './instant.tsx'

describe('describeAgo', () => {
  it.each([
    [-5_000, 'now'],
    [900, 'now'],
    [12_000, '12 s ago'],
    [150_000, '2 min ago'],
    [7_300_000, '2 h ago'],
    [200_000_000, '2 d ago'],
  ])('%d ms is "%s"', (elapsedMs, words) => expect(describeAgo(elapsedMs)).toBe(words))
})

describe('describeDuration', () => {
  it.each([
    [0.42, '0.4 ms'],
    [284.4, '284 ms'],
    [3_609, '3.61 s'],
    [125_000, '2 min 5 s'],
  ])('%d ms is "%s"', (durationMs, words) => expect(describeDuration(durationMs)).toBe(words))
})
