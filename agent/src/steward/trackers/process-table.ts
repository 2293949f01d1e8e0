/** Which processes are there? By the kernel's news where it gives any, and by looking into /proc again and again. */
import { readdirSync, readFileSync } from 'node:fs'
import { netio } from '../../linux/netio.ts'
import { openProcessEvents, type ProcessEvent, type ProcessEvents } from '../../linux/process-events.ts'
import type { ProcessImage } from '../../tracking/process-match.ts'

/** Without news of the kernel, a process that ends is missed for so long at most. */
const GLANCE_EVERY_MS = 250
/** Everything is looked at now and then, for what neither news nor glances tell: another pid namespace, a lost message. */
const LOOK_EVERY_MS = 5_000
/** A process this young may still become another program. */
const YOUNG_GLANCES = 8
/** News come in bursts: a shell that starts a program is three of them. */
const SETTLE_MS = 5

export interface ProcessTableOptions {
  readonly changed: () => void
  /** Whether anybody counts such processes. */
  readonly isWatched: (image: ProcessImage) => boolean
}

export class ProcessTable {
  readonly #options: ProcessTableOptions
  readonly #images = new Map<number, ProcessImage>()
  readonly #events: ProcessEvents | null
  readonly #timers: readonly NodeJS.Timeout[]
  /** For how many more glances a process is read again. */
  readonly #young = new Map<number, number>()
  #settling: NodeJS.Timeout | null = null

  constructor(options: ProcessTableOptions) {
    this.#options = options
    this.#events = openProcessEvents(netio(), {
      happened: (event) => this.#happened(event),
      lost: () => this.#look(),
    })
    this.#look()
    const looks = setInterval(() => this.#look(), LOOK_EVERY_MS)
    this.#timers = this.#events ? [looks] : [looks, setInterval(() => this.#glance(), GLANCE_EVERY_MS)]
  }

  /** Whether the kernel tells at once, or /proc is looked into. */
  get source(): 'kernel' | 'polling' {
    return this.#events ? 'kernel' : 'polling'
  }

  count(isWanted: (image: ProcessImage) => boolean): number {
    let count = 0
    for (const image of this.#images.values()) if (isWanted(image)) count++
    return count
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer)
    if (this.#settling) clearTimeout(this.#settling)
    this.#events?.close()
  }

  #happened({ what, pid, parentPid }: ProcessEvent): void {
    if (what === 'exit') this.#images.delete(pid)
    else {
      // A child is what its parent was until it says otherwise; nothing need be read for most of them.
      const inherited = parentPid === null ? undefined : this.#images.get(parentPid)
      if (inherited === undefined) this.#read(pid)
      else this.#images.set(pid, inherited)
    }
    this.#settling ??= setTimeout(() => {
      this.#settling = null
      this.#options.changed()
    }, SETTLE_MS)
  }

  #look(): void {
    this.#images.clear()
    for (const pid of pids()) this.#read(pid)
    this.#options.changed()
  }

  /** Reads only what is new, young or watched: thousands of processes four times a second would be dear. */
  #glance(): void {
    const there = pids()
    for (const pid of this.#images.keys()) if (!there.has(pid)) this.#images.delete(pid)
    for (const pid of this.#young.keys()) if (!there.has(pid)) this.#young.delete(pid)
    for (const pid of there) {
      const known = this.#images.get(pid)
      if (known === undefined && !this.#young.has(pid)) this.#young.set(pid, YOUNG_GLANCES)
      const left = this.#young.get(pid) ?? 0
      if (left > 0) this.#young.set(pid, left - 1)
      if (left > 0 || (known !== undefined && this.#options.isWatched(known))) this.#read(pid)
    }
    for (const [pid, left] of this.#young) if (left === 0 && this.#images.has(pid)) this.#young.delete(pid)
    this.#options.changed()
  }

  #read(pid: number): void {
    const image = imageOf(pid)
    if (image === null) this.#images.delete(pid)
    else this.#images.set(pid, image)
  }
}

function pids(): Set<number> {
  return new Set(readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? Number(name) : [])))
}

/** Null: it has ended, or is a zombie that only waits to be noticed. */
function imageOf(pid: number): ProcessImage | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
    if (state === 'Z' || state === 'X') return null
    const comm = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    return { comm, words: wordsOf(readFileSync(`/proc/${pid}/cmdline`, 'utf8')) }
  } catch {
    return null
  }
}

function wordsOf(commandLine: string): string[] {
  const words = commandLine.split('\0')
  if (words.at(-1) === '') words.pop()
  return words
}
