/** Which segments of the spool may go. Pure: what it is given decides. */
import type { SegmentSummary } from './spool-recovery.ts'

export interface SpoolLimits {
  readonly segmentBytes: number
  /** Of what no centre ever acknowledged; beyond it the oldest segment makes room, and a gap says so. */
  readonly unackedBytes: number
  /** Acknowledged segments are kept this long and up to this size, for a centre that lost what it acknowledged. */
  readonly ackedBytes: number
  readonly ackedMs: number
}

export const SPOOL_LIMITS: SpoolLimits = {
  segmentBytes: 1024 * 1024,
  unackedBytes: 64 * 1024 * 1024,
  ackedBytes: 64 * 1024 * 1024,
  ackedMs: 24 * 3_600_000,
}

export interface Holdings {
  /** The highest seq ever acknowledged. */
  readonly ackedSeq: number
  /** What the centre holds now; less than `ackedSeq` after it was restored from a backup. */
  readonly heldSeq: number
  readonly nowWallMs: number
}

/** Segments that were acknowledged and have been kept long enough, oldest first. The last segment always stays. */
export function expiredSegments(
  segments: readonly SegmentSummary[],
  limits: SpoolLimits,
  { ackedSeq, heldSeq, nowWallMs }: Holdings,
): readonly SegmentSummary[] {
  const acked = segments.slice(0, -1).filter(({ lastSeq }) => lastSeq <= ackedSeq)
  let bytes = totalBytes(acked)
  const expired: SegmentSummary[] = []
  for (const segment of acked) {
    const isOld = nowWallMs - segment.lastWallMs > limits.ackedMs && segment.lastSeq <= heldSeq
    if (!isOld && bytes <= limits.ackedBytes) break
    expired.push(segment)
    bytes -= segment.bytes
  }
  return expired
}

/** Segments to give up so that what was never acknowledged fits the bound, oldest first. The last always stays. */
export function overflowingSegments(
  segments: readonly SegmentSummary[],
  limits: SpoolLimits,
  ackedSeq: number,
): readonly SegmentSummary[] {
  const unacked = segments.filter(({ lastSeq, firstSeq }) => lastSeq > ackedSeq || lastSeq < firstSeq)
  let bytes = totalBytes(unacked)
  const dropped: SegmentSummary[] = []
  for (const segment of unacked.slice(0, -1)) {
    if (bytes <= limits.unackedBytes) break
    dropped.push(segment)
    bytes -= segment.bytes
  }
  return dropped
}

function totalBytes(segments: readonly SegmentSummary[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0)
}
