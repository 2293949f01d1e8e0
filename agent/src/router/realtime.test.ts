import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { becomeRealtime, leaveRealtime, SPIN_LIMIT_MS } from './realtime.ts'

const LIMIT = SPIN_LIMIT_MS * 1_000

/** The kernel's part, for a process that begins with these limits. */
function kernel(soft: number | null = null, hard: number | null = null, isAllowed = true) {
  const priorities = new Map<number, number>()
  let limits = { soft, hard }
  return {
    priorities,
    limits: () => limits,
    setScheduler(tid: number, _policy: number, priority: number) {
      if (!isAllowed) throw new Error('EPERM')
      priorities.set(tid, priority)
    },
    getRealtimeLimit: () => limits,
    setRealtimeLimit(newSoft: number | null, newHard: number | null) {
      limits = { soft: newSoft, hard: newHard }
    },
  }
}

describe('in real time', () => {
  it('threads that may wait for each other without sleeping have one priority: none keeps another from its core', () => {
    const calls = kernel()
    const { status } = becomeRealtime(calls)
    expect(calls.priorities.size).toBeGreaterThan(1)
    expect(new Set(calls.priorities.values())).toEqual(new Set([20]))
    expect(status).toEqual({ policy: 'fifo', detail: 'priority 20', spinLimitMs: SPIN_LIMIT_MS })
  })

  it.each([
    ['none', null, LIMIT],
    ['a higher one', 10 * LIMIT, LIMIT],
    ['a lower one, which stays', LIMIT / 4, LIMIT / 4],
  ])('a process that spins is ended, where the limit was %s', (_, before, limit) => {
    const calls = kernel(before, 20 * LIMIT)
    const { status } = becomeRealtime(calls)
    expect(calls.limits()).toEqual({ soft: limit, hard: 20 * LIMIT })
    expect(status.spinLimitMs).toBe(limit / 1_000)
  })

  it('what it starts has the limits that it had itself, also when starting fails', () => {
    const calls = kernel(10 * LIMIT, 20 * LIMIT)
    const { startOrdinary } = becomeRealtime(calls)
    expect(startOrdinary(() => calls.limits().soft)).toBe(10 * LIMIT)
    expect(calls.limits().soft).toBe(LIMIT)
    const failing = () => {
      throw new Error('ENOENT')
    }
    expect(() => startOrdinary(failing)).toThrow('ENOENT')
    expect(calls.limits().soft).toBe(LIMIT)
  })

  it('refused: an ordinary process, without a limit', () => {
    const calls = kernel(null, null, false)
    const { status, startOrdinary } = becomeRealtime(calls)
    expect(status).toMatchObject({ policy: 'other', spinLimitMs: null })
    expect(startOrdinary(() => calls.limits())).toEqual({ soft: null, hard: null })
  })
})

it('no thread is left in real time for the end of the process', () => {
  const policies = new Map<number, string>()
  leaveRealtime({ setScheduler: (tid, policy, priority) => policies.set(tid, `${policy} ${priority}`) })
  expect([...policies.keys()].sort()).toEqual(readdirSync('/proc/self/task').map(Number).sort())
  expect(new Set(policies.values())).toEqual(new Set(['0 0']))
})
