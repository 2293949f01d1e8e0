/** CLOCK_MONOTONIC of this host, and an alarm on it. docs/decisions/0004-netio.md says why a timerfd. */
import type { Alarm, Clock } from '../world/router-world.ts'
import type { NativeTimer, Netio } from './netio.ts'

export function createClock(): Clock {
  return {
    now() {
      const [seconds, nanoseconds] = process.hrtime()
      return seconds * 1000 + nanoseconds / 1e6
    },
    wallMs: () => Date.now(),
  }
}

/**
 * Rings by `ring`, never before its time. `beforeRing` runs first and may set the alarm anew, which cancels the ring:
 * a process that was held up must see the advertisement that waits in its socket before it decides that none came.
 */
export class KernelAlarm implements Alarm {
  readonly #timer: NativeTimer
  readonly #clock: Clock
  readonly #handlers: { beforeRing(): void; ring(): void }
  #atMs: number | null = null

  constructor(netio: Netio, clock: Clock, handlers: { beforeRing(): void; ring(): void }) {
    this.#timer = netio.timer()
    this.#clock = clock
    this.#handlers = handlers
    this.#timer.watch(() => this.#expired())
  }

  set(atMs: number | null): void {
    if (atMs === this.#atMs) return
    // A deadline before the boot is long past; the timer takes no negative time.
    this.#timer.setTimer(atMs === null ? null : Math.max(0, atMs))
    this.#atMs = atMs
  }

  close(): void {
    this.#atMs = null
    this.#timer.close()
  }

  #expired(): void {
    const atMs = this.#atMs
    if (atMs === null) return
    // Binary fractions of a millisecond may round a nanosecond the wrong way.
    if (this.#clock.now() < atMs) {
      this.#timer.setTimer(atMs)
      return
    }
    this.#handlers.beforeRing()
    if (this.#atMs !== atMs) return
    this.#atMs = null
    this.#handlers.ring()
  }
}
