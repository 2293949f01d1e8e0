import { describe, expect, it } from 'vitest'
import type { SegmentSummary } from './spool-recovery.ts'
import { expiredSegments, overflowingSegments } from './spool-retention.ts'

const HOUR_MS = 3_600_000
const limits = { segmentBytes: 100, unackedBytes: 250, ackedBytes: 250, ackedMs: 24 * HOUR_MS }

/** Segment `n` holds the events `10n + 1` to `10n + 10`, the last of them of hour `n`; 100 bytes each. */
const segment = (n: number): SegmentSummary => ({
  file: `s${n}`,
  firstSeq: 10 * n + 1,
  lastSeq: 10 * n + 10,
  bytes: 100,
  lastWallMs: n * HOUR_MS,
})
const segments = (count: number) => Array.from({ length: count }, (_, n) => segment(n))
const names = (found: readonly SegmentSummary[]) => found.map(({ file }) => file)

describe('what was acknowledged', () => {
  const expired = (count: number, holdings: { ackedSeq: number; heldSeq?: number; hours: number }) => {
    const { ackedSeq, heldSeq = ackedSeq, hours } = holdings
    return names(expiredSegments(segments(count), limits, { ackedSeq, heldSeq, nowWallMs: hours * HOUR_MS }))
  }

  it('is kept for a day after its last event, to the millisecond', () => {
    expect(expired(3, { ackedSeq: 20, hours: 24 })).toEqual([])
    expect(expired(3, { ackedSeq: 20, hours: 24 + 1e-6 })).toEqual(['s0'])
    expect(expired(3, { ackedSeq: 20, hours: 26 })).toEqual(['s0', 's1'])
  })

  it('is kept longer while a centre that was restored has not got it again', () => {
    expect(expired(3, { ackedSeq: 20, heldSeq: 9, hours: 100 })).toEqual([])
    expect(expired(3, { ackedSeq: 20, heldSeq: 10, hours: 100 })).toEqual(['s0'])
  })

  it('goes sooner, oldest first, when it is more than fits', () => {
    expect(expired(6, { ackedSeq: 50, hours: 0 })).toEqual(['s0', 's1', 's2'])
    expect(expired(3, { ackedSeq: 20, hours: 0 })).toEqual([])
  })

  it('goes because it does not fit even if the centre lost it: there is no end of room', () => {
    expect(expired(6, { ackedSeq: 50, heldSeq: 0, hours: 0 })).toEqual(['s0', 's1', 's2'])
  })

  it('in part stays, and so does what is written on now', () => {
    expect(expired(3, { ackedSeq: 15, hours: 1_000 })).toEqual(['s0'])
    expect(expired(3, { ackedSeq: 30, hours: 1_000 })).toEqual(['s0', 's1'])
    expect(expired(6, { ackedSeq: 10, hours: 1_000 }), 'how much waits is another matter').toEqual(['s0'])
  })
})

describe('what was never acknowledged', () => {
  const dropped = (count: number, ackedSeq: number) =>
    names(overflowingSegments(segments(count), limits, ackedSeq))

  it('is given up, oldest first, until the rest fits', () => {
    expect(dropped(2, 0)).toEqual([])
    expect(dropped(3, 0)).toEqual(['s0'])
    expect(dropped(6, 0)).toEqual(['s0', 's1', 's2', 's3'])
  })

  it('is no more than that: what was acknowledged takes nobody’s room', () => {
    expect(dropped(6, 40)).toEqual([])
    expect(dropped(6, 29), 'in part is not acknowledged').toEqual(['s2', 's3'])
  })

  it('counts what is written on now, even while that is empty, which is never given up', () => {
    const empty = { ...segment(2), lastSeq: 20, bytes: 300 }
    expect(names(overflowingSegments([...segments(2), empty], limits, 20))).toEqual([])
    expect(names(overflowingSegments([...segments(2), empty], limits, 5))).toEqual(['s0', 's1'])
  })
})
