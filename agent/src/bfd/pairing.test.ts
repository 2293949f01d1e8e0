import { knownAddress } from '@aloft/shared/network/address'
import type { Prefix } from '@aloft/shared/network/prefix'
import { describe, expect, it } from 'vitest'
import {
  askingMs,
  distrusted,
  FULL_ALLOWANCE,
  isOnLink,
  isTooSlow,
  lossSkewMs,
  spend,
  TRUSTED,
} from './pairing.ts'

const HOUR_MS = 3_600_000

describe('a lost session', () => {
  it('puts the backup of the highest priority first, within half an interval', () => {
    expect(lossSkewMs(254, 50)).toBeLessThan(lossSkewMs(200, 50))
    expect(lossSkewMs(200, 50)).toBeLessThan(lossSkewMs(100, 50))
    expect(lossSkewMs(1, 50)).toBeLessThan(25)
  })

  it('is distrusted after a false alarm: half a minute, four times as long each time, an hour at most', () => {
    let distrust = TRUSTED
    const spans = Array.from({ length: 6 }, () => {
      const now = Math.max(distrust.untilMs, 0)
      distrust = distrusted(distrust, now)
      return distrust.untilMs - now
    })
    expect(spans).toEqual([30_000, 120_000, 480_000, 1_920_000, HOUR_MS, HOUR_MS])
  })

  it('is forgiven after a day without one', () => {
    const twice = distrusted(distrusted(TRUSTED, 0), 30_000)
    expect(distrusted(twice, twice.untilMs + 25 * HOUR_MS).falseAlarms).toBe(1)
  })
})

describe('a neighbour that does not answer', () => {
  it('is asked ever more rarely', () => {
    expect([0, 4_999, 5_000, 59_999, 60_000].map(askingMs)).toEqual([1_000, 1_000, 10_000, 10_000, 60_000])
  })
})

describe('strangers', () => {
  it('are answered ten at once, and five a second after that', () => {
    let allowance = FULL_ALLOWANCE
    let answered = 0
    for (let i = 0; i < 100; i++) {
      const left = spend(allowance, 1_000_000)
      if (left === null) continue
      allowance = left
      answered++
    }
    expect(answered).toBe(10)
    expect(spend(allowance, 1_000_100)).toBeNull()
    expect(spend(allowance, 1_000_200)).not.toBeNull()
  })

  it('are answered however long they have asked', () => {
    for (const askedForMs of [0, 10_000, 3_600_000])
      expect(isTooSlow({ desiredMinTxUs: 1_000 * askingMs(askedForMs) })).toBe(false)
  })

  it('that promise packets too rarely are not answered', () => {
    expect(isTooSlow({ desiredMinTxUs: 1_000_000 })).toBe(false)
    expect(isTooSlow({ desiredMinTxUs: 0xffff_ffff })).toBe(true)
  })

  it.each([
    ['192.0.2.77', '192.0.2.1', 24, true],
    ['192.0.3.77', '192.0.2.1', 24, false],
    ['192.0.3.77', '192.0.2.1', 23, true],
    ['10.0.0.1', '192.0.2.1', 0, true],
    ['192.0.2.1', '192.0.2.1', 32, true],
    ['2001:db8::2', '2001:db8::1', 64, true],
    ['2001:db8:1::2', '2001:db8::1', 64, false],
    ['fe80::2', '192.0.2.1', 24, true],
    ['2001:db8::2', '192.0.2.1', 0, false],
  ])('%s is a neighbour on a link with %s/%d: %s', (address, own, prefixLength, expected) => {
    const prefixes: Prefix[] = [{ address: knownAddress(own), prefixLength }]
    expect(isOnLink(knownAddress(address), prefixes)).toBe(expected)
  })
})
