import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { PacedReader } from './paced-reader.ts'

let callback: (() => void) | null = null
let waiting = 0
let drains = 0
let reader: PacedReader

beforeEach(() => {
  vi.useFakeTimers()
  drains = 0
  waiting = 0
  const socket = {
    watch(given: (() => void) | null) {
      callback = given
    },
  }
  reader = new PacedReader(
    socket,
    () => {
      drains += 1
      const taken = waiting
      waiting = 0
      return taken
    },
    () => Date.now(),
  )
})
afterEach(() => {
  reader.close()
  vi.useRealTimers()
})

/** Datagrams come one by one, and wake the reader while it watches. */
function hear(perSecond: number, ms: number): void {
  for (let i = 0; i < (perSecond * ms) / 1_000; i++) {
    waiting += 1
    callback?.()
    vi.advanceTimersByTime(1_000 / perSecond)
  }
}

it('reads at once while little comes', () => {
  hear(100, 1_000)
  expect(drains).toBe(100)
  expect(reader.isPaced).toBe(false)
})

it('wakes up less often when much comes, and leaves nothing unread', () => {
  hear(2_500, 1_000)
  expect(reader.isPaced).toBe(true)
  expect(drains).toBeLessThan(65 + 251)
  vi.advanceTimersByTime(4)
  expect(waiting).toBe(0)
})

it('reads at once again when it has become quiet', () => {
  hear(2_500, 200)
  vi.advanceTimersByTime(250)
  hear(10, 500)
  expect(reader.isPaced).toBe(false)
  drains = 0
  hear(10, 100)
  expect(drains).toBe(1)
})

it('closed, it reads nothing more', () => {
  hear(2_500, 200)
  reader.close()
  drains = 0
  vi.advanceTimersByTime(1_000)
  expect(drains).toBe(0)
})
