/**
 * The newest lines of a recording, in a fixed piece of memory outside the heap. A line that comes again with another
 * time (an advertisement, thousands of times a second) takes 14 bytes instead of 250: its time and the number of its
 * text, which is kept beside the ring for as long as anything in the ring needs it. What is read out is the whole text.
 */

/** A text that may follow many times: what stands in a line after its time. */
export class Ending {
  readonly bytes: Buffer
  /** Among those that the ring keeps. */
  number = -1
  /** How much had been written when it was used last. */
  usedAt = 0

  constructor(text: string) {
    this.bytes = Buffer.from(text)
  }
}

/** More texts at a time than that are written in full. */
const ENDINGS_MAX = 4_096
/** Newlines never occur within a short line: all its other bytes are at least this, but for the first. */
const HIGH = 0x80
const SEVEN_BITS = 0x7f
const SHORT = 1
const SHORT_BYTES = 14
const NEWLINE = 0x0a
/** Of one UTF-16 unit. */
const UTF8_BYTES_MAX = 3

const time = new Float64Array(1)
const halves = new Uint32Array(time.buffer)

export class RecordingRing {
  readonly #ring: Buffer
  readonly #endings: (Ending | undefined)[] = []
  #end = 0
  #written = 0
  #hasWrapped = false
  #candidate = 0

  constructor(bytes: number) {
    // Newlines: what was never written reads as empty lines.
    this.#ring = Buffer.alloc(bytes, NEWLINE)
  }

  /** Something was written that is not there any more, or never was. */
  get hasLost(): boolean {
    return this.#hasWrapped
  }

  /** Adds a line, which ends in a newline. */
  add(line: string): void {
    // The usual case: room for the line, whatever its characters.
    if (this.#end + UTF8_BYTES_MAX * line.length <= this.#ring.length)
      this.#advance(this.#ring.write(line, this.#end))
    else this.#addBytes(Buffer.from(line))
  }

  /** Adds the line `{"at":TIME` with what follows. */
  addAgain(at: number, ending: Ending): void {
    if (!this.#isNumbered(ending)) {
      this.add(fullLine(at, ending))
      return
    }
    if (this.#end + SHORT_BYTES <= this.#ring.length) {
      writeShort(this.#ring, this.#end, { at, number: ending.number })
      this.#advance(SHORT_BYTES)
    } else {
      const short = Buffer.alloc(SHORT_BYTES)
      writeShort(short, 0, { at, number: ending.number })
      this.#addBytes(short)
    }
    ending.usedAt = this.#written
  }

  text(): string {
    if (!this.#hasWrapped) return this.#inFull(this.#ring.subarray(0, this.#end))
    const kept = Buffer.concat([this.#ring.subarray(this.#end), this.#ring.subarray(0, this.#end)])
    // The oldest line is cut by what overwrote it.
    return this.#inFull(kept.subarray(kept.indexOf(NEWLINE) + 1))
  }

  #addBytes(bytes: Uint8Array): void {
    // What is larger than the ring is lost, and nothing else.
    if (bytes.length > this.#ring.length) {
      this.#hasWrapped = true
      return
    }
    const head = Math.min(bytes.length, this.#ring.length - this.#end)
    this.#ring.set(bytes.subarray(0, head), this.#end)
    this.#ring.set(bytes.subarray(head), 0)
    this.#advance(bytes.length)
  }

  #advance(bytes: number): void {
    this.#written += bytes
    this.#end += bytes
    if (this.#end <= this.#ring.length) return
    this.#hasWrapped = true
    this.#end -= this.#ring.length
  }

  /** Whether it has a number now: its own still, or one that nothing in the ring needs any more. */
  #isNumbered(ending: Ending): boolean {
    if (this.#endings[ending.number] === ending) return true
    const number = this.#candidate
    const holder = this.#endings[number]
    if (holder !== undefined && this.#written - holder.usedAt < this.#ring.length) return false
    this.#candidate = (number + 1) % ENDINGS_MAX
    this.#endings[number] = ending
    ending.number = number
    return true
  }

  /** Lines as they would be had none of them been short. */
  #inFull(bytes: Buffer): string {
    const parts: Uint8Array[] = []
    for (let from = 0; from < bytes.length; ) {
      const newline = bytes.indexOf(NEWLINE, from)
      const to = newline < 0 ? bytes.length : newline + 1
      if (bytes[from] === SHORT) parts.push(...this.#partsOf(bytes, from))
      else parts.push(bytes.subarray(from, to))
      from = to
    }
    return Buffer.concat(parts).toString('utf8')
  }

  #partsOf(bytes: Uint8Array, offset: number): Uint8Array[] {
    const { at, number } = readShort(bytes, offset)
    const ending = this.#endings[number]
    return ending === undefined ? [] : [Buffer.from(`{"at":${at}`), ending.bytes]
  }
}

/** As JSON.stringify would give it. */
export function fullLine(at: number, { bytes }: Ending): string {
  return `{"at":${at}${bytes.toString()}`
}

interface Short {
  readonly at: number
  readonly number: number
}

function writeShort(into: Uint8Array, offset: number, { at, number }: Short): void {
  time[0] = at
  const [low = 0, high = 0] = [halves[0], halves[1]]
  into[offset] = SHORT
  into[offset + 1] = (number >> 7) | HIGH
  into[offset + 2] = (number & SEVEN_BITS) | HIGH
  writeHalf(into, offset + 3, low)
  writeHalf(into, offset + 8, high)
  into[offset + 13] = NEWLINE
}

function readShort(from: Uint8Array, offset: number): Short {
  const bits = (i: number) => (from[offset + i] ?? 0) & SEVEN_BITS
  halves[0] = readHalf(from, offset + 3)
  halves[1] = readHalf(from, offset + 8)
  return { at: time[0] ?? 0, number: (bits(1) << 7) | bits(2) }
}

/** 32 bits, seven to a byte. */
function writeHalf(into: Uint8Array, offset: number, bits: number): void {
  into[offset] = (bits & SEVEN_BITS) | HIGH
  into[offset + 1] = ((bits >>> 7) & SEVEN_BITS) | HIGH
  into[offset + 2] = ((bits >>> 14) & SEVEN_BITS) | HIGH
  into[offset + 3] = ((bits >>> 21) & SEVEN_BITS) | HIGH
  into[offset + 4] = (bits >>> 28) | HIGH
}

function readHalf(from: Uint8Array, offset: number): number {
  let bits = 0
  for (let i = 4; i >= 0; i--) bits = ((bits << 7) | ((from[offset + i] ?? 0) & SEVEN_BITS)) >>> 0
  return bits
}
