import { expect, it } from 'vitest'
import { becomeRealtime } from './realtime.ts'

it('threads that may wait for each other without sleeping have one priority: none keeps another from its core', () => {
  const priorities = new Map<number, number>()
  const realtime = becomeRealtime({ setScheduler: (tid, _policy, priority) => priorities.set(tid, priority) })
  expect(priorities.size).toBeGreaterThan(1)
  expect(new Set(priorities.values())).toEqual(new Set([20]))
  expect(realtime).toEqual({ policy: 'fifo', detail: 'priority 20' })
})
