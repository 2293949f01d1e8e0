/** The one alarm of the world, set as rarely as can be. */
import type { Alarm } from '../../world/router-world.ts'

export class LazyAlarm {
  readonly #alarm: Alarm
  #armedAt: number | null = null

  constructor(alarm: Alarm) {
    this.#alarm = alarm
  }

  rang(): void {
    this.#armedAt = null
  }

  /**
   * It rings then, or earlier for nothing. Deadlines mostly move later, with every advertisement heard; one alarm for
   * nothing is cheaper than setting it anew each time.
   */
  setAtMost(dueAt: number | null): void {
    if (this.ringsBefore(dueAt)) return
    this.setAt(dueAt)
  }

  /** It rings before then as it is set, so that a deadline which is no earlier need not be known. */
  ringsBefore(at: number | null): boolean {
    return at !== null && this.#armedAt !== null && at > this.#armedAt
  }

  /** It rings then. Where a deadline moves once in many milliseconds, to set it anew is cheaper than to wake up for nothing. */
  setAt(dueAt: number | null): void {
    if (dueAt === this.#armedAt) return
    this.#armedAt = dueAt
    this.#alarm.set(dueAt)
  }
}
