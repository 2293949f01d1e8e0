/** What the demo is doing, for people who wait: a line for each thing that is done, and on a terminal what is not yet. */

/** As much of a terminal, or of a log file, as this needs. */
type Screen = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> & { write(text: string): boolean }

export class Progress {
  readonly #out: Screen
  readonly #pending = new Set<string>()

  constructor(out: Screen) {
    this.#out = out
  }

  say(line: string): void {
    this.#erase()
    this.#out.write(`${line}\n`)
    this.#draw()
  }

  /** Runs a step, and prints what it took. Steps may run at the same time. */
  async step<T>(what: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now()
    this.#erase()
    this.#pending.add(what)
    this.#draw()
    try {
      const result = await work()
      this.#finish(what)
      this.say(`  ✓ ${what} (${((performance.now() - began) / 1_000).toFixed(1)} s)`)
      return result
    } catch (error) {
      this.#finish(what)
      throw error
    }
  }

  #finish(what: string): void {
    this.#erase()
    this.#pending.delete(what)
    this.#draw()
  }

  /** One line that is rewritten in place, cut to the terminal's width; a log file gets none of it. */
  #draw(): void {
    if (!this.#out.isTTY || this.#pending.size === 0) return
    const line = `  … ${[...this.#pending].join(' · ')}`
    this.#out.write(line.slice(0, Math.max(10, (this.#out.columns || 80) - 1)))
  }

  #erase(): void {
    if (this.#out.isTTY) this.#out.write('\r\x1b[K')
  }
}
