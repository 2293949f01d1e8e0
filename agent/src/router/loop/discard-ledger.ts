/**
 * What was discarded, why, and what of it is worth telling. Every discard is counted. The first of its kind is an
 * event at once, then there is at most one event a minute with the number since, so that a flood of bad packets
 * cannot become a flood of events. Kinds are bounded: interfaces × reasons × 256 VRIDs.
 */
import type { DiscardReason, EventBody } from '@aloft/shared/protocol/events'
import type { DiscardTotal } from './counters.ts'
import { type DeadlineHolder, Deadlines } from './deadlines.ts'
import type { Timed } from './timed.ts'

export interface Discard {
  readonly interface: string
  /** Null when the message was too short to have one. */
  readonly vrid: number | null
  readonly reason: DiscardReason
  /** Null when the packet was too short to have one. */
  readonly source: string | null
}

interface Kind extends DeadlineHolder {
  readonly vrid: number | null
  readonly reason: DiscardReason
  readonly interface: string
  source: string | null
  unreported: number
  reportedAt: number
}

type Report = (body: EventBody, at: number) => void

const WINDOW_MS = 60_000

export class DiscardLedger implements Timed {
  readonly #report: Report
  readonly #kinds = new Map<string, Kind>()
  readonly #counts = new Map<string, { -readonly [K in keyof DiscardTotal]: DiscardTotal[K] }>()
  /** Only kinds with something unreported have a deadline. */
  readonly #due = new Deadlines<Kind>()

  constructor(report: Report) {
    this.#report = report
  }

  add(discard: Discard, now: number): void {
    this.#count(discard)
    const key = `${discard.interface} ${discard.vrid} ${discard.reason}`
    const known = this.#kinds.get(key)
    if (known === undefined) {
      const kind = { ...discard, unreported: 1, reportedAt: now, dueAt: 0, heapIndex: -1 }
      this.#kinds.set(key, kind)
      this.#tell(kind, now)
      return
    }
    // A neighbour's virtual router on a shared LAN is not an error that deserves an event every minute for ever.
    if (discard.reason === 'vrid') return
    known.source = discard.source
    known.unreported++
    this.#due.set(known, known.reportedAt + WINDOW_MS)
  }

  dueAt(): number | null {
    return this.#due.first()?.dueAt ?? null
  }

  /** Tells what has waited its minute. */
  ring(now: number): void {
    for (let kind = this.#due.first(); kind && kind.dueAt <= now; kind = this.#due.first())
      this.#settle(kind, now)
  }

  /** Tells what is left, however short it has waited: nobody will come back for it. */
  flush(now: number): void {
    for (let kind = this.#due.first(); kind; kind = this.#due.first()) this.#settle(kind, now)
  }

  #settle(kind: Kind, now: number): void {
    this.#due.set(kind, null)
    this.#tell(kind, now)
  }

  totals(): readonly DiscardTotal[] {
    return [...this.#counts.values()].map((total) => ({ ...total }))
  }

  #count({ interface: interfaceName, reason }: Discard): void {
    const key = `${interfaceName} ${reason}`
    const total = this.#counts.get(key)
    if (total) total.count++
    else this.#counts.set(key, { interface: interfaceName, reason, count: 1 })
  }

  #tell(kind: Kind, now: number): void {
    const { interface: interfaceName, vrid, reason, source, unreported: count } = kind
    const windowMs = now - kind.reportedAt
    kind.unreported = 0
    kind.reportedAt = now
    this.#report(
      { kind: 'protocol-error', interface: interfaceName, vrid, reason, source, count, windowMs },
      now,
    )
  }
}
