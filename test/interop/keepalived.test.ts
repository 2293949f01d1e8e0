/**
 * A live keepalived beside us, in every dialect its users speak: each of us as active and as backup, better, worse and
 * equal, stopping, dying, not preempting. Cells run side by side, because nearly all of their time is waiting.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LabAgent, untilRole } from '../lab/agent.ts'
import type { Keepalived, KeepalivedState } from '../lab/keepalived.ts'
import { pause, until } from '../lab/wait.ts'
import { createPair, DIALECTS, type Dialect, type Pair } from './pair.ts'

const untilTheirs = (peer: Keepalived, state: KeepalivedState, withinMs: number): Promise<boolean> =>
  until(() => peer.state() === state, {
    what: `keepalived to be ${state}; it says:\n${peer.log()}`,
    withinMs,
  })

/** Everything both of us need to have elected: a down interval and the start of a process. */
const electionMs = ({ intervalMs }: Dialect): number => 4 * intervalMs + 4_000

/** What signals, logs and a busy machine may add to the protocol's own times. */
const PROCESS_MS = 1_000

/** A role is entered a moment before its address has settled. */
const untilHeldBy = (pair: Pair, holder: 'ours' | 'theirs'): Promise<boolean> =>
  until(async () => (await pair.holders()).join() === holder, {
    what: `only ${holder} to hold the address`,
    withinMs: 3_000,
  })

/** Nobody may move for a while: long enough that anybody who was going to would have. */
async function expectStill(pair: Pair, dialect: Dialect, holder: 'ours' | 'theirs'): Promise<void> {
  await untilHeldBy(pair, holder)
  for (let i = 0; i < 5; i++) {
    expect(await pair.holders()).toEqual([holder])
    await pause(dialect.intervalMs)
  }
}

/** Time from now until the condition holds. */
async function timed(condition: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await condition()
  return performance.now() - began
}

type Story = (pair: Pair, dialect: Dialect) => Promise<void>

const STORIES: Readonly<Record<string, Story>> = {
  async 'they outrank us: we stand by, take over when they stop, and yield when they return'(pair, dialect) {
    const theirs = pair.startTheirs({ priority: 200 })
    await untilTheirs(theirs, 'MASTER', electionMs(dialect))
    const ours = pair.startOurs({ priority: 100 })
    await untilRole(ours, 'web', 'backup', electionMs(dialect))
    await expectStill(pair, dialect, 'theirs')
    const stopped = theirs.stop()
    const tookMs = await timed(() => untilRole(ours, 'web', 'active', electionMs(dialect)))
    // They resigned (priority 0), so we waited for our skew of 156/256 of an interval, not for the down interval.
    expect(tookMs).toBeLessThan(2 * dialect.intervalMs + PROCESS_MS)
    await stopped
    await untilHeldBy(pair, 'ours')
    const again = pair.startTheirs({ priority: 200 })
    await untilTheirs(again, 'MASTER', electionMs(dialect))
    await untilRole(ours, 'web', 'backup', electionMs(dialect))
    await expectStill(pair, dialect, 'theirs')
  },

  async 'we outrank them: they stand by, take over when we stop, and yield when we return'(pair, dialect) {
    const ours = pair.startOurs({ priority: 200 })
    await untilRole(ours, 'web', 'active', electionMs(dialect))
    const theirs = pair.startTheirs({ priority: 100 })
    await untilTheirs(theirs, 'BACKUP', electionMs(dialect))
    await expectStill(pair, dialect, 'ours')
    const tookMs = await timed(async () => {
      process.kill(ours.pidOf('steward'), 'SIGTERM')
      await untilTheirs(theirs, 'MASTER', electionMs(dialect))
    })
    expect(tookMs).toBeLessThan(2 * dialect.intervalMs + PROCESS_MS)
    await ours.stop()
    await untilHeldBy(pair, 'theirs')
    const again: LabAgent = pair.startOurs({ priority: 200 })
    await untilRole(again, 'web', 'active', electionMs(dialect))
    await untilTheirs(theirs, 'BACKUP', electionMs(dialect))
    await expectStill(pair, dialect, 'ours')
  },

  async 'we die: they take over after the down interval'(pair, dialect) {
    const ours = pair.startOurs({ priority: 200 })
    await untilRole(ours, 'web', 'active', electionMs(dialect))
    const theirs = pair.startTheirs({ priority: 100 })
    await untilTheirs(theirs, 'BACKUP', electionMs(dialect))
    await pair.lan.setForwarding('ours', false)
    const tookMs = await timed(() => untilTheirs(theirs, 'MASTER', electionMs(dialect)))
    expect(tookMs).toBeGreaterThan(2.4 * dialect.intervalMs)
    expect(tookMs).toBeLessThan(4 * dialect.intervalMs + PROCESS_MS)
    await pair.lan.setForwarding('ours', true)
    await untilTheirs(theirs, 'BACKUP', electionMs(dialect))
    await expectStill(pair, dialect, 'ours')
  },

  async 'they die: we take over after the down interval'(pair, dialect) {
    const theirs = pair.startTheirs({ priority: 200 })
    await untilTheirs(theirs, 'MASTER', electionMs(dialect))
    const ours = pair.startOurs({ priority: 100 })
    await untilRole(ours, 'web', 'backup', electionMs(dialect))
    await pause(2 * dialect.intervalMs)
    await pair.lan.setForwarding('theirs', false)
    const tookMs = await timed(() => untilRole(ours, 'web', 'active', electionMs(dialect)))
    expect(tookMs).toBeGreaterThan(2.4 * dialect.intervalMs)
    expect(tookMs).toBeLessThan(4 * dialect.intervalMs + PROCESS_MS)
    await pair.lan.setForwarding('theirs', true)
    await untilRole(ours, 'web', 'backup', electionMs(dialect))
    await expectStill(pair, dialect, 'theirs')
  },

  async 'equal priority: whoever is active stays, and after a split the higher address (theirs) wins'(
    pair,
    dialect,
  ) {
    const ours = pair.startOurs({ priority: 150 })
    await untilRole(ours, 'web', 'active', electionMs(dialect))
    const theirs = pair.startTheirs({ priority: 150 })
    await untilTheirs(theirs, 'BACKUP', electionMs(dialect))
    await expectStill(pair, dialect, 'ours')
    await pair.lan.setForwarding('theirs', false)
    await untilTheirs(theirs, 'MASTER', electionMs(dialect))
    await pair.lan.setForwarding('theirs', true)
    await untilRole(ours, 'web', 'backup', electionMs(dialect))
    await expectStill(pair, dialect, 'theirs')
  },

  async 'preempt off on our side: we outrank them and still wait'(pair, dialect) {
    const theirs = pair.startTheirs({ priority: 100 })
    await untilTheirs(theirs, 'MASTER', electionMs(dialect))
    const ours = pair.startOurs({ priority: 200, preempt: false })
    await untilRole(ours, 'web', 'backup', electionMs(dialect))
    await expectStill(pair, dialect, 'theirs')
  },

  async 'preempt off on their side: they outrank us and still wait'(pair, dialect) {
    const ours = pair.startOurs({ priority: 100 })
    await untilRole(ours, 'web', 'active', electionMs(dialect))
    const theirs = pair.startTheirs({ priority: 200, preempt: false })
    await untilTheirs(theirs, 'BACKUP', electionMs(dialect))
    await expectStill(pair, dialect, 'ours')
  },
}

describe.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))(
  'keepalived, %s',
  (_name, dialect) => {
    const pairs = new Map<string, Pair>()
    beforeAll(async () => {
      for (const story of Object.keys(STORIES)) pairs.set(story, await createPair(dialect))
    })
    afterAll(async () => {
      for (const pair of pairs.values()) await pair.remove()
    })

    it.concurrent.each(Object.entries(STORIES))('%s', { timeout: 90_000 }, async (name, story) => {
      const pair = pairs.get(name)
      if (pair === undefined) throw new Error(`no LAN was made for: ${name}`)
      await story(pair, dialect)
    })
  },
)
