/** The clocks of a simulated host: a wall clock that is wrong and jumps, and a monotonic one that starts with each boot. */
import { randomUUID } from 'node:crypto'
import type { Observed } from '@aloft/shared/protocol/events'

export class HostClock {
  #skewMs: number
  #bootedAtMs = performance.now() - 60_000
  #bootId: string = randomUUID()

  constructor(skewMs: number) {
    this.#skewMs = skewMs
  }

  get bootId(): string {
    return this.#bootId
  }

  wallMs(): number {
    return Date.now() + this.#skewMs
  }

  monoMs(): number {
    return performance.now() - this.#bootedAtMs
  }

  now(): Observed {
    return { wallMs: this.wallMs(), monoMs: this.monoMs(), bootId: this.#bootId }
  }

  jump(byMs: number): void {
    this.#skewMs += byMs
  }

  reboot(): void {
    this.#bootId = randomUUID()
    this.#bootedAtMs = performance.now()
  }
}
