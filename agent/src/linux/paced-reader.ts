/**
 * When is a socket read? As soon as something is there, while little comes: a resignation should not wait. When much
 * comes, a few milliseconds after the first of it: waking up for each of thousands of datagrams a second costs more than
 * all that is then done with them. The alarm reads before it rings (clock.ts), so that no deadline is decided on old news.
 */
import type { NativeSocket } from './netio.ts'

const WINDOW_MS = 100
/** Wake-ups in a window, above which reading is paced, and datagrams in a window, below which it no longer is. */
const BUSY = 64
const QUIET = 32
const HOLD_OFF_MS = 4

export class PacedReader {
  readonly #socket: Pick<NativeSocket, 'watch'>
  readonly #drain: () => number
  readonly #now: () => number
  #windowEndsAt = 0
  #count = 0
  #timer: NodeJS.Timeout | null = null
  #isPaced = false

  /** `drain` takes in what is there and says how many datagrams that were. */
  constructor(
    socket: Pick<NativeSocket, 'watch'>,
    drain: () => number,
    now: () => number = () => performance.now(),
  ) {
    this.#socket = socket
    this.#drain = drain
    this.#now = now
    this.#watch()
  }

  get isPaced(): boolean {
    return this.#isPaced
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #watch(): void {
    this.#socket.watch(() => (this.#isPaced ? this.#holdOff() : this.#read()))
  }

  #read(): void {
    this.#drain()
    const now = this.#now()
    if (now >= this.#windowEndsAt) this.#begin(now)
    this.#count += 1
    if (this.#count <= BUSY) return
    this.#isPaced = true
    this.#begin(now)
  }

  #holdOff(): void {
    this.#socket.watch(null)
    this.#timer = setTimeout(() => this.#readAll(), HOLD_OFF_MS)
  }

  #readAll(): void {
    this.#count += this.#drain()
    // Draining may have closed it.
    if (this.#timer === null) return
    this.#timer = null
    const now = this.#now()
    if (now >= this.#windowEndsAt) {
      this.#isPaced = this.#count >= QUIET
      this.#begin(now)
    }
    this.#watch()
  }

  #begin(now: number): void {
    this.#windowEndsAt = now + WINDOW_MS
    this.#count = 0
  }
}
