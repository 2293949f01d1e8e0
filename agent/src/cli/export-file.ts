import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { Refused } from './outcome.ts'

/** How far an export into a file came. It is written after the lines it counts, so that it never counts too many. */
interface Mark {
  /** List and filters, as they were asked for. */
  readonly asked: string
  /** The same as the API was asked: `1h ago` stays what it was at first. */
  readonly query: Readonly<Record<string, unknown>>
  readonly cursor: string
  readonly items: number
  readonly bytes: number
}

/** A file that is there only when it is complete; until then it is `FILE.partial`, and `FILE.partial.json` says how far it is. */
export class ExportFile {
  readonly begun: Mark | null
  readonly #file: string
  readonly #handle: FileHandle
  #bytes: number

  private constructor(file: string, handle: FileHandle, begun: Mark | null) {
    this.#file = file
    this.#handle = handle
    this.begun = begun
    this.#bytes = begun?.bytes ?? 0
  }

  /** Begins anew, or where an export of the same was cut off. Throws `Refused` when what was begun is another. */
  static async open(file: string, asked: string, resume: boolean): Promise<ExportFile> {
    const begun = resume ? await readMark(file) : null
    if (begun !== null && begun.asked !== asked)
      throw new Refused(
        `${file}.partial is of another export (${begun.asked}); without --resume it begins anew`,
      )
    const handle = await open(`${file}.partial`, begun === null ? 'w' : 'r+')
    if (begun !== null && (await handle.stat()).size < begun.bytes) {
      await handle.close()
      throw new Refused(`${file}.partial is shorter than it was; without --resume it begins anew`)
    }
    await handle.truncate(begun?.bytes ?? 0)
    if (begun === null) await rm(markOf(file), { force: true })
    return new ExportFile(file, handle, begun)
  }

  async write(text: string): Promise<void> {
    const data = Buffer.from(text)
    await this.#handle.write(data, 0, data.length, this.#bytes)
    this.#bytes += data.length
  }

  async mark(mark: Omit<Mark, 'bytes'>): Promise<void> {
    await this.#handle.datasync()
    const next = `${markOf(this.#file)}.new`
    await writeFile(next, JSON.stringify({ ...mark, bytes: this.#bytes }))
    await rename(next, markOf(this.#file))
  }

  /** Whether there is anything to go on from. */
  async leave(): Promise<boolean> {
    await this.#handle.close()
    if ((await readMark(this.#file)) !== null) return true
    await rm(`${this.#file}.partial`, { force: true })
    return false
  }

  /** Reads back what was written: so many lines, each JSON, and nothing else. Then it is there under its name. */
  async finish(items: number): Promise<{ readonly sha256: string }> {
    await this.#handle.sync()
    await this.#handle.close()
    const partial = `${this.#file}.partial`
    const { lines, sha256 } = await readBack(partial)
    if (lines !== items)
      throw new Refused(`${partial} has ${lines} lines and not ${items}: it was written over`)
    await rename(partial, this.#file)
    await rm(markOf(this.#file), { force: true })
    return { sha256 }
  }
}

function markOf(file: string): string {
  return `${file}.partial.json`
}

async function readMark(file: string): Promise<Mark | null> {
  const text = await readFile(markOf(file), 'utf8').catch(() => null)
  if (text === null) return null
  try {
    // Written by this program alone; a file of something else lacks what is looked at next.
    const mark = JSON.parse(text) as Mark
    return typeof mark.cursor === 'string' && Number.isSafeInteger(mark.bytes) ? mark : null
  } catch {
    return null
  }
}

async function readBack(file: string): Promise<{ readonly lines: number; readonly sha256: string }> {
  const hash = createHash('sha256')
  let lines = 0
  let pending = ''
  for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
    hash.update(String(chunk))
    const parts = (pending + String(chunk)).split('\n')
    pending = parts.pop() ?? ''
    for (const line of parts) {
      lines += 1
      if (!isObject(line)) throw new Refused(`${file}, line ${lines}: it is no object; was the disk full?`)
    }
  }
  if (pending !== '') throw new Refused(`${file} ends within a line; was the disk full?`)
  return { lines, sha256: hash.digest('hex') }
}

function isObject(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object'
  } catch {
    return false
  }
}
