/** Chance as an argument: the same seed gives the same run, so that a seed is a bug report. */
export interface Entropy {
  /** Uniform in [0, 1). */
  next(): number
}

/** A generator for simulations (Marsaglia's xorshift128, J. Stat. Software 8:14). Not for keys or nonces. */
export function seededEntropy(seed: number): Entropy {
  // Neighbouring seeds must not give neighbouring runs, so the seed is spread over the whole state first.
  let spread = seed | 0
  const word = () => {
    spread = (spread + 0x6d2b79f5) | 0
    let mixed = Math.imul(spread ^ (spread >>> 16), 0x45d9f3b)
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b)
    return (mixed ^ (mixed >>> 16)) | 0
  }
  let [x, y, z, w] = [word(), word(), word(), word() | 1]
  return {
    next() {
      const t = x ^ (x << 11)
      x = y
      y = z
      z = w
      w = w ^ (w >>> 19) ^ t ^ (t >>> 8)
      return (w >>> 0) / 2 ** 32
    },
  }
}

/** A number in [min, max). */
export function between(entropy: Entropy, min: number, max: number): number {
  return min + (max - min) * entropy.next()
}

/** An integer from `min` to `max`, both included. */
export function integer(entropy: Entropy, min: number, max: number): number {
  return min + Math.floor(entropy.next() * (max - min + 1))
}

export function chance(entropy: Entropy, probability: number): boolean {
  return entropy.next() < probability
}

/** One of a list that must not be empty. */
export function pick<T>(entropy: Entropy, from: readonly T[]): T {
  const chosen = from[Math.floor(entropy.next() * from.length)]
  if (chosen === undefined) throw new RangeError('nothing to pick from')
  return chosen
}
