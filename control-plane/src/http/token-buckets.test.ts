import { describe, expect, it } from 'vitest'
import { TokenBuckets } from './token-buckets.ts'

describe('a token bucket', () => {
  it('allows its burst at once, then its rate', () => {
    const buckets = new TokenBuckets({ perSecond: 10, burst: 3 })
    const allowed = (atMs: number) => buckets.take('a', atMs).isAllowed
    expect([allowed(0), allowed(0), allowed(0), allowed(0)]).toEqual([true, true, true, false])
    expect([allowed(100), allowed(100), allowed(199), allowed(200)]).toEqual([true, false, false, true])
  })

  it('says what is left, when one more comes and when it is full', () => {
    const buckets = new TokenBuckets({ perSecond: 10, burst: 2 })
    expect(buckets.take('a', 0)).toEqual({ isAllowed: true, remaining: 1, retryAfterMs: 0, fullInMs: 100 })
    expect(buckets.take('a', 0)).toEqual({ isAllowed: true, remaining: 0, retryAfterMs: 100, fullInMs: 200 })
    expect(buckets.take('a', 50)).toMatchObject({ isAllowed: false, remaining: 0, retryAfterMs: 50 })
  })

  it('never holds more than its burst, however long it was quiet', () => {
    const buckets = new TokenBuckets({ perSecond: 10, burst: 2 })
    buckets.take('a', 0)
    expect(buckets.take('a', 1e9).remaining).toBe(1)
  })

  it('is its own for every key', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 })
    expect([buckets.take('a', 0).isAllowed, buckets.take('b', 0).isAllowed]).toEqual([true, true])
    expect(buckets.take('a', 0).isAllowed).toBe(false)
  })

  it('is not emptied or filled by a clock that is set back', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 2 })
    buckets.take('a', 1_000_000)
    expect(buckets.take('a', 0)).toMatchObject({ isAllowed: true, remaining: 0 })
    expect(buckets.take('a', 0).isAllowed).toBe(false)
  })

  it('forgets who asked longest ago rather than growing for ever', () => {
    const buckets = new TokenBuckets({ perSecond: 0.001, burst: 1 })
    buckets.take('first', 0)
    for (let i = 0; i < 19_999; i++) buckets.take(`k${i}`, 0)
    expect(buckets.take('first', 0).isAllowed).toBe(false)
    for (let i = 0; i < 20_000; i++) buckets.take(`l${i}`, 0)
    expect(buckets.take('first', 0).isAllowed).toBe(true)
  })
})
