/** One JSON object a line, over a stream of bytes. The reader is bounded: a peer that sends no newline is cut off. */

export type LineResult = { readonly line: string } | { readonly tooLong: true }

export class LineReader {
  readonly #maxBytes: number
  #chunks: Buffer[] = []
  #length = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The whole lines that `chunk` completes. After `tooLong` the stream cannot be read on: close it. */
  *push(chunk: Buffer): Generator<LineResult> {
    let rest = chunk
    for (;;) {
      const end = rest.indexOf(0x0a)
      if (this.#length + (end < 0 ? rest.length : end) > this.#maxBytes) {
        yield { tooLong: true }
        return
      }
      if (end < 0) break
      this.#chunks.push(rest.subarray(0, end))
      yield { line: Buffer.concat(this.#chunks).toString('utf8') }
      this.#chunks = []
      this.#length = 0
      rest = rest.subarray(end + 1)
    }
    if (rest.length > 0) {
      this.#chunks.push(rest)
      this.#length += rest.length
    }
  }
}

/** The JSON object in a line, or null: not JSON, or not an object with a `kind`. */
export function parseMessage(line: string): { readonly kind: string } | null {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || !('kind' in value)) return null
    return typeof value.kind === 'string' ? { ...value, kind: value.kind } : null
  } catch {
    return null
  }
}
