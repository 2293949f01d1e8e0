import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'

describe('a written duration', () => {
  it.each([
    ['100ms', 100],
    ['1s', 1_000],
    ['1.5s', 1_500],
    ['1.005s', 1_005],
    ['40.95s', 40_950],
    ['0.1s', 100],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    [' 1s ', 1_000],
    ['0s', 0],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms))

  it.each(['', '1', '1 s', '1S', '-1s', '1e3ms', '1m30s', '.5s', '1.s', 's', '1us', '0x1s', '∞s'])(
    '%j is none',
    (text) => expect(parseDuration(text)).toBeNull(),
  )
})

describe('a duration in milliseconds', () => {
  it.each([
    [0, '0ms'],
    [100, '100ms'],
    [1_500, '1.5s'],
    [60_000, '1m'],
    [90_000, '90s'],
    [3_600_000, '1h'],
    [5_400_000, '90m'],
  ])('%d is written %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms)
      }),
    )
  })
})
