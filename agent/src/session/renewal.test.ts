import { describe, expect, it } from 'vitest'
import { renewAgainMs, renewalDelayMs, spentMs } from './renewal.ts'

const HOUR_MS = 3_600_000
const credential = {
  ...{ serial: 's', agentId: 'a', publicKey: 'k', issuer: 'c', signature: 'x' },
  issuedMs: 1_000 * HOUR_MS,
  expiresMs: 1_024 * HOUR_MS,
}

describe('a credential is renewed', () => {
  it('at two thirds of its life, a tenth of that sooner or later', () => {
    const hours = [0, 0.5, 0.999999].map((random) => renewalDelayMs(credential, 0, random) / HOUR_MS)
    expect(hours[0]).toBeCloseTo(16 * 0.9, 1)
    expect(hours[1]).toBeCloseTo(16, 1)
    expect(hours[2]).toBeCloseTo(16 * 1.1, 1)
  })

  it('that much sooner when it was got that much earlier', () => {
    expect(renewalDelayMs(credential, 10 * HOUR_MS, 0.5) / HOUR_MS).toBeCloseTo(6, 1)
  })

  it('within a minute when it is overdue, and not all of a fleet at once', () => {
    expect(renewalDelayMs(credential, 24 * HOUR_MS, 0.5)).toBe(30_000)
    expect(renewalDelayMs(credential, 24 * HOUR_MS, 0.9)).toBe(54_000)
  })

  it('again after one to two minutes while nobody answers', () => {
    expect([renewAgainMs(0), renewAgainMs(0.5)]).toEqual([60_000, 90_000])
  })
})

describe('what of its life is over', () => {
  it.each([
    ['by a clock that is right', 1_003, 3],
    ['by a clock far behind', 2, 0],
    ['by a clock far ahead', 9_999, 24],
  ])('%s', (_, atHours, hours) => {
    expect(spentMs(credential, atHours * HOUR_MS)).toBe(hours * HOUR_MS)
  })
})
