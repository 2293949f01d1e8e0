import { describe, expect, it } from 'vitest'
import { addSample, type ClockSample, clockOffset } from './clock-offset.ts'

/** A heartbeat sent at mono `at`, over a path of `outMs` and `backMs`, to a server `aheadMs` ahead of mono. */
function trip(at: number, path: { outMs: number; backMs: number; aheadMs: number; servingMs?: number }) {
  const serverReceivedWallMs = at + path.outMs + path.aheadMs
  const serverSentWallMs = serverReceivedWallMs + (path.servingMs ?? 0)
  return {
    sentMonoMs: at,
    serverReceivedWallMs,
    serverSentWallMs,
    receivedMonoMs: serverSentWallMs - path.aheadMs + path.backMs,
  }
}

describe('the clock offset', () => {
  it('is exact over a symmetric path, whatever the server took to answer', () => {
    const samples = addSample([], trip(1_000, { outMs: 5, backMs: 5, aheadMs: 500, servingMs: 300 }))
    expect(clockOffset(samples, 100)).toEqual({ offsetMs: 400, errorMs: 5 })
  })

  it('is wrong by no more than it says over an asymmetric one', () => {
    const samples = addSample([], trip(0, { outMs: 40, backMs: 2, aheadMs: 500 }))
    const offset = clockOffset(samples, 0)
    expect(Math.abs((offset?.offsetMs ?? 0) - 500)).toBeLessThanOrEqual(offset?.errorMs ?? 0)
  })

  it('is that of the quickest of the last eight round trips', () => {
    let samples: readonly ClockSample[] = addSample([], trip(0, { outMs: 1, backMs: 1, aheadMs: 500 }))
    for (let i = 1; i <= 7; i++)
      samples = addSample(samples, trip(i, { outMs: 50, backMs: 10, aheadMs: 500 }))
    expect(clockOffset(samples, 0)).toEqual({ offsetMs: 500, errorMs: 1 })
    samples = addSample(samples, trip(8, { outMs: 50, backMs: 10, aheadMs: 500 }))
    expect(clockOffset(samples, 0)).toEqual({ offsetMs: 520, errorMs: 30 })
  })

  it('follows a step of our own wall clock at once', () => {
    const samples = addSample([], trip(0, { outMs: 1, backMs: 1, aheadMs: 500 }))
    expect(clockOffset(samples, 3_600_000)?.offsetMs).toBe(500 - 3_600_000)
  })

  it('takes no sample that cannot be true, and says nothing without any', () => {
    expect(
      addSample([], { sentMonoMs: 0, serverReceivedWallMs: 0, serverSentWallMs: 50, receivedMonoMs: 10 }),
    ).toEqual([])
    expect(clockOffset([], 0)).toBe(null)
  })
})
