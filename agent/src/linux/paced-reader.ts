/**
 * When is a socket read? As soon as something is there: a resignation should not wait. While much comes, not again
 * within a few milliseconds: waking up for each of thousands of datagrams a second costs more than all that is then
 * done with them. The alarm reads before it rings (clock.ts), so that no deadline is decided on old news.
 */
import type { NativeSocket } from './netio.ts'

const WINDOW_MS = 100
/** Datagrams in a window, above which reading is paced, and below which it no longer is. */
const BUSY = 64
const QUIET = 32
const HOLD_OFF_MS = 4

export class PacedReader {
  readonly #socket: Pick<NativeSocket, 'watch' | 'pause'>
  readonly #drain: () => number
  readonly #now: () => number
  #windowEndsAt = 0
  #count = 0
  #timer: NodeJS.Timeout | null = null
  #isPaced = false
  /** Since when the socket may wake us again. */
  #watchesSince = 0
  /** Datagrams come all the time, and not in bursts: the socket would wake us at once. */
  #isSteady = false
  #isClosed = false

  /** `drain` takes in what is there and says how many datagrams that were. */
  constructor(
    socket: Pick<NativeSocket, 'watch' | 'pause'>,
    drain: () => number,
    now: () => number = () => performance.now(),
  ) {
    this.#socket = socket
    this.#drain = drain
    this.#now = now
    this.#socket.watch(() => this.#read())
  }

  get isPaced(): boolean {
    return this.#isPaced
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer) clearTimeout(this.#timer)
  }

  #read(): void {
    const now = this.#now()
    this.#isSteady = now - this.#watchesSince < HOLD_OFF_MS
    this.#take(now)
    // Draining may have closed it.
    if (this.#isClosed || !this.#isPaced) return
    this.#socket.pause(true)
    this.#holdOff()
  }

  #holdOff(): void {
    this.#timer = setTimeout(() => this.#readAgain(), HOLD_OFF_MS)
  }

  #readAgain(): void {
    const now = this.#now()
    const taken = this.#take(now)
    if (this.#isClosed) return
    if (this.#isPaced && this.#isSteady && taken > 0) {
      this.#holdOff()
      return
    }
    this.#watchesSince = now
    this.#socket.pause(false)
  }

  #take(now: number): number {
    const taken = this.#drain()
    if (now >= this.#windowEndsAt) {
      this.#isPaced &&= this.#count >= QUIET
      this.#windowEndsAt = now + WINDOW_MS
      this.#count = 0
    }
    this.#count += taken
    this.#isPaced ||= this.#count > BUSY
    return taken
  }
}
