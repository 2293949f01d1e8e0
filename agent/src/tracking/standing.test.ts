import type { TrackReference } from '@aloft/shared/config/tracking-config'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Effect, standing, whyMoved } from './standing.ts'
import type { Verdict, VerdictState } from './verdict.ts'

/** One line of track and what is known of it: the points it gives and whether it is a fault. */
function one(weight: number, said: VerdictState | number | null, { reverse = false, priority = 100 } = {}) {
  const kind = typeof said === 'number' ? 'file' : 'script'
  const reference: TrackReference = { kind, name: 'x', weight, reverse }
  const verdict: Verdict | null =
    said === null
      ? null
      : {
          kind,
          name: 'x',
          state: typeof said === 'number' ? 'up' : said,
          value: typeof said === 'number' ? said : null,
        }
  const result = standing({ priority, track: [reference] }, () => verdict)
  return { points: result.priority - priority, faults: result.faults }
}

describe('keepalived-and-vrrp.md §1.9: the weight of a tracker', () => {
  // biome-ignore format: a table
  it.each([
    ['0, well', one(0, 'up'), 0, []],
    ['0, failing', one(0, 'down'), 0, ['script x failed']],
    ['above 0, well', one(20, 'up'), 20, []],
    ['above 0, failing', one(20, 'down'), 0, []],
    ['below 0, well', one(-20, 'up'), 0, []],
    ['below 0, failing', one(-20, 'down'), -20, []],
    ['0, reversed, well', one(0, 'up', { reverse: true }), 0, ['script x is up']],
    ['0, reversed, failing', one(0, 'down', { reverse: true }), 0, []],
    ['above 0, reversed, well', one(20, 'up', { reverse: true }), 0, []],
    ['above 0, reversed, failing', one(20, 'down', { reverse: true }), 20, []],
    ['below 0, reversed, well', one(-20, 'up', { reverse: true }), -20, []],
    ['below 0, reversed, failing', one(-20, 'down', { reverse: true }), 0, []],
  ])('%s', (_, result, points, faults) => expect(result).toEqual({ points, faults }))
})

describe('keepalived-and-vrrp.md §1.9: a tracker that has not reported', () => {
  it.each([null, 'unknown'] as const)('is a fault with weight 0, reversed or not (%s)', (said) => {
    expect(one(0, said).faults).toEqual(['script x has not reported yet'])
    expect(one(0, said, { reverse: true }).faults).toEqual(['script x has not reported yet'])
  })

  it('neither adds nor takes away', () => {
    expect([one(20, null), one(-20, null)]).toEqual([
      { points: 0, faults: [] },
      { points: 0, faults: [] },
    ])
  })
})

describe('keepalived-and-vrrp.md §1.9: a file', () => {
  // biome-ignore format: a table
  it.each([
    ['the number times the weight is added', one(2, 30), 60, []],
    ['a negative weight takes away', one(-2, 30), -60, []],
    ['reversed, the sign turns', one(2, 30, { reverse: true }), -60, []],
    ['-253 is not yet a fault', one(1, -253), -253, []],
    ['-254 is', one(1, -254), -254, ['file x says -254: -254']],
    ['-254 by the weight is', one(-254, 1), -254, ['file x says 1: -254']],
    ['254 is none', one(1, 254), 254, []],
    ['weight 0: 0 is fine', one(0, 0), 0, []],
    ['weight 0: anything else is a fault', one(0, 1), 0, ['file x says 1']],
    ['weight 0, reversed: 0 is the fault', one(0, 0, { reverse: true }), 0, ['file x says 0']],
    ['0 takes nothing away', one(-1, 0), 0, []],
  ])('%s', (_, result, points, faults) => expect(result).toEqual({ points, faults }))
})

describe('keepalived-and-vrrp.md §1.9: the owner of the addresses', () => {
  it('ignores all weights', () => {
    expect(one(-20, 'down', { priority: 255 })).toEqual({ points: 0, faults: [] })
    expect(one(1, -254, { priority: 255 })).toEqual({ points: 0, faults: [] })
  })

  it('is in fault like any other', () => {
    expect(one(0, 'down', { priority: 255 }).faults).toEqual(['script x failed'])
  })
})

describe('several trackers', () => {
  const kinds = fc.constantFrom('script', 'process', 'bfd', 'interface', 'file')
  const lines = fc.uniqueArray(
    fc.record({
      kind: kinds,
      name: fc.constantFrom('a', 'b', 'c'),
      weight: fc.integer({ min: -253, max: 253 }),
      reverse: fc.boolean(),
      state: fc.constantFrom<VerdictState>('up', 'down', 'unknown'),
      value: fc.integer({ min: -300, max: 300 }),
    }),
    { selector: ({ kind, name }) => `${kind} ${name}` },
  )
  const judge = (track: readonly (TrackReference & Verdict)[]) =>
    standing(
      { priority: 100, track },
      (each) => track.find(({ kind, name }) => kind === each.kind && name === each.name) ?? null,
    )

  it('add up, each as if it were alone, in any order', () => {
    fc.assert(
      fc.property(lines, (track) => {
        const whole = judge(track as (TrackReference & Verdict)[])
        const alone = track.map((line) => judge([line as TrackReference & Verdict]))
        expect(whole.priority - 100).toBe(alone.reduce((sum, { priority }) => sum + priority - 100, 0))
        expect(whole.faults).toEqual(alone.flatMap(({ faults }) => faults))
        expect(judge([...track].reverse() as (TrackReference & Verdict)[]).priority).toBe(whole.priority)
      }),
    )
  })
})

describe('why a priority moved', () => {
  const effect = (tracker: string, points: number): Effect => ({
    ...{ tracker, points, state: 'up', weight: 1, reverse: false, fault: null },
  })

  it('names those who changed, with what they gave before', () => {
    expect(
      whyMoved([effect('script a', 0), effect('file b', 5)], [effect('script a', -50), effect('file b', 5)]),
    ).toBe('script a 0 → -50')
  })

  it('names those that came and those that went', () => {
    expect(whyMoved([effect('script a', -50)], [effect('file b', 5)])).toBe('script a -50 → 0, file b 0 → +5')
  })
})
