/**
 * Follows the spool and sees to it that what an event calls for is done: in order for each lane, lanes side by side,
 * nothing skipped whenever the steward is killed. Where it stands is kept in a file that is written after something
 * was done and before the lane goes on, so that a successor repeats what was being done and nothing else.
 */
import { open, readFile, rename } from 'node:fs/promises'
import type { SpooledEvent } from '@aloft/shared/protocol/events'
import type { Spool } from '../../node/spool.ts'
import { type Change, type Known, type Memory, nothingTold, remember, type Told, tell } from './told.ts'

/** Something to do, and in which order: after whatever its lane was given before. */
export interface Errand {
  readonly lane: string
  /** Resolves when it was done or given up; rejects when the signal ended it before. */
  run(signal: AbortSignal): Promise<void>
}

export interface FollowerOptions {
  readonly file: string
  readonly spool: Pick<Spool, 'condition' | 'read'>
  readonly known: () => Known
  /** What is to be done because of an event, one errand a lane at most. `id` is the same whenever it is repeated. */
  readonly errands: (told: readonly Told[], id: string) => readonly Errand[]
  /** So many events were no longer in the spool when their turn came. */
  readonly lost: (count: number) => void
  readonly log: (text: string) => void
}

interface Position {
  readonly epoch: string
  /** Every event up to here is done with. */
  readonly seq: number
  /** What had been told by then. */
  readonly memory: Memory
}

interface Kept extends Position {
  /** Lanes that are further than that. */
  readonly done: Readonly<Record<string, number>>
}

interface InHand {
  readonly seq: number
  readonly change: Change
  open: number
}

/** Events read ahead of the oldest that is not done with. */
const AHEAD_MAX = 2_048
const READ = { countMax: 256, bytesMax: 1 << 20 }
/** A position that only moved over events that call for nothing is written at leisure. */
const IDLE_SAVE_MS = 1_000

export class Follower {
  readonly #options: FollowerOptions
  readonly #lanes = new Map<string, Promise<void>>()
  readonly #inHand: InHand[] = []
  #position: Position
  /** Lanes that are further than the position: changed in place, for a thousand routers move together. */
  readonly #done: Map<string, number>
  /** As of the event read last. */
  readonly #memory: Memory
  #readSeq: number
  #reading: Promise<void> | null = null
  #again = false
  #saving: Promise<void> | null = null
  #unsaved = false
  #idle: NodeJS.Timeout | null = null
  readonly #stopping = new AbortController()

  private constructor(options: FollowerOptions, { done, ...position }: Kept) {
    this.#options = options
    this.#position = position
    this.#done = new Map(Object.entries(done))
    this.#memory = structuredClone(position.memory)
    this.#readSeq = position.seq
  }

  /** Where there is no position yet, what is in the spool now is history and told to nobody. */
  static async open(options: FollowerOptions): Promise<Follower> {
    const { epoch, firstSeq, lastSeq } = options.spool.condition
    const kept = await readPosition(options)
    // A spool of another epoch holds nothing that was told before.
    const position =
      kept === null
        ? { epoch, seq: lastSeq, memory: nothingTold(), done: {} }
        : kept.epoch === epoch
          ? kept
          : { epoch, seq: firstSeq - 1, memory: kept.memory, done: {} }
    const follower = new Follower(options, position)
    if (position !== kept) await follower.#save()
    follower.grew()
    return follower
  }

  /** Events that are not done with, those that were not read yet included. */
  get behind(): number {
    return this.#options.spool.condition.lastSeq - this.#position.seq
  }

  /** There is something new in the spool. */
  grew(): void {
    if (this.#stopping.signal.aborted) return
    this.#again = true
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null
      // Told of more after the last look, but before this.
      if (this.#again) this.grew()
    })
  }

  /** Begins nothing any more; resolves when what runs has ended. What is left is done by the next follower. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    if (this.#idle) clearTimeout(this.#idle)
    await this.#reading
    await Promise.all(this.#lanes.values())
    await this.#save()
  }

  async #read(): Promise<void> {
    while (this.#again && !this.#stopping.signal.aborted) {
      this.#again = false
      try {
        await this.#readAll()
      } catch (error) {
        this.#options.log(`notifications: ${error instanceof Error ? error.message : String(error)}`)
        setTimeout(() => this.grew(), IDLE_SAVE_MS).unref()
      }
    }
  }

  async #readAll(): Promise<void> {
    const { spool } = this.#options
    for (;;) {
      const room = AHEAD_MAX - this.#inHand.length
      if (this.#stopping.signal.aborted || room <= 0 || this.#readSeq >= spool.condition.lastSeq) return
      this.#skipDropped()
      const events = await spool.read(this.#readSeq, { ...READ, countMax: Math.min(READ.countMax, room) })
      if (events.length === 0) return
      for (const event of events) this.#take(event)
    }
  }

  /** What the spool has dropped. */
  #skipDropped(): void {
    const { spool, lost } = this.#options
    const count = spool.condition.firstSeq - this.#readSeq - 1
    if (count <= 0) return
    this.#readSeq += count
    lost(count)
  }

  #take({ seq, body }: SpooledEvent): void {
    const { known, errands } = this.#options
    const { change, told } = tell(this.#memory, body, known())
    remember(this.#memory, change)
    this.#readSeq = seq
    const entry: InHand = { seq, change, open: 0 }
    this.#inHand.push(entry)
    const wanted = told.length === 0 ? [] : errands(told, `${this.#position.epoch}:${seq}`)
    for (const errand of wanted) {
      if (seq <= (this.#done.get(errand.lane) ?? 0)) continue
      entry.open++
      this.#enqueue(errand, entry)
    }
    this.#advance()
  }

  #enqueue({ lane, run }: Errand, entry: InHand): void {
    const before = this.#lanes.get(lane) ?? Promise.resolve()
    const { signal } = this.#stopping
    const mine = before.then(async () => {
      if (signal.aborted) return
      try {
        await run(signal)
      } catch (error) {
        if (signal.aborted) return
        this.#options.log(`notifications: ${String(error)}`)
      }
      entry.open--
      this.#done.set(lane, entry.seq)
      this.#advance()
      await this.#save()
    })
    this.#lanes.set(lane, mine)
    void mine.then(() => {
      if (this.#lanes.get(lane) === mine) this.#lanes.delete(lane)
    })
  }

  #advance(): void {
    const { memory } = this.#position
    let { seq } = this.#position
    for (let first = this.#inHand[0]; first?.open === 0; first = this.#inHand[0]) {
      remember(memory, first.change)
      seq = first.seq
      this.#inHand.shift()
    }
    if (seq === this.#position.seq) return
    for (const [lane, at] of this.#done) if (at <= seq) this.#done.delete(lane)
    this.#position = { epoch: this.#position.epoch, seq, memory }
    this.#idle ??= setTimeout(() => {
      this.#idle = null
      void this.#save()
    }, IDLE_SAVE_MS).unref()
    this.grew()
  }

  /** One write at a time; those who come while one runs share the next. */
  async #save(): Promise<void> {
    this.#unsaved = true
    while (this.#saving) await this.#saving
    if (!this.#unsaved) return
    this.#unsaved = false
    const kept: Kept = { ...this.#position, done: Object.fromEntries(this.#done) }
    this.#saving = writeDurably(this.#options.file, JSON.stringify(kept))
      .catch((error) => this.#options.log(`notifications: ${String(error)}`))
      .finally(() => {
        this.#saving = null
      })
    await this.#saving
  }
}

async function readPosition({ file, log }: FollowerOptions): Promise<Kept | null> {
  try {
    // Written by this module and replaced as a whole; a file of something else lacks what is looked at.
    const kept = JSON.parse(await readFile(file, 'utf8')) as Kept
    if (typeof kept.epoch === 'string' && Number.isSafeInteger(kept.seq) && kept.memory && kept.done)
      return kept
    throw new Error('it is no position')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    const why = error instanceof Error ? error.message : String(error)
    log(`notifications: ${file} cannot be read (${why}); what was not told yet is told to nobody`)
    return null
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const draft = `${file}.new`
  const handle = await open(draft, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, file)
}
