/** What holds of every virtual router after any events whatever, in any order: the promises the loop relies on. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { address, routerConfig } from './examples.test.support.ts'
import { activeDownInterval, skewTime } from './intervals.ts'
import { INITIAL, nextWakeup, step } from './machine.ts'
import { type Action, type Event, OWNER, type Parameters, RESIGN, type State } from './virtual-router.ts'

const OWN = address('192.0.2.10')
const INTERVALS = [10, 30, 100, 1000, 3000, 40_950]

const parameters: fc.Arbitrary<Parameters> = fc
  .record({
    version: fc.constantFrom(2 as const, 3 as const),
    priority: fc.oneof(fc.constantFrom(1, 100, 254, OWNER), fc.integer({ min: 1, max: 255 })),
    advertisementIntervalMs: fc.constantFrom(...INTERVALS),
    missedAdvertisements: fc.constantFrom(1, 3, 100),
    answerLowerPriority: fc.boolean(),
    speakBeforeYielding: fc.boolean(),
    isGrouped: fc.boolean(),
    preempt: fc.record({ enabled: fc.boolean(), delayMs: fc.constantFrom(0, 500, 30_000) }),
    source: fc.constantFrom(OWN, null),
  })
  .map(({ source, isGrouped, ...changes }) => {
    return { config: routerConfig(changes), source, priority: changes.priority, isGrouped }
  })

const advertisement: fc.Arbitrary<Event> = fc
  .record({
    source: fc.constantFrom(address('192.0.2.9'), OWN, address('192.0.2.11')),
    priority: fc.oneof(fc.constantFrom(0, 1, 100, 255), fc.integer({ min: 0, max: 255 })),
    intervalMs: fc.constantFrom(...INTERVALS),
    version: fc.constantFrom(2 as const, 3 as const),
  })
  .map(({ source, ...content }) => ({
    kind: 'advertisement',
    source,
    advertisement: { vrid: 51, addresses: [address('192.0.2.100')], ...content },
  }))

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: advertisement },
  { weight: 4, arbitrary: fc.constant<Event>({ kind: 'timer' }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Event>(
      { kind: 'startup' },
      { kind: 'shutdown', reason: 'shutdown' },
      { kind: 'fault', reason: 'interface-down' },
      { kind: 'fault-cleared' },
      { kind: 'resume-active' },
      { kind: 'group-active' },
      { kind: 'group-backup' },
      { kind: 'stalled' },
    ),
  },
)

interface Turn {
  readonly before: State
  readonly after: State
  readonly actions: readonly Action[]
  readonly now: number
  readonly event: Event
}

const histories = fc
  .record({
    parameters,
    events: fc.array(fc.tuple(event, fc.constantFrom(0, 1, 7.5, 100, 1000, 5000, 123_456)), {
      maxLength: 60,
    }),
  })
  .map(({ parameters: given, events }) => ({ parameters: given, turns: live(given, events) }))

/** Each event comes after its pause, beginning with a startup; the timer may ring early, late, or not at all. */
function live(given: Parameters, events: readonly (readonly [Event, number])[]): readonly Turn[] {
  const turns: Turn[] = []
  let [state, now]: [State, number] = [INITIAL, 1000]
  const startup: readonly [Event, number] = [{ kind: 'startup' }, 0]
  for (const [next, pauseMs] of [startup, ...events]) {
    now += pauseMs
    const [after, actions] = step(given, state, next, now)
    turns.push({ before: state, after, actions, now, event: next })
    state = after
  }
  return turns
}

function always(check: (turn: Turn, given: Parameters) => void): void {
  const property = fc.property(histories, ({ parameters: given, turns }) => {
    for (const turn of turns) check(turn, given)
  })
  fc.assert(property, { seed: 1, numRuns: 2000 })
}

/** What an active says last, by what ends its role. */
function lastWords({ before, after, event: cause }: Turn, config: VirtualRouterConfig): readonly number[] {
  if (before.role !== 'active' || after.role === 'active' || cause.kind === 'stalled') return []
  if (cause.kind !== 'advertisement') return [RESIGN]
  return config.speakBeforeYielding ? [config.priority] : []
}

const does = ({ actions }: Turn, what: Action['do']) => actions.filter((action) => action.do === what).length

describe('after any events in any order', () => {
  it('addresses are acquired on becoming active and given back on ceasing to be, and at no other time', () => {
    always((turn) => {
      const [was, is] = [turn.before.role === 'active', turn.after.role === 'active']
      expect([does(turn, 'acquire-addresses'), does(turn, 'release-addresses')]).toEqual([
        !was && is ? 1 : 0,
        was && !is ? 1 : 0,
      ])
    })
  })

  it('every change of role is recorded once, from what was to what is; only resuming is none', () => {
    always((turn) => {
      const recorded = turn.actions.flatMap((action) =>
        action.do === 'transition' ? [action.transition] : [],
      )
      const from = turn.before.role
      const to = turn.after.role
      const isChange = from !== to && turn.event.kind !== 'resume-active'
      expect(recorded.map((transition) => [transition.from, transition.to, transition.at])).toEqual(
        isChange ? [[from, to, turn.now]] : [],
      )
    })
  })

  it('only an active speaks: with its own priority, or with 0 as its last word', () => {
    always((turn, { config }) => {
      const priorities = turn.actions.flatMap((action) =>
        action.do === 'advertise' ? [action.priority] : [],
      )
      if (turn.after.role === 'active') {
        expect(priorities.every((priority) => priority === config.priority)).toBe(true)
      } else {
        expect(priorities).toEqual(lastWords(turn, config))
      }
      expect(priorities.length).toBeLessThanOrEqual(1)
    })
  })

  it('a timer that was served does not ring again at once: the loop cannot spin', () => {
    always(({ after, now }, given) => {
      const wakeup = nextWakeup(after)
      if (wakeup === null) return
      const at = Math.max(wakeup, now)
      const [served] = step(given, after, { kind: 'timer' }, at)
      expect(nextWakeup(served) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(at)
    })
  })

  it('a backup never waits longer than Active_Down_Interval of the interval it goes by', () => {
    always(({ after, now }, given) => {
      if (after.role !== 'backup' || after.isWilling) return
      expect(after.activeDownAt - now).toBeLessThanOrEqual(activeDownInterval(given, after.activeIntervalMs))
    })
  })

  it('nothing a backup hears makes it active: only its timer does, and not before it is due', () => {
    always(({ before, after, event: cause, now }, given) => {
      if (before.role !== 'backup' || after.role !== 'active') return
      expect(cause.kind).toBe(given.isGrouped ? 'group-active' : 'timer')
      if (given.isGrouped && given.config.priority === OWNER) return
      expect(now).toBeGreaterThanOrEqual(before.activeDownAt)
    })
  })

  it('a resignation leaves every backup its own Skew_Time to wait, the best the least', () => {
    always(({ before, after, event: cause, now }, given) => {
      if (before.role !== 'backup' || cause.kind !== 'advertisement') return
      if (cause.advertisement.priority !== RESIGN) return
      const activeDownAt = now + skewTime(given, before.activeIntervalMs)
      expect(after).toMatchObject({ role: 'backup', activeDownAt, activeIntervalMs: before.activeIntervalMs })
    })
  })

  it('an active is never silent for longer than its own interval, if its timer is served', () => {
    always(({ after, now }, { config }) => {
      if (after.role === 'active')
        expect(after.advertiseAt - now).toBeLessThanOrEqual(config.advertisementIntervalMs)
    })
  })

  it('a state is plain JSON: written down and read back, it goes on the same', () => {
    always(({ after, event: again, now }, given) => {
      const restored: State = JSON.parse(JSON.stringify(after))
      expect(step(given, restored, again, now + 1)).toEqual(step(given, after, again, now + 1))
    })
  })
})
