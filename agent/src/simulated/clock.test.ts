import { describe, expect, it, vi } from 'vitest'
import { realTime, VirtualTime } from './clock.ts'
import { seededEntropy } from './entropy.ts'

describe('virtual time', () => {
  it('runs things in the order of their times, equal times in the order they were asked for', () => {
    const time = new VirtualTime()
    const entropy = seededEntropy(1)
    const expected: [number, number][] = []
    const ran: [number, number][] = []
    for (let i = 0; i < 500; i++) {
      const atMs = Math.floor(entropy.next() * 50)
      expected.push([atMs, i])
      time.at(atMs, () => ran.push([time.now(), i]))
    }
    time.advanceTo(100)
    expect(ran).toEqual(expected.toSorted(([a, i], [b, j]) => a - b || i - j))
    expect(time.now()).toBe(100)
  })

  it('does not run what was cancelled, nor what is due later', () => {
    const time = new VirtualTime()
    const ran: string[] = []
    const cancel = time.at(5, () => ran.push('cancelled'))
    time.at(6, () => ran.push('due'))
    time.at(11, () => ran.push('later'))
    cancel()
    cancel()
    time.advanceTo(10)
    expect(ran).toEqual(['due'])
  })

  it('runs what is asked for in the past at once, but not inside the asking', () => {
    const time = new VirtualTime()
    time.advanceTo(10)
    let ran = false
    time.at(3, () => {
      ran = true
    })
    expect(ran).toBe(false)
    expect(time.runNext(10)).toBe(true)
    expect(ran).toBe(true)
    expect(time.now()).toBe(10)
    expect(time.runNext(10)).toBe(false)
  })
})

describe('real time', () => {
  it('uses the timers of the host', () => {
    vi.useFakeTimers()
    try {
      let nowMs = 1000
      const time = realTime(() => nowMs)
      const ran: string[] = []
      time.at(1020, () => ran.push('due'))
      time.at(1020, () => ran.push('cancelled'))()
      time.at(900, () => ran.push('past'))
      expect(ran).toEqual([])
      nowMs = 1020
      vi.advanceTimersByTime(20)
      expect(ran).toEqual(['past', 'due'])
      expect(time.now()).toBe(1020)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('entropy', () => {
  it('repeats for a seed, differs for the next, and is uniform enough', () => {
    const draw = (seed: number) => {
      const entropy = seededEntropy(seed)
      return Array.from({ length: 10_000 }, () => entropy.next())
    }
    expect(draw(5)).toEqual(draw(5))
    expect(draw(5).slice(0, 3)).not.toEqual(draw(6).slice(0, 3))
    for (const seed of [0, 1, 2, 2 ** 31, -7]) {
      const buckets = new Array<number>(10).fill(0)
      for (const value of draw(seed))
        buckets[Math.floor(value * 10)] = (buckets[Math.floor(value * 10)] ?? 0) + 1
      for (const count of buckets) expect(count).toBeGreaterThan(850)
    }
  })
})
