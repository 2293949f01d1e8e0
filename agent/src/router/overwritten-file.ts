/** A small JSON file that is rewritten in its place, over and over, by a process that must not wait for a disk. */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'

const FLAGS = constants.O_RDWR | constants.O_CREAT

/**
 * Each write is one pwrite(2), padded to whatever was there: a process that is killed leaves the old content or the
 * new one. A rename would do that too, but waits for the journal of the file system, for milliseconds when others use
 * the disk. What a power cut leaves may be torn.
 */
export class OverwrittenFile {
  readonly #file: string
  #fd: number | null = null
  #length = 0

  constructor(file: string) {
    this.#file = file
  }

  /** Throws what the file system says. */
  write(value: unknown): void {
    const fd = this.#open()
    const text = JSON.stringify(value)
    const bytes = Buffer.alloc(Math.max(this.#length, Buffer.byteLength(text) + 1), ' ')
    bytes.write(text)
    bytes[bytes.length - 1] = NEWLINE
    const written = writeSync(fd, bytes, 0, bytes.length, 0)
    if (written < bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes fitted`)
    this.#length = bytes.length
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  #open(): number {
    if (this.#fd !== null) return this.#fd
    const fd = openSync(this.#file, FLAGS, 0o600)
    this.#length = fstatSync(fd).size
    this.#fd = fd
    return fd
  }
}

const NEWLINE = 0x0a
