/**
 * Brings every observation from the journals into the spool, exactly once and in the order of each run. It reads on
 * when it is told that a journal grew, and every second in case nobody could tell it.
 *
 * A line counts as read when the spool has it durably, together with where it came from; so a steward that is killed
 * at any instruction goes on after the last line its spool has. Files go when nothing more can be in them.
 */
import { open, stat, unlink } from 'node:fs/promises'
import type { EventBody, Observed } from '@aloft/shared/protocol/events'
import type { Spool } from '../node/spool.ts'
import { type JournalRun, type JournalSegment, type KnownDates, listRuns } from './journal-files.ts'
import { endOfRun, type RunProgress, readLines, startOfRun } from './journal-lines.ts'

export interface JournalReaderOptions {
  readonly directory: string
  readonly spool: Spool
  /** The steward's own run: alive for as long as anybody can ask. */
  readonly ownRun: string
  /** The run of the router that answers now; null while none does. */
  readonly routerRun: () => Promise<string | null>
  readonly observed: () => Observed
  readonly log: (text: string) => void
  /** Told of each observation once the spool has it; a restarted steward is told of none again. */
  readonly told?: (body: EventBody) => void
  readonly pollMs?: number
  /** How long a journal must have been left alone before its run may be taken for dead. */
  readonly quietMs?: number
}

const POLL_MS = 1_000
const QUIET_MS = 5_000
const CHUNK_BYTES = 256 * 1024
/** Passes are at least this far apart, so that a storm of observations shares its fdatasyncs. */
const SPACING_MS = 5

/** One run, as far as it was read: `offsets` in bytes by segment number. */
interface Reading {
  progress: RunProgress
  readonly offsets: Map<number, number>
}

export class JournalReader {
  readonly #options: JournalReaderOptions
  readonly #readings = new Map<string, Reading>()
  readonly #dates: KnownDates = new Map()
  #timer: NodeJS.Timeout | null = null
  #passing: Promise<void> | null = null
  #again = false
  #askedAtMs = Number.NEGATIVE_INFINITY
  #stopped = false

  constructor(options: JournalReaderOptions) {
    this.#options = options
  }

  /** There is something new. */
  grew(): void {
    if (this.#stopped) return
    if (this.#passing) this.#again = true
    else void this.#run()
  }

  /** Resolves when everything that was in the journals when it was called is durable in the spool. */
  async drain(): Promise<void> {
    while (this.#passing) await this.#passing
    if (!this.#stopped) await this.#run()
  }

  stop(): void {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
  }

  /** One pass at a time: two would read the same line. */
  #run(): Promise<void> {
    this.#passing = this.#pass().finally(() => {
      this.#passing = null
      this.#schedule(this.#again ? SPACING_MS : (this.#options.pollMs ?? POLL_MS))
      this.#again = false
    })
    return this.#passing
  }

  #schedule(ms: number): void {
    if (this.#timer) clearTimeout(this.#timer)
    if (!this.#stopped) this.#timer = setTimeout(() => this.grew(), ms)
  }

  async #pass(): Promise<void> {
    const { directory, spool, log } = this.#options
    try {
      const runs = await listRuns(directory, this.#dates)
      for (const run of runs) await this.#readRun(run)
      const over = await this.#removeDead(runs)
      spool.keepRuns(new Set(runs.map(({ run }) => run).filter((run) => !over.has(run))))
    } catch (error) {
      // The next pass begins where the spool says; nothing was counted as read that it does not have.
      if (!this.#stopped) log(`journal: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  async #readRun({ run, segments }: JournalRun): Promise<void> {
    const reading = this.#reading(run)
    const last = segments.at(-1)
    for (const segment of segments) {
      await this.#readSegment(reading, segment)
      if (segment === last) break
      // The run writes elsewhere now, so what is left without an end never gets one.
      if (offsetOf(reading, segment) < segment.bytes)
        reading.progress = { ...reading.progress, isDamaged: true }
      await unlink(segment.file)
      reading.offsets.delete(segment.number)
    }
  }

  /** Reads up to where the file ended when it was listed; a longer tail is for the next pass. */
  async #readSegment(reading: Reading, segment: JournalSegment): Promise<void> {
    if (offsetOf(reading, segment) >= segment.bytes) return
    const handle = await open(segment.file, 'r')
    try {
      for (;;) {
        const from = offsetOf(reading, segment)
        const want = Math.min(CHUNK_BYTES, segment.bytes - from)
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.max(want, 0)), 0, want, from)
        const whole = buffer.lastIndexOf(0x0a, bytesRead - 1) + 1
        if (bytesRead === 0 || (whole === 0 && bytesRead < CHUNK_BYTES)) return
        // A line longer than any we write: skipped in pieces, none of which is a line.
        const used = whole === 0 ? bytesRead : whole
        const lines = buffer
          .toString('utf8', 0, used)
          .split('\n')
          .slice(0, whole === 0 ? 1 : -1)
        const { progress, events } = readLines(reading.progress, lines)
        await this.#options.spool.append(events)
        reading.progress = progress
        reading.offsets.set(segment.number, from + used)
        for (const { body } of events) this.#options.told?.(body)
      }
    } finally {
      await handle.close()
    }
  }

  /** Ends and removes runs that nobody writes any more; says which. */
  async #removeDead(runs: readonly JournalRun[]): Promise<ReadonlySet<string>> {
    const { ownRun, routerRun, observed, quietMs = QUIET_MS } = this.#options
    const { wallMs, monoMs } = observed()
    const quiet = runs.filter(
      ({ run, segments }) =>
        run !== ownRun && segments.every(({ modifiedMs }) => wallMs - modifiedMs >= quietMs),
    )
    const over = new Set<string>()
    if (quiet.length === 0 || monoMs - this.#askedAtMs < quietMs) return over
    this.#askedAtMs = monoMs
    // Asked after the files were seen quiet. There is one router to a state directory, and one steward, which is us.
    const alive = await routerRun()
    if (alive === null) return over
    for (const run of quiet) {
      if (run.run !== alive && (await this.#endRun(run))) over.add(run.run)
    }
    return over
  }

  async #endRun({ run, segments }: JournalRun): Promise<boolean> {
    const { spool, observed } = this.#options
    const reading = this.#reading(run)
    const last = segments.at(-1)
    if (last === undefined || (await stat(last.file)).size !== last.bytes) return false
    const isCutShort = offsetOf(reading, last) < last.bytes
    const end = endOfRun(
      { ...reading.progress, isDamaged: reading.progress.isDamaged || isCutShort },
      observed(),
    )
    if (end !== null) await spool.append([end])
    await unlink(last.file)
    this.#readings.delete(run)
    return true
  }

  #reading(run: string): Reading {
    const known = this.#readings.get(run)
    if (known) return known
    const reading: Reading = {
      progress: startOfRun(run, this.#options.spool.lastLineOf(run)),
      offsets: new Map(),
    }
    this.#readings.set(run, reading)
    return reading
  }
}

function offsetOf({ offsets }: Reading, { number }: JournalSegment): number {
  return offsets.get(number) ?? 0
}
