/** The short form of `npm run chaos -- --fleet`. */
import { describe, expect, it } from 'vitest'
import { runFleetChaos } from './fleet-chaos.ts'

const seed = Number(process.env['ALOFT_SEED'] ?? Date.now() % 1_000_000)

describe('a simulated fleet on three replicas, everything killed at random', () => {
  it(`history equals the recordings and nobody is falsely down (seed ${seed})`, {
    timeout: 240_000,
  }, async () => {
    const result = await runFleetChaos({
      agents: 30,
      durationMs: 15_000,
      seed,
      transport: 'websocket',
      say: () => {},
    })
    expect(result.differences).toEqual([])
    expect(result.undelivered).toEqual([])
    expect(result.falselyDown).toEqual([])
    expect(result.recorded).toBeGreaterThan(100)
    expect(result.looks).toBeGreaterThan(10)
  })
})
