/**
 * Time for a simulated LAN: the same LAN runs under virtual time, where hours pass in seconds and every run repeats,
 * and under real time, where people watch it.
 */

/** Undoes a scheduling; harmless once it has run. */
export type Cancel = () => void

export interface Scheduler {
  /** Milliseconds since some fixed start, fractional. */
  now(): number
  /** Runs `run` at `atMs`, at once (but never inside this call) when that is past. Equal times keep their order. */
  at(atMs: number, run: () => void): Cancel
}

/** Schedules by the host's own timers. `monotonicMs` is the clock `now` and `at` speak of. */
export function realTime(monotonicMs: () => number): Scheduler {
  return {
    now: monotonicMs,
    at(atMs, run) {
      const timer = setTimeout(run, Math.max(0, atMs - monotonicMs()))
      return () => clearTimeout(timer)
    },
  }
}

interface Entry {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
  cancelled: boolean
}

/** Time that passes only when told to. */
export class VirtualTime implements Scheduler {
  #nowMs = 0
  #order = 0
  readonly #heap: Entry[] = []

  now(): number {
    return this.#nowMs
  }

  at(atMs: number, run: () => void): Cancel {
    this.#order += 1
    const entry = { atMs: Math.max(atMs, this.#nowMs), order: this.#order, run, cancelled: false }
    push(this.#heap, entry)
    return () => {
      entry.cancelled = true
    }
  }

  /** Runs the next thing due at or before `untilMs` and says whether there was one; if not, time is `untilMs`. */
  runNext(untilMs: number): boolean {
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= untilMs; first = this.#heap[0]) {
      pop(this.#heap)
      if (first.cancelled) continue
      this.#nowMs = first.atMs
      first.run()
      return true
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs)
    return false
  }

  /** Runs everything due up to `untilMs`. */
  advanceTo(untilMs: number): void {
    while (this.runNext(untilMs));
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

/** A binary heap: the least entry first. */
function push(heap: Entry[], entry: Entry): void {
  let index = heap.push(entry) - 1
  while (index > 0) {
    const parent = (index - 1) >> 1
    const above = heap[parent]
    if (above === undefined || !isBefore(entry, above)) break
    heap[index] = above
    heap[parent] = entry
    index = parent
  }
}

function pop(heap: Entry[]): void {
  const moved = heap.pop()
  if (moved === undefined || heap.length === 0) return
  let index = 0
  heap[0] = moved
  for (;;) {
    const child = leastChild(heap, index)
    const below = heap[child]
    if (below === undefined || !isBefore(below, moved)) return
    heap[index] = below
    heap[child] = moved
    index = child
  }
}

function leastChild(heap: readonly Entry[], index: number): number {
  const left = heap[2 * index + 1]
  const right = heap[2 * index + 2]
  return left !== undefined && right !== undefined && isBefore(right, left) ? 2 * index + 2 : 2 * index + 1
}
