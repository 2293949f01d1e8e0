/** Fast and repeatable chance: xorshift32. */
export interface Chance {
  /** A whole number from 0 to below `bound`. */
  below(bound: number): number
  byte(): number
}

export function chanceOf(seed: number): Chance {
  // Zero is the one state it never leaves.
  let state = (seed * 2_654_435_761) >>> 0 || 1
  const next = () => {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
  return { below: (bound) => next() % bound, byte: () => next() & 0xff }
}
