/** Which processes are there? By the kernel's news where it gives any, and by looking into /proc again and again. */
import { readdirSync, readFileSync } from 'node:fs'
import { netio } from '../../linux/netio.ts'
import { openProcessEvents, type ProcessEvent, type ProcessEvents } from '../../linux/process-events.ts'
import type { ProcessImage } from '../../tracking/process-match.ts'

/** Without news of the kernel, a process that ends is missed for so long at most. */
const LOOK_EVERY_MS = 250
/** With them, a look now and then finds what they did not tell: another pid namespace, a lost message. */
const VERIFY_EVERY_MS = 5_000
/** News come in bursts: a shell that starts a program is three of them. */
const SETTLE_MS = 5

export class ProcessTable {
  readonly #changed: () => void
  readonly #images = new Map<number, ProcessImage>()
  readonly #events: ProcessEvents | null
  readonly #looks: NodeJS.Timeout
  #settling: NodeJS.Timeout | null = null

  constructor(changed: () => void) {
    this.#changed = changed
    this.#events = openProcessEvents(netio(), {
      happened: (event) => this.#happened(event),
      lost: () => this.#look(),
    })
    this.#look()
    this.#looks = setInterval(() => this.#look(), this.#events ? VERIFY_EVERY_MS : LOOK_EVERY_MS)
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
    clearInterval(this.#looks)
    if (this.#settling) clearTimeout(this.#settling)
    this.#events?.close()
  }

  #happened({ what, pid, parentPid }: ProcessEvent): void {
    if (what === 'exit') this.#images.delete(pid)
    else {
      const image = imageOf(pid) ?? (parentPid === null ? undefined : this.#images.get(parentPid))
      if (image === undefined) this.#images.delete(pid)
      else this.#images.set(pid, image)
    }
    this.#settling ??= setTimeout(() => {
      this.#settling = null
      this.#changed()
    }, SETTLE_MS)
  }

  #look(): void {
    this.#images.clear()
    for (const name of readdirSync('/proc')) {
      const pid = /^\d+$/.test(name) ? Number(name) : null
      const image = pid === null ? null : imageOf(pid)
      if (pid !== null && image !== null) this.#images.set(pid, image)
    }
    this.#changed()
  }
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
