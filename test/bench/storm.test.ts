import { describe, expect, it } from 'vitest'
import type { DialFacts } from '../fleet/fleet-process.ts'
import { judgeStorm } from './storm.ts'

const KILLED_AT_MS = 1_000_000
const dial = (atMs: number, facts: Partial<DialFacts> = {}): DialFacts => ({
  atMs,
  endedAtMs: null,
  code: null,
  retryAfterMs: null,
  spreadMs: null,
  ...facts,
})
/** A session that stood when the replica died, of an agent that was told this spread. */
const session = (spreadMs: number) => dial(KILLED_AT_MS - 60_000, { endedAtMs: KILLED_AT_MS + 1, spreadMs })
/** Two hundred a second over ten seconds, each within its spread. */
const fleet = () =>
  Array.from({ length: 2_000 }, (_, i) => [
    session(10_000),
    dial(KILLED_AT_MS + 2 + i * 5, { spreadMs: 10_000 }),
  ])
const judge = (perAgent: readonly (readonly DialFacts[])[]) =>
  judgeStorm(perAgent, { killedAtMs: KILLED_AT_MS, tookMs: 12_000 })

describe('the judge of a storm', () => {
  it('finds nothing wrong with a fleet that keeps to its spread', () => {
    expect(judge(fleet())).toMatchObject({ asTold: true, inTime: true, spreadS: 10, attemptsOfOneMax: 1 })
  })

  it('judges an agent by its own welcome, not by the others', () => {
    const told = [session(2_000), dial(KILLED_AT_MS + 6_000, { spreadMs: 10_000 })]
    expect(judge([...fleet(), told])).toMatchObject({ asTold: false, tooLate: 1, spreadMinS: 2 })
  })

  it('finds a crowd, a dial before its Retry-After, two at once, and who was never told', () => {
    const crowd = Array.from({ length: 300 }, () => [session(10_000), dial(KILLED_AT_MS + 500)])
    expect(judge([...fleet(), ...crowd])).toMatchObject({ asTold: false, crowdedSeconds: 1 })
    const refused = dial(KILLED_AT_MS + 100, { endedAtMs: KILLED_AT_MS + 200, retryAfterMs: 5_000 })
    const eager = [session(10_000), refused, dial(KILLED_AT_MS + 4_000)]
    expect(judge([...fleet(), eager])).toMatchObject({ asTold: false, tooEarly: 1 })
    const twice = [session(10_000), dial(KILLED_AT_MS + 100), dial(KILLED_AT_MS + 300)]
    expect(judge([...fleet(), twice])).toMatchObject({ asTold: false, tooEarly: 1 })
    expect(judge([...fleet(), [dial(KILLED_AT_MS + 100)]])).toMatchObject({ asTold: false, untold: 1 })
  })
})
