/**
 * What was discarded, why, and what of it is worth telling. Every discard is counted. The first of its kind is an
 * event at once, then there is at most one event a minute with the number since, so that a flood of bad packets
 * cannot become a flood of events. Kinds are bounded: interfaces × reasons × 256 VRIDs.
 */
import type { DiscardReason, EventBody } from '@aloft/shared/protocol/events'
import type { DiscardTotal } from './counters.ts'
import { RepeatedReports } from './repeated-reports.ts'
import type { Timed } from './timed.ts'

export interface Discard {
  readonly interface: string
  /** Null when the message was too short to have one. */
  readonly vrid: number | null
  readonly reason: DiscardReason
  /** Null when the packet was too short to have one. */
  readonly source: string | null
}

type Report = (body: EventBody, at: number) => void

export class DiscardLedger implements Timed {
  readonly #kinds: RepeatedReports<Discard>
  readonly #counts = new Map<string, { -readonly [K in keyof DiscardTotal]: DiscardTotal[K] }>()

  constructor(report: Report) {
    this.#kinds = new RepeatedReports(({ latest, count, windowMs }, at) => {
      const { interface: interfaceName, vrid, reason, source } = latest
      report({ kind: 'protocol-error', interface: interfaceName, vrid, reason, source, count, windowMs }, at)
    })
  }

  add(discard: Discard, now: number): void {
    this.#count(discard)
    const key = `${discard.interface} ${discard.vrid} ${discard.reason}`
    // A neighbour's virtual router on a shared LAN is not an error that deserves an event every minute for ever.
    this.#kinds.add(key, discard, now, { isToldOnce: discard.reason === 'vrid' })
  }

  dueAt(): number | null {
    return this.#kinds.dueAt()
  }

  ring(now: number): void {
    this.#kinds.ring(now)
  }

  /** Tells what is left, however short it has waited: nobody will come back for it. */
  flush(now: number): void {
    this.#kinds.flush(now)
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
}
