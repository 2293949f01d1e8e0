import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { StewardGuard, type StewardIdentity } from './steward-guard.ts'

const first = {}
const second = {}
let started = 0
let lost: StewardIdentity[] = []
let guard: StewardGuard

beforeEach(() => {
  vi.useFakeTimers()
  started = 0
  lost = []
  guard = new StewardGuard({
    now: () => Date.now(),
    start: () => started++,
    lost: (steward) => lost.push(steward),
  })
})
afterEach(() => {
  guard.stop()
  vi.useRealTimers()
})

test('a steward that was killed is lost and started again at once', () => {
  guard.hello(first, { runId: 'a', pid: 1 })
  guard.closed(first)
  expect(lost).toEqual([{ runId: 'a', pid: 1 }])
  vi.advanceTimersByTime(0)
  expect(started).toBe(1)
})

test('a steward that said goodbye is left in peace', () => {
  guard.hello(first, { runId: 'a', pid: 1 })
  guard.goodbye(first)
  guard.closed(first)
  vi.advanceTimersByTime(600_000)
  expect([started, lost]).toEqual([0, []])
})

test('a steward that came back by itself is not started twice', () => {
  guard.hello(first, { runId: 'a', pid: 1 })
  guard.closed(first)
  guard.hello(second, { runId: 'b', pid: 2 })
  vi.advanceTimersByTime(600_000)
  expect(started).toBe(0)
})

test('the old connection of a replaced steward closes without consequence', () => {
  guard.hello(first, { runId: 'a', pid: 1 })
  guard.hello(second, { runId: 'b', pid: 2 })
  guard.closed(first)
  vi.advanceTimersByTime(600_000)
  expect([started, lost]).toEqual([0, []])
})

test('other clients come and go', () => {
  guard.closed(first)
  vi.advanceTimersByTime(600_000)
  expect(started).toBe(0)
})

test('one that is started and never says hello is started again, ever more slowly', () => {
  guard.hello(first, { runId: 'a', pid: 1 })
  guard.closed(first)
  vi.advanceTimersByTime(60_000)
  expect(started).toBeGreaterThan(2)
  expect(started).toBeLessThan(8)
})

test('a new router expects a steward, and starts one when none comes', () => {
  guard.expect()
  vi.advanceTimersByTime(9_999)
  expect(started).toBe(0)
  vi.advanceTimersByTime(2_000)
  expect(started).toBe(1)
})

test('stopped, it starts nobody', () => {
  guard.hello(first, { runId: 'a', pid: 1 })
  guard.closed(first)
  guard.stop()
  vi.advanceTimersByTime(600_000)
  expect(started).toBe(0)
})
