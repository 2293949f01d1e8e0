/** One file of the spool: its name, what its records say, and what is said in the place of those that cannot be read. */
import { type Observed, SpooledEvent } from '@aloft/shared/protocol/events'
import { z } from 'zod'
import { encodeRecord, scanRecords } from './spool-records.ts'

/** Where an event came from: line `n` of a run's journal. */
export const Origin = z.object({ run: z.string(), n: z.int() })
export type Origin = z.infer<typeof Origin>

/** The last line spooled of each run. */
export type Origins = ReadonlyMap<string, number>

/** `drops`: this event is the gap that stands for everything up to that seq, which may be deleted. */
const EventRecord = SpooledEvent.extend({ from: Origin.optional(), drops: z.int().optional() })
/** First in every segment, so that what is known of runs outlives the segments that told it. */
const CheckpointRecord = z.object({ origins: z.record(z.string(), z.int()) })

export interface StoredEvent {
  readonly event: SpooledEvent
  /** Of its JSON, at most. */
  readonly bytes: number
  readonly from: Origin | null
  readonly drops: number | null
}

export interface DecodedSegment {
  /** Without holes, from the first seq the file's name states. */
  readonly events: readonly StoredEvent[]
  readonly origins: Origins
  readonly wholeBytes: number
  /** How many of `events` are gaps in the place of records that cannot be read. */
  readonly unreadable: number
  readonly isDamaged: boolean
}

export interface SegmentBounds {
  readonly firstSeq: number
  /** The seq before the next segment's first; null for the last segment of all. */
  readonly lastSeq: number | null
  /** When nothing else says when its events were observed. */
  readonly modifiedWallMs: number
}

export function segmentName(epoch: string, firstSeq: number): string {
  return `${epoch}-${String(firstSeq).padStart(12, '0')}.segment`
}

export function parseSegmentName(name: string): { readonly epoch: string; readonly firstSeq: number } | null {
  const match = /^([0-9a-f]{16})-(\d{12,})\.segment$/.exec(name)
  return match?.[1] && match[2] ? { epoch: match[1], firstSeq: Number(match[2]) } : null
}

export function encodeEvent(event: SpooledEvent, from: Origin | null, drops: number | null): StoredRecord {
  const record = { ...event, ...(from && { from }), ...(drops !== null && { drops }) }
  const bytes = encodeRecord(JSON.stringify(record))
  return { bytes, stored: { event, bytes: bytes.length, from, drops } }
}

export interface StoredRecord {
  readonly bytes: Buffer
  readonly stored: StoredEvent
}

export function encodeCheckpoint(origins: Origins): Buffer {
  return encodeRecord(JSON.stringify({ origins: Object.fromEntries(origins) }))
}

/**
 * Reads a segment. An event that cannot be read is answered, under its own seq, by a gap of one event: the seq stays
 * without holes, and what the centre holds under later seqs stays true. Never throws.
 */
export function decodeSegment(file: Buffer, bounds: SegmentBounds): DecodedSegment {
  const scan = scanRecords(file)
  const origins = new Map<string, number>()
  const read: StoredEvent[] = []
  for (const { start, end } of scan.payloads) {
    const record = parseRecord(file.toString('utf8', start, end))
    if (record === null) continue
    if (record.kind === 'checkpoint') mergeOrigins(origins, record.origins)
    else read.push({ ...record.stored, bytes: end - start })
  }
  const whole = fillHoles(read, bounds, scan.damagedRecords)
  for (const { from } of whole.events)
    if (from) origins.set(from.run, Math.max(origins.get(from.run) ?? 0, from.n))
  return {
    ...whole,
    origins,
    wholeBytes: scan.wholeBytes,
    isDamaged: scan.tail === 'damaged' || whole.unreadable > 0,
  }
}

/** Takes over what is newer. */
export function mergeOrigins(into: Map<string, number>, origins: Iterable<readonly [string, number]>): void {
  for (const [run, n] of origins) into.set(run, Math.max(into.get(run) ?? 0, n))
}

type ReadRecord =
  | { readonly kind: 'event'; readonly stored: Omit<StoredEvent, 'bytes'> }
  | { readonly kind: 'checkpoint'; readonly origins: readonly (readonly [string, number])[] }

function parseRecord(text: string): ReadRecord | null {
  const value: unknown = JSON.parse(text)
  const event = EventRecord.safeParse(value)
  if (event.success) {
    const { from = null, drops = null, ...rest } = event.data
    return { kind: 'event', stored: { event: rest, from, drops } }
  }
  const checkpoint = CheckpointRecord.safeParse(value)
  return checkpoint.success ? { kind: 'checkpoint', origins: Object.entries(checkpoint.data.origins) } : null
}

function fillHoles(
  read: readonly StoredEvent[],
  { firstSeq, lastSeq, modifiedWallMs }: SegmentBounds,
  damagedRecords: number,
): { readonly events: readonly StoredEvent[]; readonly unreadable: number } {
  const events: StoredEvent[] = []
  let unreadable = 0
  const nobodyKnows: Observed = { wallMs: modifiedWallMs, monoMs: 0, bootId: 'unknown' }
  const fillTo = (endSeq: number, next: Observed | null) => {
    const before = events.at(-1)?.event.at ?? null
    for (let seq = firstSeq + events.length; seq < endSeq; seq++) {
      unreadable += 1
      events.push(unreadableEvent(seq, { before, next, otherwise: nobodyKnows }))
    }
  }
  for (const stored of read) {
    const { seq, at } = stored.event
    if (lastSeq !== null && seq > lastSeq) continue
    fillTo(seq, at)
    if (seq === firstSeq + events.length) events.push(stored)
  }
  fillTo(lastSeq === null ? firstSeq + events.length + damagedRecords : lastSeq + 1, null)
  return { events, unreadable }
}

function unreadableEvent(
  seq: number,
  around: { readonly before: Observed | null; readonly next: Observed | null; readonly otherwise: Observed },
): StoredEvent {
  const body = {
    kind: 'gap' as const,
    count: 1,
    cause: 'spool-corrupt' as const,
    fromWallMs: around.before?.wallMs ?? null,
    toWallMs: around.next?.wallMs ?? null,
  }
  const event = { seq, at: around.before ?? around.next ?? around.otherwise, body }
  return { event, bytes: JSON.stringify(event).length, from: null, drops: null }
}
