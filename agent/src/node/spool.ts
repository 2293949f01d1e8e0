/**
 * The durable spool: what this agent observed, in files, until the centre holds it and for a day after. Events are
 * numbered from 1 without holes within an epoch; the number is given in the write that makes the event durable.
 *
 * `append` writes at once; what arrives during one fdatasync(2) shares the next. A disk that refuses
 * stops nothing but the spool: it keeps trying, says so in its status, and whoever waits for `append` waits on.
 */
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises'
import path from 'node:path'
import type { EventBody, Observed, SpooledEvent } from '@aloft/shared/protocol/events'
import { type ReadLimits, SpoolReader } from './spool-reader.ts'
import {
  type RecoveredSpool,
  recoverSpool,
  type SegmentSummary,
  syncDirectory,
  writeCursor,
} from './spool-recovery.ts'
import { expiredSegments, overflowingSegments, SPOOL_LIMITS, type SpoolLimits } from './spool-retention.ts'
import { encodeCheckpoint, encodeEvent, type Origin, type StoredEvent, segmentName } from './spool-segment.ts'

export interface NewEvent {
  readonly at: Observed
  readonly body: EventBody
  readonly from: Origin | null
}

export interface SpoolOptions {
  readonly directory: string
  readonly wallMs: () => number
  /** Of the observations the spool makes itself: its gaps. */
  readonly observed: () => Observed
  readonly log: (text: string) => void
  readonly limits?: Partial<SpoolLimits>
  readonly retryMs?: number
  /** Opens segment files, so that a test can be a full disk. */
  readonly openFile?: typeof open
}

export interface SpoolCondition {
  readonly epoch: string
  readonly firstSeq: number
  readonly lastSeq: number
  /** What the centre holds now, as far as it said. */
  readonly heldSeq: number
  /** Why nothing can be written at present. */
  readonly error: string | null
}

interface Waiting {
  readonly events: readonly NewEvent[]
  readonly done: () => void
  readonly failed: (error: Error) => void
}

/** Opens or makes the spool in `directory`. Rejects when the directory cannot be read or written at all. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 })
  const recovered = await recoverSpool(options.directory)
  for (const note of recovered.notes) options.log(`spool: ${note}`)
  const spool = new Spool(options, recovered)
  await spool.prepare(recovered)
  return spool
}

export class Spool {
  readonly epoch: string
  readonly #options: SpoolOptions
  readonly #limits: SpoolLimits
  readonly #reader = new SpoolReader()
  readonly #origins: Map<string, number>
  #segments: readonly SegmentSummary[]
  #handle: FileHandle | null = null
  #nextSeq: number
  #ackedSeq: number
  #heldSeq: number
  #error: string | null = null
  #waiting: Waiting[] = []
  #flushing: Promise<void> | null = null
  #cursorTimer: NodeJS.Timeout | null = null
  #cursorWritten: Promise<void> = Promise.resolve()
  #wake: (() => void) | null = null
  #closing = false
  #listener: () => void = () => {}

  constructor(options: SpoolOptions, recovered: RecoveredSpool) {
    this.#options = options
    this.#limits = { ...SPOOL_LIMITS, ...options.limits }
    this.epoch = recovered.epoch
    this.#segments = recovered.segments
    this.#origins = recovered.origins
    this.#nextSeq = recovered.nextSeq
    this.#ackedSeq = recovered.ackedSeq
    this.#heldSeq = recovered.ackedSeq
  }

  /** Makes the last segment ready to be written on, or begins a new one. */
  async prepare({ isLastSegmentSound, obsolete }: RecoveredSpool): Promise<void> {
    const last = this.#segments.at(-1)
    if (last && isLastSegmentSound) this.#handle = await this.#open(last.file, 'r+')
    else await this.#roll()
    for (const file of obsolete) await unlink(file)
  }

  get condition(): SpoolCondition {
    const [first] = this.#segments
    const lastSeq = this.#nextSeq - 1
    return {
      epoch: this.epoch,
      firstSeq: Math.min(first?.firstSeq ?? this.#nextSeq, this.#nextSeq),
      lastSeq,
      heldSeq: this.#heldSeq,
      error: this.#error,
    }
  }

  /** The last line of a run's journal that is in the spool; 0 for none. */
  lastLineOf(run: string): number {
    return this.#origins.get(run) ?? 0
  }

  /** Only these runs still have a journal; lines of others cannot come again. */
  keepRuns(runs: ReadonlySet<string>): void {
    for (const run of this.#origins.keys()) if (!runs.has(run)) this.#origins.delete(run)
  }

  /** Calls back whenever the range of durable events changed. */
  onChange(listener: () => void): void {
    this.#listener = listener
  }

  /**
   * Resolves when the events are durable; with a full disk, that may take until somebody frees some. Rejects only when
   * the spool is closed before.
   */
  append(events: readonly NewEvent[]): Promise<void> {
    if (this.#closing) return Promise.reject(new Error('the spool is closed'))
    if (events.length === 0) return Promise.resolve()
    return new Promise((done, failed) => {
      this.#waiting.push({ events, done, failed })
      this.#flush()
    })
  }

  /** Events after `afterSeq`, in order, as many as fit; from the oldest kept if some of them are gone. */
  async read(afterSeq: number, limits: ReadLimits): Promise<readonly SpooledEvent[]> {
    const fromSeq = Math.max(afterSeq + 1, this.condition.firstSeq)
    return fromSeq >= this.#nextSeq ? [] : this.#reader.read(this.#segments, fromSeq, limits)
  }

  /** The centre holds everything up to `seq`: maybe less than it once did, if it was restored from a backup. */
  markHeld(seq: number): void {
    this.#heldSeq = Math.min(seq, this.#nextSeq - 1)
    if (this.#heldSeq <= this.#ackedSeq) return
    this.#ackedSeq = this.#heldSeq
    this.#cursorTimer ??= setTimeout(() => {
      this.#cursorTimer = null
      this.#writeCursor()
    }, 500)
  }

  /** Makes durable what was appended, as far as the disk allows, and closes the files. */
  async close(): Promise<void> {
    this.#closing = true
    this.#wake?.()
    this.#flush()
    await this.#flushing
    if (this.#cursorTimer) clearTimeout(this.#cursorTimer)
    await this.#writeCursor()
    await this.#handle?.close()
    this.#handle = null
  }

  #flush(): void {
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = null
      // Something may have come in the instant between the last look and here.
      if (this.#waiting.length > 0 && !this.#closing) this.#flush()
    })
  }

  async #flushAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0)
      const isWritten = await this.#persist(group.flatMap(({ events }) => events))
      for (const { done, failed } of group) {
        if (isWritten) done()
        else failed(new Error(`the spool was closed before it could write: ${this.#error}`))
      }
      if (isWritten) this.#listener()
    }
  }

  /** Tries until it works. False: the spool was closed before it did. */
  async #persist(events: readonly NewEvent[]): Promise<boolean> {
    for (;;) {
      try {
        await this.#write(events)
        if (this.#error !== null) this.#options.log('spool: writing works again')
        this.#error = null
        return true
      } catch (error) {
        await this.#fail(error)
        if (this.#closing) return false
        await new Promise<void>((resolve) => {
          this.#wake = resolve
          setTimeout(resolve, this.#options.retryMs ?? 1_000).unref()
        })
      }
    }
  }

  /** One attempt: nothing counts, no number is given, until the whole of it is durable. */
  async #write(events: readonly NewEvent[]): Promise<void> {
    const tooLarge = (this.#segments.at(-1)?.bytes ?? 0) >= this.#limits.segmentBytes
    if (this.#handle === null || tooLarge) await this.#roll()
    const last = this.#segments.at(-1)
    if (this.#handle === null || last === undefined) throw new Error('the spool has no segment to write to')
    const dropped = overflowingSegments(this.#segments, this.#limits, this.#ackedSeq)
    const gap = dropped.length > 0 ? await this.#gapFor(dropped) : null
    const all = gap === null ? events : [gap, ...events]
    const records = all.map(({ at, body, from }, i) =>
      encodeEvent({ seq: this.#nextSeq + i, at, body }, from, gap !== null && i === 0 ? gap.through : null),
    )
    const bytes = Buffer.concat(records.map((record) => record.bytes))
    await writeWhole(this.#handle, bytes, last.bytes)
    await this.#handle.datasync()
    this.#adopt(
      records.map(({ stored }) => stored),
      last.bytes + bytes.length,
    )
    if (gap !== null) await this.#delete(this.#segments.filter(({ lastSeq }) => lastSeq <= gap.through))
  }

  #adopt(stored: readonly StoredEvent[], bytes: number): void {
    const last = this.#segments.at(-1)
    if (last === undefined) return
    this.#nextSeq += stored.length
    const lastWallMs = stored.at(-1)?.event.at.wallMs ?? last.lastWallMs
    this.#segments = [
      ...this.#segments.slice(0, -1),
      { ...last, bytes, lastSeq: this.#nextSeq - 1, lastWallMs },
    ]
    for (const { from } of stored) if (from) this.#origins.set(from.run, from.n)
    this.#reader.remember(stored)
  }

  /** The event that stands for segments given up: how many events were in them that no centre has, and from when. */
  async #gapFor(dropped: readonly SegmentSummary[]): Promise<NewEvent & { readonly through: number }> {
    let count = 0
    let fromWallMs: number | null = null
    let toWallMs: number | null = null
    for (const segment of dropped) {
      for (const { event } of await this.#reader.events(segment)) {
        if (event.seq <= this.#ackedSeq) continue
        const isGap = event.body.kind === 'gap'
        count += isGap && event.body.kind === 'gap' ? (event.body.count ?? 1) : 1
        const since = event.body.kind === 'gap' ? (event.body.fromWallMs ?? event.at.wallMs) : event.at.wallMs
        fromWallMs = Math.min(fromWallMs ?? since, since)
        toWallMs = Math.max(toWallMs ?? event.at.wallMs, event.at.wallMs)
      }
    }
    const body = {
      kind: 'gap' as const,
      count: Math.max(count, 1),
      cause: 'spool-overflow' as const,
      fromWallMs,
      toWallMs,
    }
    return { at: this.#options.observed(), body, from: null, through: dropped.at(-1)?.lastSeq ?? 0 }
  }

  /** Begins a segment that starts with what is known of runs, so that older segments may go. */
  async #roll(): Promise<void> {
    const { directory, wallMs } = this.#options
    await this.#handle?.close()
    this.#handle = null
    const file = path.join(directory, segmentName(this.epoch, this.#nextSeq))
    const handle = await this.#open(file, 'w')
    try {
      const checkpoint = encodeCheckpoint(this.#origins)
      await writeWhole(handle, checkpoint, 0)
      await handle.sync()
      await syncDirectory(directory)
      const begun = {
        file,
        firstSeq: this.#nextSeq,
        lastSeq: this.#nextSeq - 1,
        bytes: checkpoint.length,
        lastWallMs: wallMs(),
      }
      this.#segments = [...this.#segments.filter((segment) => segment.file !== file), begun]
    } catch (error) {
      await handle.close()
      throw error
    }
    this.#handle = handle
    await this.#expire()
  }

  async #expire(): Promise<void> {
    const holdings = { ackedSeq: this.#ackedSeq, heldSeq: this.#heldSeq, nowWallMs: this.#options.wallMs() }
    await this.#delete(expiredSegments(this.#segments, this.#limits, holdings))
  }

  async #delete(segments: readonly SegmentSummary[]): Promise<void> {
    if (segments.length === 0) return
    const files = new Set(segments.map(({ file }) => file))
    this.#segments = this.#segments.filter(({ file }) => !files.has(file))
    for (const file of files)
      await unlink(file).catch((error) => this.#options.log(`spool: ${String(error)}`))
  }

  /**
   * After a failed write or sync nobody knows what the file holds beyond the last durable record: it is cut off if the
   * disk lets us, and a new segment goes on. What a reader might still find there, the next segment's name overrules.
   */
  async #fail(error: unknown): Promise<void> {
    const text = error instanceof Error ? error.message : String(error)
    if (this.#error === null)
      this.#options.log(`spool: cannot be written, observations wait in the journal: ${text}`)
    this.#error = text
    const last = this.#segments.at(-1)
    const handle = this.#handle
    this.#handle = null
    if (handle && last) await handle.truncate(last.bytes).catch(() => {})
    await handle?.close().catch(() => {})
    // Room can be had: segments the centre holds are kept only in case it loses them.
    const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
    if (isFull)
      await this.#delete(this.#segments.filter(({ lastSeq }) => lastSeq <= this.#heldSeq).slice(0, -1))
  }

  #open(file: string, flags: 'w' | 'r+'): Promise<FileHandle> {
    return (this.#options.openFile ?? open)(file, flags, 0o600)
  }

  /** One after the other: two at once would each move the other's file away. */
  #writeCursor(): Promise<void> {
    this.#cursorWritten = this.#cursorWritten
      .then(() => writeCursor(this.#options.directory, this.epoch, this.#ackedSeq))
      .catch((error) => this.#options.log(`spool: the ack cursor cannot be written: ${String(error)}`))
    return this.#cursorWritten
  }
}

async function writeWhole(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written)
    written += bytesWritten
  }
}
