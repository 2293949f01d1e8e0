/** Monotonic for deadlines, wall for what is told to the agent and written down. */
export interface Instant {
  readonly monoMs: number
  readonly wallMs: number
}

/** Server clock − agent clock, and by how much that may be wrong. */
export interface ClockOffset {
  readonly offsetMs: number
  readonly errorMs: number
}
