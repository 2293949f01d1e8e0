/**
 * The flight recorder: the last inputs of the loop, kept as text in a fixed piece of memory outside the heap (live
 * objects in the thousands would make every garbage collection late), and written out when somebody asks or the
 * process crashes. With a full recording, every input also goes to a file as it comes.
 *
 * A recording is JSON lines: one header, then `RecordedInput`s. While nothing was overwritten yet it is `complete`,
 * and replaying it gives exactly the outputs of the process. Otherwise it opens with the last configuration and link
 * states before the oldest input kept, so that it can be read, but the machines' states at that time are unknown.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import type { RecordedInput, Recorder } from '../world/router-world.ts'
import { Ending, fullLine, RecordingRing } from './recording-ring.ts'

export interface RecordingHeader {
  readonly kind: 'recording'
  readonly version: 1
  readonly runId: string
  readonly bootId: string
  readonly complete: boolean
}

export interface FlightRecorderOptions {
  readonly runId: string
  readonly bootId: string
  readonly ringBytes?: number
  /** Record everything to a file in this folder, too: `RUN.jsonl`, one for each run of the process. */
  readonly folder?: string | null
}

const RING_BYTES = 4 * 1024 * 1024

export class FlightRecorder implements Recorder {
  readonly #ring: RecordingRing
  readonly #identity: Pick<RecordingHeader, 'runId' | 'bootId'>
  #configure: RecordedInput | null = null
  readonly #links = new Map<string, RecordedInput>()
  /** What follows the time in the line of an input that comes again. */
  readonly #endings = new WeakMap<RecordedInput['input'], Ending>()
  #fd: number | null = null

  constructor({ runId, bootId, ringBytes, folder }: FlightRecorderOptions) {
    this.#ring = new RecordingRing(ringBytes ?? RING_BYTES)
    this.#identity = { runId, bootId }
    if (!folder) return
    mkdirSync(folder, { recursive: true })
    this.#fd = openSync(path.join(folder, `${runId}.jsonl`), 'a', 0o600)
    writeSync(this.#fd, `${JSON.stringify(this.#header(true))}\n`)
  }

  record(entry: RecordedInput): void {
    const { input } = entry
    if (isRepeated(input)) {
      this.#recordAgain(entry)
      return
    }
    if (input.kind === 'configure') this.#configure = entry
    if (input.kind === 'link') this.#links.set(input.interfaceName, entry)
    if (input.kind === 'tracked') this.#links.set('trackers', entry)
    if (input.kind === 'virtual-link') this.#links.set(`router ${input.router}`, entry)
    this.#add(`${JSON.stringify(entry)}\n`)
  }

  #add(line: string): void {
    if (this.#fd !== null) this.#writeThrough(line)
    this.#ring.add(line)
  }

  /** An input that may come again, as the very same object: a datagram does (loop/datagram-memory.ts). */
  #recordAgain({ at, input }: RecordedInput): void {
    const known = this.#endings.get(input)
    if (known !== undefined) {
      if (this.#fd !== null) this.#writeThrough(fullLine(at, known))
      this.#ring.addAgain(at, known)
      return
    }
    const ending = new Ending(`,"input":${JSON.stringify(input)}}\n`)
    this.#endings.set(input, ending)
    this.#add(fullLine(at, ending))
  }

  /** What is held now, as the text of a recording. */
  text(): string {
    const header = `${JSON.stringify(this.#header(!this.#ring.hasLost))}\n`
    if (!this.#ring.hasLost) return header + this.#ring.text()
    const before = [this.#configure, ...this.#links.values()].filter((entry) => entry !== null)
    return header + before.map((entry) => `${JSON.stringify(entry)}\n`).join('') + this.#ring.text()
  }

  /** Writes `text()` to a new file in `directory` and returns its path. Throws when it cannot. */
  dump(directory: string, why: string, wallMs: number): string {
    const stamp = new Date(wallMs).toISOString().replaceAll(/[:.]/g, '-')
    const file = path.join(directory, `${stamp}-${why}.jsonl`)
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    writeFileSync(file, this.text(), { mode: 0o600 })
    return file
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  #header(complete: boolean): RecordingHeader {
    return { kind: 'recording', version: 1, ...this.#identity, complete }
  }

  /** A recording that cannot be written is given up: it must not take the router with it. */
  #writeThrough(line: string): void {
    try {
      if (this.#fd !== null) writeSync(this.#fd, line)
    } catch {
      this.#fd = null
    }
  }
}

/** Kinds of inputs of which the loop gives the same object again. */
function isRepeated({ kind }: RecordedInput['input']): boolean {
  return kind === 'datagram' || kind === 'bfd' || kind === 'alarm'
}

/** The header and inputs of a recording's text. Throws an Error naming the line that is not one. */
export function parseRecording(text: string): {
  readonly header: RecordingHeader
  readonly inputs: readonly RecordedInput[]
} {
  const [first, ...rest] = text.split('\n').filter((line) => line !== '')
  // Shapes are trusted beyond the header: recordings are written by FlightRecorder alone.
  const header = JSON.parse(first ?? 'null') as RecordingHeader | null
  if (header?.kind !== 'recording' || header.version !== 1)
    throw new Error('line 1: not the header of a recording')
  const inputs = rest.map((line, i): RecordedInput => {
    try {
      return JSON.parse(line) as RecordedInput
    } catch {
      throw new Error(`line ${i + 2}: not a recorded input`)
    }
  })
  return { header, inputs }
}
