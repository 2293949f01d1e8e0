/**
 * What two routers of different makes must do together: each story plays on a LAN of its own and answers for one or
 * more columns of the matrix. A story throws where a column fails; those before it have passed.
 */
import type { LabAgent } from '../lab/agent.ts'
import { pause, until } from '../lab/wait.ts'
import type { Dialect, Pair, Peer } from './pair.ts'

export const COLUMNS = [
  'we are active',
  'we are backup',
  'equal priority',
  'preempt off',
  'peer stops',
  'peer dies',
  'we stop',
  'we die',
] as const
export type Column = (typeof COLUMNS)[number]

export interface Story {
  readonly columns: readonly Column[]
  play(pair: Pair, dialect: Dialect, passed: (column: Column) => void): Promise<void>
}

/** Everything both of us need to have elected: a down interval and the start of a process, on a busy machine. */
const electionMs = ({ intervalMs }: Dialect): number => 4 * intervalMs + 12_000

/** What signals, logs, questions and a busy machine may add to the protocol's own times. */
const PROCESS_MS = 2_500

const untilWe = (ours: LabAgent, role: string, dialect: Dialect): Promise<boolean> =>
  until(async () => (await ours.role('web')) === role, {
    what: `us to be ${role}; we say:\n${ours.log()}`,
    withinMs: electionMs(dialect),
    everyMs: 50,
  })

const untilThey = (theirs: Peer, role: string, dialect: Dialect): Promise<boolean> =>
  until(async () => (await theirs.role()) === role, {
    what: `them to be ${role}; they say:\n${theirs.log()}`,
    withinMs: electionMs(dialect),
    everyMs: 100,
  })

interface Both {
  readonly pair: Pair
  readonly ours: LabAgent
  readonly theirs: Peer
  readonly dialect: Dialect
}

/** Nobody may move for as long as anybody who was going to would have. */
async function staysActive(who: 'we' | 'they', { pair, ours, theirs, dialect }: Both): Promise<void> {
  const expected = who === 'we' ? 'active backup true' : 'backup active false'
  const now = async () => `${await ours.role('web')} ${await theirs.role()} ${await pair.isHeldByUs()}`
  await until(async () => (await now()) === expected, {
    what: `${who} to be active alone, with the address`,
    withinMs: electionMs(dialect),
    everyMs: 50,
  })
  for (let i = 0; i < 4; i++) {
    await pause(dialect.intervalMs)
    const seen = await now()
    if (seen !== expected) throw new Error(`${who} did not stay active: ${seen}`)
  }
}

/** How long from now until the condition holds, which must be between these many intervals. */
async function timed(
  { intervalMs }: Dialect,
  [least, most]: readonly [number, number],
  condition: () => Promise<unknown>,
): Promise<void> {
  const began = performance.now()
  await condition()
  const tookMs = performance.now() - began
  if (tookMs >= least * intervalMs && tookMs <= most * intervalMs + PROCESS_MS) return
  throw new Error(`took ${tookMs.toFixed(0)} ms, not ${least} to ${most} intervals of ${intervalMs} ms`)
}

/** A skew of at most 156/256 of an interval, and whatever was missing until the last advertisement. */
const RESIGNED = [0, 2] as const
/** Three intervals and a skew, less the time since the last advertisement. */
const SILENT = [1.9, 4] as const

const theyOutrankUs: Story = {
  columns: ['we are backup', 'peer stops', 'peer dies'],
  async play(pair, dialect, passed) {
    let theirs = await pair.startTheirs({ priority: 200 })
    await untilThey(theirs, 'active', dialect)
    const ours = pair.startOurs({ priority: 100 })
    await untilWe(ours, 'backup', dialect)
    await staysActive('they', { pair, ours, theirs, dialect })
    passed('we are backup')

    const stopped = theirs.stop()
    await timed(dialect, RESIGNED, () => untilWe(ours, 'active', dialect))
    await stopped
    theirs = await pair.startTheirs({ priority: 200 })
    await untilThey(theirs, 'active', dialect)
    await staysActive('they', { pair, ours, theirs, dialect })
    passed('peer stops')

    const died = theirs.crash()
    await timed(dialect, SILENT, () => untilWe(ours, 'active', dialect))
    await died
    passed('peer dies')
  },
}

const weOutrankThem: Story = {
  columns: ['we are active', 'we stop', 'we die'],
  async play(pair, dialect, passed) {
    let ours = pair.startOurs({ priority: 200 })
    await untilWe(ours, 'active', dialect)
    const theirs = await pair.startTheirs({ priority: 100 })
    await untilThey(theirs, 'backup', dialect)
    await staysActive('we', { pair, ours, theirs, dialect })
    passed('we are active')

    const stopped = ours.stop()
    await timed(dialect, RESIGNED, () => untilThey(theirs, 'active', dialect))
    await stopped
    ours = pair.startOurs({ priority: 200 })
    await untilWe(ours, 'active', dialect)
    await staysActive('we', { pair, ours, theirs, dialect })
    passed('we stop')

    const died = ours.kill()
    await timed(dialect, SILENT, () => untilThey(theirs, 'active', dialect))
    await died
    passed('we die')
  },
}

/** Between backups there is no tie to break: whoever is active stays. After a split the higher address wins: theirs. */
const equalPriority: Story = {
  columns: ['equal priority'],
  async play(pair, dialect, passed) {
    const ours = pair.startOurs({ priority: 150 })
    await untilWe(ours, 'active', dialect)
    const theirs = await pair.startTheirs({ priority: 150 })
    await untilThey(theirs, 'backup', dialect)
    await staysActive('we', { pair, ours, theirs, dialect })
    await pair.lan.setForwarding('theirs', false)
    await untilThey(theirs, 'active', dialect)
    await pair.lan.setForwarding('theirs', true)
    await untilWe(ours, 'backup', dialect)
    await staysActive('they', { pair, ours, theirs, dialect })
    passed('equal priority')
  },
}

const preemptOff: Story = {
  columns: ['preempt off'],
  async play(pair, dialect, passed) {
    let theirs = await pair.startTheirs({ priority: 100 })
    await untilThey(theirs, 'active', dialect)
    const ours = pair.startOurs({ priority: 200, preempt: false })
    await untilWe(ours, 'backup', dialect)
    await staysActive('they', { pair, ours, theirs, dialect })
    await theirs.crash()
    await untilWe(ours, 'active', dialect)
    theirs = await pair.startTheirs({ priority: 250, preempt: false })
    await untilThey(theirs, 'backup', dialect)
    await staysActive('we', { pair, ours, theirs, dialect })
    passed('preempt off')
  },
}

export const STORIES: readonly Story[] = [theyOutrankUs, weOutrankThem, equalPriority, preemptOff]
