/** The short form of `npm run chaos -- --fleet`. */
import { describe, expect, it } from 'vitest'
import { runFleetChaos } from './fleet-chaos.ts'

const seed = Number(process.env['ALOFT_SEED'] ?? Date.now() % 1_000_000)

describe('a simulated fleet on three replicas, everything killed at random', () => {
  it.each([
    ['websocket', 30, 15_000],
    ['exchange', 20, 10_000],
  ] as const)(
    `over %s: history equals the recordings and nobody is falsely down (seed ${seed})`,
    {
      timeout: 240_000,
    },
    async (transport, agents, durationMs) => {
      const result = await runFleetChaos({
        agents,
        durationMs,
        seed,
        transport,
        say: () => {},
      })
      expect(result.differences).toEqual([])
      expect(result.undelivered).toEqual([])
      expect(result.falselyDown).toEqual([])
      expect(result.recorded).toBeGreaterThan(100)
      expect(result.looks).toBeGreaterThan(10)
    },
  )
})
