import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { PacedReader } from './paced-reader.ts'

let callback: (() => void) | null = null
let isPaused = false
let waiting = 0
let isClosed = false
let drains = 0
let reader: PacedReader
let onDrain = () => {}

beforeEach(() => {
  vi.useFakeTimers()
  drains = 0
  onDrain = () => {}
  waiting = 0
  isPaused = false
  isClosed = false
  const socket = {
    watch(given: (() => void) | null) {
      callback = given
    },
    pause(given: boolean) {
      if (isClosed) throw new Error('the descriptor is closed')
      isPaused = given
    },
  }
  reader = new PacedReader(
    socket,
    () => {
      drains += 1
      onDrain()
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
    wake()
    vi.advanceTimersByTime(1_000 / perSecond)
  }
}

/** The kernel wakes whom it watches for, as long as something is there. */
function wake(): void {
  if (!isPaused && waiting > 0) callback?.()
}

/** Many at nearly the same instant, a few of which have come when the reader wakes up. */
function burst(datagrams: number): void {
  waiting += 3
  wake()
  for (let i = 3; i < datagrams; i++) {
    waiting += 1
    wake()
    vi.advanceTimersByTime(0.01)
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

it('reads a burst in two turns', () => {
  burst(125)
  vi.advanceTimersByTime(50)
  drains = 0
  for (let i = 0; i < 10; i++) {
    burst(125)
    vi.advanceTimersByTime(50)
  }
  expect(waiting).toBe(0)
  expect(drains).toBe(20)
})

it('reads the first datagram after a pause at once, however much comes', () => {
  for (let i = 0; i < 5; i++) {
    burst(125)
    vi.advanceTimersByTime(50)
  }
  expect(reader.isPaced).toBe(true)
  waiting += 1
  wake()
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
  isClosed = true
  drains = 0
  vi.advanceTimersByTime(1_000)
  expect(drains).toBe(0)
})

it('may be closed by what it reads', () => {
  hear(2_500, 40)
  const read = callback
  onDrain = () => {
    reader.close()
    isClosed = true
  }
  read?.()
  expect(isClosed).toBe(true)
})
