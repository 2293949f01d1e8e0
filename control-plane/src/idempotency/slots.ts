/** At most so many at once; the rest in line, in the order they came. */
export class Slots {
  private free: number
  private readonly line: (() => void)[] = []

  constructor(count: number) {
    this.free = count
  }

  /** Resolves, when it is one's turn, with what gives the place back. */
  async take(): Promise<() => void> {
    if (this.free > 0) this.free -= 1
    else await new Promise<void>((resolve) => this.line.push(resolve))
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      const next = this.line.shift()
      if (next === undefined) this.free += 1
      else next()
    }
  }
}
