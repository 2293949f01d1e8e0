/** Reads events back by seq: the newest from memory, where the uplink nearly always is, older ones from their file. */
import { readFile } from 'node:fs/promises'
import type { SpooledEvent } from '@aloft/shared/protocol/events'
import type { SegmentSummary } from './spool-recovery.ts'
import { decodeSegment, type StoredEvent } from './spool-segment.ts'

/** As many as may be in flight, so that a session under way never reads a file. */
const RECENT_EVENTS = 2_000

export interface ReadLimits {
  readonly countMax: number
  readonly bytesMax: number
}

export class SpoolReader {
  #recent: StoredEvent[] = []
  /** The file read last. A backlog is read batch by batch, and a segment holds many batches. */
  #cached: { readonly file: string; readonly bytes: number; readonly events: readonly StoredEvent[] } | null =
    null

  /** Takes note of events that are durable now. */
  remember(events: readonly StoredEvent[]): void {
    this.#recent = this.#recent.concat(events)
    if (this.#recent.length > 2 * RECENT_EVENTS) this.#recent = this.#recent.slice(-RECENT_EVENTS)
  }

  /** Events in order from `fromSeq` or the first one kept after it, as many as fit. Rejects when a file cannot be read. */
  async read(
    segments: readonly SegmentSummary[],
    fromSeq: number,
    limits: ReadLimits,
  ): Promise<readonly SpooledEvent[]> {
    const [oldest] = this.#recent
    if (oldest && oldest.event.seq <= fromSeq) return fitting(this.#recent, fromSeq, limits)
    const segment = segments.find(({ lastSeq, firstSeq }) => lastSeq >= fromSeq && lastSeq >= firstSeq)
    if (segment === undefined) return []
    return fitting(await this.events(segment), fromSeq, limits)
  }

  /** All events of one segment. */
  async events(segment: SegmentSummary): Promise<readonly StoredEvent[]> {
    const { file, firstSeq, lastSeq, bytes, lastWallMs } = segment
    if (this.#cached?.file === file && this.#cached.bytes === bytes) return this.#cached.events
    const content = (await readFile(file)).subarray(0, bytes)
    const { events } = decodeSegment(content, { firstSeq, lastSeq, modifiedWallMs: lastWallMs })
    this.#cached = { file, bytes, events }
    return events
  }
}

function fitting(
  stored: readonly StoredEvent[],
  fromSeq: number,
  limits: ReadLimits,
): readonly SpooledEvent[] {
  const first = stored[0]?.event.seq ?? 0
  const batch: SpooledEvent[] = []
  let bytes = 0
  for (let i = Math.max(0, fromSeq - first); i < stored.length && batch.length < limits.countMax; i++) {
    const next = stored[i]
    if (next === undefined) break
    bytes += next.bytes + 1
    if (bytes > limits.bytesMax && batch.length > 0) break
    batch.push(next.event)
  }
  return batch
}
