import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { serviceManager } from './service-manager.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function started(variables: Record<string, string>) {
  const sent: string[] = []
  return { sent, service: serviceManager({ variables, pid: 7, send: (state) => sent.push(state) }) }
}

it('says once that it is ready, and that it stops', () => {
  const { sent, service } = started({ NOTIFY_SOCKET: '/run/notify' })
  service.ready()
  service.ready()
  service.stopping()
  vi.advanceTimersByTime(60_000)
  expect(sent).toEqual(['READY=1', 'STOPPING=1'])
})

it('says nothing where nobody listens', () => {
  const { sent, service } = started({ WATCHDOG_USEC: '1000000' })
  service.ready()
  service.stopping()
  vi.advanceTimersByTime(60_000)
  expect(sent).toEqual([])
})

it.each([
  ['of ours', { WATCHDOG_PID: '7' }, 4],
  ['of whoever is asked', {}, 4],
  ['of another process', { WATCHDOG_PID: '8' }, 0],
])('signs in with the watchdog twice a period: %s', (_, variables, expected) => {
  const { sent } = started({ NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '1000000', ...variables })
  vi.advanceTimersByTime(2_000)
  expect(sent).toEqual(Array(expected).fill('WATCHDOG=1'))
})
