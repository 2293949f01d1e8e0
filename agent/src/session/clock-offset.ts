/**
 * How far the centre's clock is from ours, by the four timestamps of RFC 5905 §8: heartbeat sent, received, pong sent,
 * received. Our two are read from the monotonic clock, so that a step of our wall clock between samples corrupts
 * nothing; the offset to the wall clock is worked out when it is asked for.
 */

export interface RoundTrip {
  readonly sentMonoMs: number
  readonly serverReceivedWallMs: number
  readonly serverSentWallMs: number
  readonly receivedMonoMs: number
}

export interface ClockSample {
  readonly roundTripMs: number
  readonly serverMinusMonoMs: number
}

export interface ClockOffset {
  /** Server − agent wall clock. */
  readonly offsetMs: number
  /** The true offset lies within ± this: half the round trip. */
  readonly errorMs: number
}

const SAMPLES_KEPT = 8

/** Adds a sample and forgets the oldest beyond eight. One that cannot be true (negative round trip) is left out. */
export function addSample(samples: readonly ClockSample[], trip: RoundTrip): readonly ClockSample[] {
  const roundTripMs =
    trip.receivedMonoMs - trip.sentMonoMs - (trip.serverSentWallMs - trip.serverReceivedWallMs)
  if (!Number.isFinite(roundTripMs) || roundTripMs < 0) return samples
  const serverMinusMonoMs =
    (trip.serverReceivedWallMs - trip.sentMonoMs + trip.serverSentWallMs - trip.receivedMonoMs) / 2
  return [...samples, { roundTripMs, serverMinusMonoMs }].slice(-SAMPLES_KEPT)
}

/** By the quickest of the kept round trips, which had the least room for asymmetry; null without any. */
export function clockOffset(samples: readonly ClockSample[], wallMinusMonoMs: number): ClockOffset | null {
  const [first, ...rest] = samples
  if (first === undefined) return null
  const best = rest.reduce((a, b) => (b.roundTripMs <= a.roundTripMs ? b : a), first)
  return { offsetMs: best.serverMinusMonoMs - wallMinusMonoMs, errorMs: best.roundTripMs / 2 }
}
