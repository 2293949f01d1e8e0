import { describe, expect, it } from 'vitest'
import { mergeSegments, type Segment, stateFrom, sumsOf } from './derive.ts'
import type { LaneState } from './lanes.ts'

describe('the state of a router', () => {
  it.each<[string, LaneState[]]>([
    ['degraded', ['active', 'active', 'deaf']],
    ['served', ['active', 'deaf', 'unknown']],
    ['served', ['hearing', 'deaf', 'unknown']],
    ['down', ['deaf', 'unknown', 'unsure']],
    ['unknown', ['unknown', 'out']],
    ['unknown', ['unsure', 'out']],
    ['down', ['out', 'out']],
    ['unknown', []],
  ])('is %s by %j', (expected, states) => {
    expect(stateFrom(states.map((state) => ({ state })))).toBe(expected)
  })
})

const segment = (fromMs: number, toMs: number, state: Segment['state'], ...actives: string[]): Segment => ({
  ...{ fromMs, toMs, state },
  actives,
})

describe('an address that several routers had', () => {
  it.each([
    ['served', 'down', 'served'],
    ['unknown', 'down', 'unknown'],
    ['down', 'excluded', 'down'],
    ['served', 'served', 'degraded'],
    ['degraded', 'down', 'degraded'],
  ] as const)('%s and %s is %s', (one, other, together) => {
    expect(mergeSegments([[segment(0, 10, one)], [segment(0, 10, other)]])).toEqual([
      segment(0, 10, together),
    ])
  })

  it('is cut where any of them changes, and joined where it makes no difference', () => {
    const one = [segment(0, 4, 'served', 'a'), segment(4, 10, 'down')]
    const other = [segment(0, 6, 'unknown'), segment(6, 10, 'served', 'b')]
    expect(mergeSegments([one, other])).toEqual([
      segment(0, 4, 'served', 'a'),
      segment(4, 6, 'unknown'),
      segment(6, 10, 'served', 'b'),
    ])
    expect(mergeSegments([one, [segment(0, 2, 'down'), segment(2, 10, 'unknown')]])).toEqual([
      segment(0, 4, 'served', 'a'),
      segment(4, 10, 'unknown'),
    ])
  })

  it('that another node serves from then on is another segment, though as good', () => {
    const served = [segment(0, 4, 'served', 'a'), segment(4, 8, 'served', 'b')]
    expect(mergeSegments([served, [segment(0, 8, 'down')]])).toEqual(served)
  })
})

describe('the sums of a period', () => {
  const sums = (segments: readonly Segment[]) =>
    sumsOf(segments, { fromMs: 100, toMs: 300, stepMs: 100 }).map(
      ({ startMs, servedMs, downMs, unknownMs, outages }) => [startMs, servedMs, downMs, unknownMs, outages],
    )

  it('hold what lies in it; an outage counts where it begins, however long it lasts', () => {
    const all = [segment(0, 150, 'served'), segment(150, 250, 'down'), segment(250, 400, 'served')]
    expect(sums(all)).toEqual([
      [100, 50, 50, 0, 1],
      [200, 50, 50, 0, 0],
    ])
  })

  it('count no outage whose beginning is not known', () => {
    expect(sums([segment(100, 200, 'down'), segment(200, 300, 'unknown')])).toEqual([
      [100, 0, 100, 0, 0],
      [200, 0, 0, 100, 0],
    ])
    expect(sums([segment(50, 100, 'served'), segment(100, 300, 'down')])[0]).toEqual([100, 0, 100, 0, 1])
  })
})
