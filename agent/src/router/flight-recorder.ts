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
/** Of one UTF-16 unit. */
const UTF8_BYTES_MAX = 3

export class FlightRecorder implements Recorder {
  readonly #ring: Buffer
  readonly #identity: Pick<RecordingHeader, 'runId' | 'bootId'>
  #end = 0
  #hasWrapped = false
  #configure: RecordedInput | null = null
  readonly #links = new Map<string, RecordedInput>()
  /** What follows the time in the line of an input that comes again. */
  readonly #endings = new WeakMap<RecordedInput['input'], Uint8Array>()
  #fd: number | null = null

  constructor({ runId, bootId, ringBytes, folder }: FlightRecorderOptions) {
    // Newlines: what was never written reads as empty lines.
    this.#ring = Buffer.alloc(ringBytes ?? RING_BYTES, '\n')
    this.#identity = { runId, bootId }
    if (!folder) return
    mkdirSync(folder, { recursive: true })
    this.#fd = openSync(path.join(folder, `${runId}.jsonl`), 'a', 0o600)
    writeSync(this.#fd, `${JSON.stringify(this.#header(true))}\n`)
  }

  record(entry: RecordedInput): void {
    if (entry.input.kind === 'configure') this.#configure = entry
    if (entry.input.kind === 'link') this.#links.set(entry.input.interfaceName, entry)
    if (entry.input.kind === 'tracked') this.#links.set('trackers', entry)
    if (entry.input.kind === 'virtual-link') this.#links.set(`router ${entry.input.router}`, entry)
    if (entry.input.kind === 'datagram') this.#recordAgain(entry)
    else this.#keep(`${JSON.stringify(entry)}\n`)
  }

  /** The same as JSON.stringify gives. A datagram that comes again is the same object (loop/datagram-memory.ts). */
  #recordAgain({ at, input }: RecordedInput): void {
    let ending = this.#endings.get(input)
    if (ending === undefined) {
      ending = Buffer.from(`,"input":${JSON.stringify(input)}}\n`)
      this.#endings.set(input, ending)
    }
    const beginning = `{"at":${at}`
    if (this.#fd !== null || this.#end + beginning.length + ending.length > this.#ring.length) {
      this.#keep(beginning + new TextDecoder().decode(ending))
      return
    }
    this.#end += this.#ring.write(beginning, this.#end, 'latin1')
    this.#ring.set(ending, this.#end)
    this.#end += ending.length
  }

  /** What is held now, as the text of a recording. */
  text(): string {
    const header = `${JSON.stringify(this.#header(!this.#hasWrapped))}\n`
    if (!this.#hasWrapped) return header + this.#ring.toString('utf8', 0, this.#end)
    const kept = this.#ring.toString('utf8', this.#end) + this.#ring.toString('utf8', 0, this.#end)
    // The oldest line is cut by what overwrote it.
    const whole = kept.slice(kept.indexOf('\n') + 1)
    const before = [this.#configure, ...this.#links.values()].filter((entry) => entry !== null)
    return header + before.map((entry) => `${JSON.stringify(entry)}\n`).join('') + whole
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

  #keep(line: string): void {
    if (this.#fd !== null) this.#writeThrough(line)
    // The usual case: room for the line, whatever its characters.
    if (this.#end + UTF8_BYTES_MAX * line.length <= this.#ring.length) {
      this.#end += this.#ring.write(line, this.#end)
      return
    }
    const bytes = Buffer.from(line)
    // A single line above the ring's size (a vast configuration) is remembered by #configure alone.
    if (bytes.length > this.#ring.length) {
      this.#hasWrapped = true
      return
    }
    const head = Math.min(bytes.length, this.#ring.length - this.#end)
    bytes.copy(this.#ring, this.#end, 0, head)
    bytes.copy(this.#ring, 0, head)
    if (this.#end + bytes.length >= this.#ring.length) this.#hasWrapped = true
    this.#end = (this.#end + bytes.length) % this.#ring.length
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
