/**
 * The journal: what this process observed, one JSON object a line, kept by plain write(2). No fsync: the page cache
 * survives a kill -9, and durability against power loss is the spool's business.
 *
 * A full disk or a full journal never stops the process. Observations wait in memory, up to a bound; beyond it they
 * are counted, and the count becomes an explicit gap record as soon as writing works again.
 */
import { closeSync, ftruncateSync, openSync, readdirSync, statSync, writeSync } from 'node:fs'
import path from 'node:path'
import type { EventBody } from '@aloft/shared/protocol/events'
import type { Journal } from '../world/router-world.ts'
import type { JournalLine } from './contract.ts'

export interface JournalOptions {
  readonly directory: string
  readonly runId: string
  readonly bootId: string
  readonly wallMs: () => number
  readonly monoMs: () => number
  readonly limits?: Partial<JournalLimits>
  readonly files?: JournalFiles
  /** Called after lines reached the file: time to tell whoever reads it. */
  readonly onWritten?: () => void
  readonly onError?: (error: string) => void
}

export interface JournalLimits {
  readonly segmentBytes: number
  /** All files of the journal directory together, of dead runs too. */
  readonly directoryBytes: number
  readonly waitingLines: number
}

/** The file calls the writer makes, so that a test can be a full disk. */
export interface JournalFiles {
  open(file: string): number
  /** Writes at the end; may write less than it was given. Throws on ENOSPC and the like. */
  write(fd: number, bytes: Uint8Array): number
  truncate(fd: number, length: number): void
  close(fd: number): void
  directoryBytes(directory: string): number
}

const DEFAULT_LIMITS: JournalLimits = {
  segmentBytes: 8 * 1024 * 1024,
  directoryBytes: 256 * 1024 * 1024,
  waitingLines: 1_000,
}

const kernelFiles: JournalFiles = {
  open: (file) => openSync(file, 'a', 0o600),
  write: (fd, bytes) => writeSync(fd, bytes),
  truncate: ftruncateSync,
  close: closeSync,
  directoryBytes: (directory) =>
    readdirSync(directory).reduce((sum, name) => sum + (sizeOf(path.join(directory, name)) ?? 0), 0),
}

interface Waiting {
  readonly at: JournalLine['at']
  readonly body: EventBody
}

export class JournalWriter implements Journal {
  readonly #options: JournalOptions
  readonly #limits: JournalLimits
  readonly #files: JournalFiles
  #n = 0
  #segment = 0
  #fd: number | null = null
  #segmentLength = 0
  #waiting: Waiting[] = []
  #lost = 0
  #lostFromWallMs: number | null = null
  #error: string | null = null

  constructor(options: JournalOptions) {
    this.#options = options
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.#files = options.files ?? kernelFiles
  }

  /** Observations held in memory, observations lost and not yet recorded as a gap, and the last write error. */
  get condition(): { readonly waiting: number; readonly lost: number; readonly error: string | null } {
    return { waiting: this.#waiting.length, lost: this.#lost, error: this.#error }
  }

  append(body: EventBody, atMonoMs: number): void {
    const { bootId, wallMs, monoMs } = this.#options
    // The wall time of the observation itself: now, less what went by since.
    const observedWallMs = wallMs() - (monoMs() - atMonoMs)
    const at = { wallMs: Math.round(observedWallMs * 1e3) / 1e3, monoMs: atMonoMs, bootId }
    if (this.#lost > 0 || this.#waiting.length >= this.#limits.waitingLines) {
      this.#lost += 1
      this.#lostFromWallMs ??= at.wallMs
    } else {
      this.#waiting.push({ at, body })
    }
    this.flush()
  }

  /** Writes what waits, as far as it goes. Called on every append, and from time to time while something waits. */
  flush(): void {
    const before = this.#n
    try {
      while (this.#waiting[0]) {
        this.#write(this.#waiting[0])
        this.#waiting.shift()
      }
      if (this.#lost > 0) this.#writeGap()
      this.#error = null
    } catch (error) {
      this.#fail(error)
    }
    if (this.#n > before) this.#options.onWritten?.()
  }

  close(): void {
    if (this.#fd !== null) this.#files.close(this.#fd)
    this.#fd = null
  }

  #writeGap(): void {
    const { bootId, wallMs, monoMs } = this.#options
    const at = { wallMs: wallMs(), monoMs: monoMs(), bootId }
    this.#write({
      at,
      body: {
        kind: 'gap',
        count: this.#lost,
        cause: 'journal-overflow',
        fromWallMs: this.#lostFromWallMs,
        toWallMs: at.wallMs,
      },
    })
    this.#lost = 0
    this.#lostFromWallMs = null
  }

  /** One whole line or nothing: a line cut short by a full disk is taken back, so that readers see only whole ones. */
  #write(entry: Waiting): void {
    const fd = this.#openSegment()
    const line: JournalLine = { n: this.#n + 1, at: entry.at, body: entry.body }
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    let written = 0
    try {
      while (written < bytes.length) written += this.#files.write(fd, bytes.subarray(written))
    } catch (error) {
      if (written > 0) this.#files.truncate(fd, this.#segmentLength)
      throw error
    }
    this.#segmentLength += bytes.length
    this.#n += 1
  }

  #openSegment(): number {
    if (this.#fd !== null && this.#segmentLength < this.#limits.segmentBytes) return this.#fd
    const { directory, runId } = this.#options
    if (this.#files.directoryBytes(directory) + this.#limits.segmentBytes > this.#limits.directoryBytes) {
      throw new Error(`journal is full: ${this.#limits.directoryBytes} bytes wait in ${directory} to be read`)
    }
    const fd = this.#files.open(path.join(directory, `${runId}-${this.#segment + 1}.jsonl`))
    this.close()
    this.#segment += 1
    this.#fd = fd
    this.#segmentLength = 0
    return fd
  }

  #fail(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    if (this.#error === null) this.#options.onError?.(text)
    this.#error = text
  }
}

function sizeOf(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.size ?? null
}
