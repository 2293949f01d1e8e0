import { counter, type Figure } from '@aloft/shared/metrics/exposition'
import type { Commit } from '../gateway/writer.ts'
import { Summary } from './summary.ts'

/** What ingest of this process did, and how long events took to be on disk. */
export class IngestFigures {
  readonly #fromReceipt = new Summary()
  readonly #fromOccurrence = new Summary()
  readonly #batches = new Map<string, number>()
  #events = 0
  #transactions = 0

  committed({ batches, outcomes, committedAtMs }: Commit): void {
    this.#transactions += 1
    for (const [i, { events, receivedAtMs, clock, liveAfterSeq }] of batches.entries()) {
      const outcome = outcomes[i]?.kind ?? 'unknown'
      this.#batches.set(outcome, (this.#batches.get(outcome) ?? 0) + 1)
      if (outcome !== 'held') continue
      this.#events += events.length
      this.#fromReceipt.observe(Math.max(0, committedAtMs - receivedAtMs) / 1_000)
      for (const { seq, at } of events) {
        // What is older than its session was waiting for it, which is no lag of ours.
        if (seq <= liveAfterSeq || clock === null) continue
        this.#fromOccurrence.observe(Math.max(0, committedAtMs - (at.wallMs + clock.offsetMs)) / 1_000)
      }
    }
  }

  figures(): readonly Figure[] {
    const samples = [...this.#batches].map(([outcome, value]) => ({ labels: { outcome }, value }))
    return [
      counter('aloft_ingest_events_total', 'Events committed; repeated ones count again.', this.#events),
      counter('aloft_ingest_transactions_total', 'Transactions they took.', this.#transactions),
      { name: 'aloft_ingest_batches_total', help: 'Batches by what came of them.', type: 'counter', samples },
      this.#fromReceipt.figure(
        'aloft_ingest_receipt_to_commit_seconds',
        'From the arrival of a batch to its commit.',
      ),
      this.#fromOccurrence.figure(
        'aloft_ingest_occurrence_to_commit_seconds',
        'From when an event happened, as far as the clocks are known, to its commit; of events of the session alone.',
      ),
    ]
  }
}
