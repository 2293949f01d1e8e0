import { Unavailable } from '../problems.ts'

/** At most so many at once, the rest in line in the order they came, and those beyond a long line turned away. */
export class Slots {
  private readonly line: (() => void)[] = []
  private free: number
  private readonly waitingMax: number

  constructor(atOnce: number, waitingMax: number) {
    this.free = atOnce
    this.waitingMax = waitingMax
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1
    else {
      if (this.line.length >= this.waitingMax) throw new Unavailable('too many people sign in at once', 2_000)
      await new Promise<void>((resolve) => this.line.push(resolve))
    }
    try {
      return await work()
    } finally {
      const next = this.line.shift()
      if (next === undefined) this.free += 1
      else next()
    }
  }
}
