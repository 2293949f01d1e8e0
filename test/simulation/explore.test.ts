import { randomInt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { failureLine } from './failure-line.ts'
import { runSeed } from './run.ts'

const FIXED_SEEDS = 200
const FRESH_SEEDS = 60

function failures(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => runSeed(first + i))
    .filter(({ broken }) => broken !== null)
    .map(failureLine)
}

describe('a LAN under faults', () => {
  it(`keeps every invariant, seeds 1 to ${FIXED_SEEDS}`, () => {
    expect(failures(1, FIXED_SEEDS)).toEqual([])
  })

  it('keeps every invariant with seeds nobody tried before', () => {
    const first = randomInt(2 ** 31)
    console.log(`fresh seeds ${first} to ${first + FRESH_SEEDS - 1}`)
    expect(failures(first, FRESH_SEEDS)).toEqual([])
  })

  it('does the same again, step by step, for the same seed', () => {
    const log = (seed: number) => {
      const seen: string[] = []
      runSeed(seed, (sight) => {
        const what =
          sight.kind === 'journal'
            ? JSON.stringify(sight.body)
            : sight.kind === 'deed'
              ? sight.deed.did
              : sight.text
        seen.push(`${sight.atMs} ${what}`)
      })
      return seen
    }
    const once = log(7)
    expect(once.length).toBeGreaterThan(100)
    expect(log(7)).toEqual(once)
    expect(log(8)).not.toEqual(once)
  })
})
