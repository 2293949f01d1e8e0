/** A host's own idea of time: it runs a little fast or slow, and started from somewhere else. */
import type { Cancel, Scheduler } from '@aloft/agent/simulated/clock'
import type { Alarm, Clock } from '@aloft/agent/world/router-world'

export interface Skew {
  /** Host milliseconds in a true one. */
  readonly rate: number
  readonly offsetMs: number
  /** How far the host's calendar is off; nothing may depend on it. */
  readonly wallOffsetMs: number
}

export const TRUE_TIME: Skew = { rate: 1, offsetMs: 0, wallOffsetMs: 0 }

const WALL_START_MS = Date.UTC(2026, 0, 1)

export class SkewedClock implements Clock {
  readonly #time: Scheduler
  readonly #skew: Skew

  constructor(time: Scheduler, skew: Skew) {
    this.#time = time
    this.#skew = skew
  }

  /** How many true milliseconds pass in so many of the host's. */
  trueMs(hostMs: number): number {
    return hostMs / this.#skew.rate
  }

  now(): number {
    return this.#skew.offsetMs + this.#skew.rate * this.#time.now()
  }

  wallMs(): number {
    return WALL_START_MS + this.#skew.wallOffsetMs + this.#time.now()
  }

  /** An alarm set in host time. A real one is never early, so rounding must not make this one so. */
  alarm(ring: () => void): Alarm {
    let cancel: Cancel = () => {}
    const wait = (atMs: number) => {
      cancel = this.#time.at((atMs - this.#skew.offsetMs) / this.#skew.rate, () => {
        if (this.now() < atMs) wait(atMs + (atMs - this.now()))
        else ring()
      })
    }
    return {
      set(atMs) {
        cancel()
        if (atMs !== null) wait(atMs)
      },
    }
  }
}
