import type { ClockOffset } from '../gateway/machine.ts'

export interface CorrectedTime {
  readonly occurredAtMs: number
  readonly occurredAtErrorMs: number | null
  readonly late: boolean
}

/** Received so long after it happened, an event is history and no news. */
const LATE_AFTER_MS = 60_000
/** An event from before the session is news only if it is so fresh that the connection was merely renewed. */
const LATE_BACKLOG_AFTER_MS = 5_000
/** What a host clock may drift off between the event and the measurement of its offset: 100 ppm. */
const DRIFT = 1e-4

/** The instant by the centre's clock at which an agent's clock showed `wallMs`, and how wrong that may be. */
export function correctTime(
  wallMs: number,
  measured: { readonly clock: ClockOffset | null; readonly receivedAtMs: number; readonly backlog: boolean },
): CorrectedTime {
  const { clock, receivedAtMs, backlog } = measured
  const occurredAtMs = wallMs + (clock?.offsetMs ?? 0)
  const ageMs = Math.max(0, receivedAtMs - occurredAtMs)
  return {
    occurredAtMs: toMicroseconds(occurredAtMs),
    occurredAtErrorMs: clock === null ? null : toMicroseconds(clock.errorMs + ageMs * DRIFT),
    late: ageMs > LATE_AFTER_MS || (backlog && (clock === null || ageMs > LATE_BACKLOG_AFTER_MS)),
  }
}

function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
