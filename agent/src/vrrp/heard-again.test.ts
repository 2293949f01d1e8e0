import fc from 'fast-check'
import { expect, it } from 'vitest'
import { address, routerConfig } from './examples.test.support.ts'
import { heardAgain, isSteady } from './heard-again.ts'
import { activeDownInterval } from './intervals.ts'
import { step } from './machine.ts'
import type { Event, Parameters, State } from './virtual-router.ts'

const SOURCES = [address('192.0.2.9'), address('192.0.2.10')] as const

const parameters: fc.Arbitrary<Parameters> = fc
  .record({
    version: fc.constantFrom(2 as const, 3 as const),
    written: fc.constantFrom(1, 100, 254, 255),
    priority: fc.constantFrom(1, 100, 101, 254, 255),
    advertisementIntervalMs: fc.constantFrom(10, 100, 1000),
    missedAdvertisements: fc.constantFrom(1, 3),
    isGrouped: fc.boolean(),
    preempt: fc.record({ enabled: fc.boolean(), delayMs: fc.constantFrom(0, 500) }),
  })
  .map(({ priority, isGrouped, written, ...changes }) => {
    return {
      config: routerConfig({ ...changes, priority: written }),
      source: SOURCES[1],
      priority,
      isGrouped,
    }
  })

const event = fc
  .record({
    source: fc.constantFrom(...SOURCES),
    priority: fc.constantFrom(0, 1, 99, 100, 101, 254, 255),
    intervalMs: fc.constantFrom(10, 100, 1000),
    version: fc.constantFrom(2 as const, 3 as const),
  })
  .map(
    ({ source, ...content }): Extract<Event, { kind: 'advertisement' }> => ({
      kind: 'advertisement',
      source,
      advertisement: { vrid: 51, addresses: [address('192.0.2.100')], ...content },
    }),
  )

const state: fc.Arbitrary<State> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<State>({ role: 'active', advertiseAt: 1000, reassertedAt: null }) },
  {
    weight: 9,
    arbitrary: fc
      .record({
        activeDownAt: fc.constantFrom(900, 1300),
        activeIntervalMs: fc.constantFrom(10, 100, 1000),
        lastHeard: fc.option(
          fc.record({
            source: fc.constantFrom(...SOURCES),
            priority: fc.constantFrom(0, 100, 101),
            at: fc.constant(990),
          }),
        ),
        preemptAt: fc.constantFrom(null, null, 1200),
        resigned: fc.boolean(),
        preempting: fc.boolean(),
        isWilling: fc.boolean(),
        isLost: fc.boolean(),
      })
      .map(
        ({ isLost, ...others }): State => ({
          role: 'backup',
          ...others,
          ...(isLost && { lostBy: 'bfd' as const }),
        }),
      ),
  },
)

it('leads where the machine leads, wherever it may be taken', () => {
  let steady = 0
  fc.assert(
    fc.property(
      parameters,
      state,
      event,
      fc.constantFrom(0, 1.5, 10_000),
      (given, before, heard, pauseMs) => {
        const [once] = step(given, before, heard, 1_000)
        if (!isSteady(once)) return
        steady++
        const now = 1_000 + pauseMs
        const again = heardAgain(once, activeDownInterval(given, once.activeIntervalMs), now)
        expect(step(given, once, heard, now)).toStrictEqual([again, []])
        expect(isSteady(again)).toBe(true)
      },
    ),
    { seed: 3, numRuns: 5_000 },
  )
  expect(steady).toBeGreaterThan(500)
})

it('is the way of a backup that follows a better active', () => {
  const given: Parameters = { config: routerConfig(), source: SOURCES[1], priority: 100 }
  const heard = {
    source: SOURCES[0],
    advertisement: { version: 3, vrid: 51, priority: 200, intervalMs: 100, addresses: [] },
  } as const
  const [listening] = step(given, { role: 'initialize' }, { kind: 'startup' }, 0)
  const [following] = step(given, listening, { kind: 'advertisement', ...heard }, 10)
  expect(isSteady(following)).toBe(true)
})
