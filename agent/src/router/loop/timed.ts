/** A part of the loop that wants to be woken: it says when, the loop's one alarm covers it. */
export interface Timed {
  /** When `ring` wants to be called, on the monotonic clock; null: not before the next input. */
  dueAt(): number | null
  /** Called at or after `dueAt`, and at any other alarm as well: whether anything is due is the part's to know. */
  ring(now: number): void
}

/** The earlier of two moments, either of which may be never. */
export function earliest(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right
  return Math.min(left, right)
}
