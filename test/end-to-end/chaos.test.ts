/** The short form of `npm run chaos`: the same storm for a quarter of a minute. */
import { describe, expect, it } from 'vitest'
import { runChaos } from './chaos.ts'

const seed = Number(process.env['ALOFT_SEED'] ?? Date.now() % 1_000_000)

describe('kill -9 of everything at random', () => {
  it(`loses nothing, doubles nothing, keeps the order (seed ${seed})`, { timeout: 180_000 }, async () => {
    const result = await runChaos({ durationMs: 15_000, seed, say: () => {} })
    expect(result.differences).toEqual([])
    expect(result.transitionsByStewardDeath).toBe(0)
    expect(result.observed).toBeGreaterThan(10)
  })
})
