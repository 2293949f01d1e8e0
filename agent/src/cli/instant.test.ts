import { describe, expect, it } from 'vitest'
import { readInstant, showAgo, showOutage } from './instant.ts'

const NOW = Date.parse('2026-11-22T21:00:00.000Z')
const before = (ms: number) => new Date(NOW - ms).toISOString()

describe('an instant', () => {
  it.each([
    ['1h', '2026-11-22T20:00:00.000Z'],
    ['90s', '2026-11-22T20:58:30.000Z'],
    ['2026-11-22T21:00:00+01:00', '2026-11-22T20:00:00.000Z'],
    ['2026-11-22', '2026-11-22T00:00:00.000Z'],
  ])('%s is %s', (text, iso) => expect(readInstant('--from', text, NOW)).toBe(iso))

  it.each(['', 'now', '5', '2026-13-01', '22.11.2026', '99999999999d'])('%j is none', (text) => {
    expect(() => readInstant('--to', text, NOW)).toThrow('write an instant')
  })
})

describe('how long ago', () => {
  it.each([
    [before(0), '0s ago'],
    [before(-5_000), '0s ago'],
    [before(59_999), '59s ago'],
    [before(60_000), '1m ago'],
    [before(3_600_000), '1h ago'],
    [before(172_800_000), '2d ago'],
    [null, '-'],
  ])('%s is %s', (iso, text) => expect(showAgo(iso, NOW)).toBe(text))
})

describe('an outage', () => {
  it.each([
    [null, 'unknown'],
    [0.4, '0ms'],
    [361.4, '361ms'],
    [3_609.2, '3.609s'],
  ])('of %s ms is shown as %s', (ms, text) => expect(showOutage(ms)).toBe(text))
})
