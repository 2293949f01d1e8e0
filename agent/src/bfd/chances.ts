/**
 * A stream of numbers from one that was drawn: jitter needs many, and a recording should hold few. The generator is
 * Marsaglia's xorshift32 (J. Stat. Software 8:14); nothing that must stay secret comes of it.
 */
export class Chances {
  #state: number

  /** `drawn` in [0, 1). */
  constructor(drawn: number) {
    this.#state = Math.floor(drawn * 0xffff_ffff) + 1
  }

  /** Uniform in [0, 1). */
  next(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return this.#state / 2 ** 32
  }
}
