import { expect, it } from 'vitest'
import { becomeRealtime } from './realtime.ts'

it('helpers preempt the main thread, which may wait for them without sleeping', () => {
  const priorities = new Map<number, number>()
  const realtime = becomeRealtime({ setScheduler: (tid, _policy, priority) => priorities.set(tid, priority) })
  const main = priorities.get(process.pid) ?? Number.NaN
  const helpers = [...priorities].filter(([tid]) => tid !== process.pid)
  expect(helpers.length).toBeGreaterThan(0)
  expect(helpers.filter(([, priority]) => priority <= main)).toEqual([])
  expect(realtime).toEqual({ policy: 'fifo', detail: `priority ${main}` })
})
