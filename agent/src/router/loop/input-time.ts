/**
 * When did an input come? What one read brought came in one moment, which is read once: the clock is asked again when
 * something was done meanwhile that may have taken time, so that no deadline counts from a moment long past.
 */
import type { Clock } from '../../world/router-world.ts'

export class InputTime {
  readonly #clock: Pick<Clock, 'now'>
  #isTogether = false
  #at: number | null = null

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** While what one read brought is being delivered. */
  get isTogether(): boolean {
    return this.#isTogether
  }

  now(): number {
    if (!this.#isTogether) return this.#clock.now()
    this.#at ??= this.#clock.now()
    return this.#at
  }

  /** What is done now may take time. */
  passes(): void {
    this.#at = null
  }

  together(deliver: () => void): void {
    this.#isTogether = true
    try {
      deliver()
    } finally {
      this.#isTogether = false
      this.#at = null
    }
  }
}
