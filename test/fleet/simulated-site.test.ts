import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { seededEntropy } from '../../agent/src/simulated/entropy.ts'
import { HostClock } from './host-clock.ts'
import { MemorySpool } from './memory-spool.ts'
import { SimulatedSite, type SiteNode } from './simulated-site.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const node = (name: string, priority: number): SiteNode => ({
  ...{ name, priority, spool: new MemorySpool(), clock: new HostClock(0), address: '192.0.2.1' },
  ...{ role: 'initialize', sinceWallMs: 0, onLan: true, away: [] },
})

it('a site is still once the node that came back has preempted, and observes nothing after that', () => {
  const [first, second] = [node('lb1', 200), node('lb2', 150)]
  const site = new SimulatedSite('site-1', [first, second], seededEntropy(1))
  const observed = () => first.spool.recording.length + second.spool.recording.length
  site.start()
  expect(site.isStill).toBe(true)
  site.leave(first)
  expect(site.isStill).toBe(false)
  vi.advanceTimersByTime(1_000)
  site.comeBack(first)
  const atReturn = observed()
  expect(site.isStill).toBe(false)
  vi.advanceTimersByTime(1_000)
  expect(site.isStill).toBe(true)
  expect(observed()).toBe(atReturn + 2)
  vi.advanceTimersByTime(60_000)
  expect(observed()).toBe(atReturn + 2)
})
