/**
 * What happens again and again, told without flooding anybody: the first of a kind at once, then at most one report a
 * minute with the number since.
 */
import { type DeadlineHolder, Deadlines } from './deadlines.ts'
import type { Timed } from './timed.ts'

interface Kind<T> extends DeadlineHolder {
  latest: T
  total: number
  unreported: number
  reportedAt: number
}

/** `latest`: the newest of its kind; `count`: how many since the last report, `windowMs` ago (0: it is the first). */
export interface RepeatedReport<T> {
  readonly latest: T
  readonly count: number
  readonly windowMs: number
}

const WINDOW_MS = 60_000

export class RepeatedReports<T> implements Timed {
  readonly #tell: (report: RepeatedReport<T>, at: number) => void
  readonly #kinds = new Map<string, Kind<T>>()
  /** Only kinds with something unreported have a deadline. */
  readonly #due = new Deadlines<Kind<T>>()

  constructor(tell: (report: RepeatedReport<T>, at: number) => void) {
    this.#tell = tell
  }

  /** How many kinds there are. */
  get size(): number {
    return this.#kinds.size
  }

  has(key: string): boolean {
    return this.#kinds.has(key)
  }

  /** One more of the kind of this key. `isToldOnce`: counted, but reported the first time only. */
  add(key: string, latest: T, now: number, { isToldOnce }: { readonly isToldOnce: boolean }): void {
    const known = this.#kinds.get(key)
    if (known === undefined) {
      const kind = { latest, total: 1, unreported: 1, reportedAt: now, dueAt: 0, heapIndex: -1 }
      this.#kinds.set(key, kind)
      this.#report(kind, now)
      return
    }
    known.latest = latest
    known.total++
    if (isToldOnce) return
    known.unreported++
    if (known.heapIndex < 0) this.#due.set(known, Math.max(now, known.reportedAt + WINDOW_MS))
  }

  /** The newest of each kind, and how many there were in all. */
  totals(): readonly { readonly latest: T; readonly total: number }[] {
    return [...this.#kinds.values()].map(({ latest, total }) => ({ latest, total }))
  }

  dueAt(): number | null {
    return this.#due.first()?.dueAt ?? null
  }

  /** Tells what has waited its minute. */
  ring(now: number): void {
    for (let kind = this.#due.first(); kind && kind.dueAt <= now; kind = this.#due.first())
      this.#report(kind, now)
  }

  /** Tells what is left, however short it has waited: nobody will come back for it. */
  flush(now: number): void {
    for (let kind = this.#due.first(); kind; kind = this.#due.first()) this.#report(kind, now)
  }

  #report(kind: Kind<T>, now: number): void {
    const { latest, unreported: count, reportedAt } = kind
    this.#due.set(kind, null)
    kind.unreported = 0
    kind.reportedAt = now
    this.#tell({ latest, count, windowMs: now - reportedAt }, now)
  }
}
