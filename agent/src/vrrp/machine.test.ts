/** RFC 9568 §6.4, sentence by sentence; then what keepalived and we add to it. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Address } from '@aloft/shared/network/address'
import { describe, expect, it } from 'vitest'
import { address, routerConfig } from './examples.test.support.ts'
import { INITIAL, nextWakeup, step } from './machine.ts'
import type { Action, ActiveState, BackupState, Event, Parameters, State, Step } from './virtual-router.ts'

const OWN = address('192.0.2.10')
const LOWER = address('192.0.2.9')
const HIGHER = address('192.0.2.11')
const T0 = 50_000

function router(changes: Partial<VirtualRouterConfig> = {}, source: Address | null = OWN): Parameters {
  const config = routerConfig(changes)
  return { config, source, priority: config.priority }
}

function heard(priority: number, { from = HIGHER, intervalMs = 1000 } = {}): Event {
  const { vrid, version, addresses } = routerConfig()
  const content = { version, vrid, priority, intervalMs, addresses: addresses.map((each) => each.address) }
  return { kind: 'advertisement', source: from, advertisement: content }
}

const startup: Event = { kind: 'startup' }
const timer: Event = { kind: 'timer' }
const shutdown: Event = { kind: 'shutdown', reason: 'shutdown' }

function started(parameters: Parameters, at = T0): State {
  return step(parameters, INITIAL, startup, at)[0]
}

function asBackup(state: State): BackupState {
  if (state.role !== 'backup') throw new Error(`is ${state.role}, not backup`)
  return state
}

function asActive(state: State): ActiveState {
  if (state.role !== 'active') throw new Error(`is ${state.role}, not active`)
  return state
}

/** A backup that heard nobody and took over, at its activeDownAt. */
function activeAfterSilence(parameters: Parameters): { state: ActiveState; at: number } {
  const at = asBackup(started(parameters)).activeDownAt
  return { state: asActive(step(parameters, started(parameters), timer, at)[0]), at }
}

/** Actions in a few words; a transition as `from → to (reason)`. */
function words(actions: readonly Action[]): string[] {
  return actions.map((action) => {
    if (action.do === 'advertise') return `advertise ${action.priority}`
    if (action.do === 'announce') return `announce, ${action.because}`
    if (action.do !== 'transition') return action.do
    const { from, to, reason } = action.transition
    return `${from} → ${to} (${reason})`
  })
}

function transitionOf([, actions]: Step) {
  const found = actions.find((action) => action.do === 'transition')
  if (found === undefined) throw new Error('no transition')
  return found.transition
}

const SKEW_100 = (156 * 1000) / 256

describe('RFC 9568 §6.4.1 Initialize', () => {
  it('startup: a router that does not own the addresses becomes backup, and says nothing', () => {
    const [state, actions] = step(router(), INITIAL, startup, T0)
    expect(state).toMatchObject({ role: 'backup', activeIntervalMs: 1000, lastHeard: null })
    expect(words(actions)).toEqual(['initialize → backup (startup)'])
  })

  it('startup: Active_Adver_Interval is Advertisement_Interval, Active_Down_Timer is Active_Down_Interval', () => {
    const state = asBackup(started(router({ advertisementIntervalMs: 100 })))
    expect(state.activeIntervalMs).toBe(100)
    expect(state.activeDownAt).toBe(T0 + 300 + (156 * 100) / 256)
  })

  it('startup: the owner (priority 255) advertises, announces, and is active at once', () => {
    const [state, actions] = step(router({ priority: 255 }), INITIAL, startup, T0)
    expect(state).toMatchObject({ role: 'active', advertiseAt: T0 + 1000 })
    expect(words(actions)).toEqual([
      'advertise 255',
      'acquire-addresses',
      'announce, became-active',
      'initialize → active (startup)',
    ])
  })

  it('startup of a router that a config change added is recorded as that', () => {
    const [, actions] = step(router(), INITIAL, { kind: 'startup', reason: 'configuration' }, T0)
    expect(words(actions)).toEqual(['initialize → backup (configuration)'])
  })

  it.each([
    ['timer', timer],
    ['advertisement', heard(200)],
    ['shutdown', shutdown],
    ['fault-cleared', { kind: 'fault-cleared' }],
  ] as const)('does nothing on %s', (_, event) => {
    expect(step(router(), INITIAL, event, T0)).toEqual([INITIAL, []])
  })

  it('waits for no timer', () => {
    expect(nextWakeup(INITIAL)).toBeNull()
  })
})

describe('RFC 9568 §6.4.2 Backup', () => {
  const parameters = router()
  const backup = asBackup(started(parameters))

  it('shutdown: becomes initialize, and sends nothing', () => {
    const [state, actions] = step(parameters, backup, shutdown, T0 + 1)
    expect(state).toEqual(INITIAL)
    expect(words(actions)).toEqual(['backup → initialize (shutdown)'])
  })

  it('Active_Down_Timer: is three intervals and Skew_Time after it was set', () => {
    expect(nextWakeup(backup)).toBe(T0 + 3000 + SKEW_100)
  })

  it('Active_Down_Timer: a moment before it, nothing happens', () => {
    expect(step(parameters, backup, timer, backup.activeDownAt - 0.001)).toEqual([backup, []])
  })

  it('Active_Down_Timer fires: advertise, then addresses, then announce, then active', () => {
    const [state, actions] = step(parameters, backup, timer, backup.activeDownAt)
    expect(words(actions)).toEqual([
      'advertise 100',
      'acquire-addresses',
      'announce, became-active',
      'backup → active (priority)',
    ])
    expect(state).toMatchObject({
      role: 'active',
      advertiseAt: backup.activeDownAt + 1000,
      reassertedAt: null,
    })
  })

  it('priority 0: Active_Down_Timer is set to Skew_Time, nothing less', () => {
    const [state, actions] = step(parameters, backup, heard(0), T0 + 500)
    expect(asBackup(state).activeDownAt).toBe(T0 + 500 + SKEW_100)
    expect(actions).toEqual([])
  })

  it('priority 0: Skew_Time goes by the interval learned from the active', () => {
    const [learned] = step(parameters, backup, heard(200, { intervalMs: 200 }), T0 + 100)
    const [state] = step(parameters, learned, heard(0, { intervalMs: 200 }), T0 + 300)
    expect(asBackup(state).activeDownAt).toBe(T0 + 300 + (156 * 200) / 256)
  })

  it.each([
    ['higher', 101],
    ['equal', 100],
    ['the owner’s', 255],
  ])('%s priority: Active_Down_Timer is reset', (_, priority) => {
    const [state, actions] = step(parameters, backup, heard(priority), T0 + 900)
    expect(asBackup(state).activeDownAt).toBe(T0 + 900 + 3000 + SKEW_100)
    expect(asBackup(state).lastHeard).toEqual({ source: HIGHER, priority, at: T0 + 900 })
    expect(actions).toEqual([])
  })

  it('equal priority: a backup yields to an equal even with a lower address', () => {
    const [state] = step(parameters, backup, heard(100, { from: LOWER }), T0 + 900)
    expect(asBackup(state).activeDownAt).toBe(T0 + 900 + 3000 + SKEW_100)
  })

  it('higher priority: the interval is learned, Skew_Time and Active_Down_Interval recomputed from it', () => {
    const [slower] = step(parameters, backup, heard(200, { intervalMs: 5000 }), T0 + 900)
    expect(slower).toMatchObject({
      activeIntervalMs: 5000,
      activeDownAt: T0 + 900 + 15_000 + (156 * 5000) / 256,
    })
    const [faster] = step(parameters, slower, heard(200, { intervalMs: 10 }), T0 + 1000)
    expect(faster).toMatchObject({ activeIntervalMs: 10, activeDownAt: T0 + 1000 + 30 + (156 * 10) / 256 })
  })

  it('lower priority, Preempt_Mode true: the advertisement is discarded, the timer runs on', () => {
    const [state, actions] = step(parameters, backup, heard(99), T0 + 900)
    expect(asBackup(state).activeDownAt).toBe(backup.activeDownAt)
    expect(asBackup(state).activeIntervalMs).toBe(1000)
    expect(actions).toEqual([])
  })

  it('lower priority, Preempt_Mode false: it is the active, and its timer is reset', () => {
    const patient = router({ preempt: { enabled: false, delayMs: 0 } })
    const [state] = step(patient, backup, heard(1, { intervalMs: 2000 }), T0 + 900)
    expect(state).toMatchObject({
      activeDownAt: T0 + 900 + 6000 + (156 * 2000) / 256,
      activeIntervalMs: 2000,
    })
  })

  it('§6.1: the owner preempts even with Preempt_Mode false, and without delay', () => {
    for (const preempt of [
      { enabled: false, delayMs: 0 },
      { enabled: true, delayMs: 60_000 },
    ]) {
      const [state] = step(router({ priority: 255, preempt }), backup, heard(254), T0 + 900)
      expect(asBackup(state).activeDownAt).toBe(backup.activeDownAt)
    }
  })

  it('v3: becoming active again, it goes back to its own interval', () => {
    const [learned] = step(parameters, backup, heard(200, { intervalMs: 5000 }), T0)
    const at = asBackup(learned).activeDownAt
    expect(step(parameters, learned, timer, at)[0]).toMatchObject({ role: 'active', advertiseAt: at + 1000 })
  })
})

describe('RFC 3768 §6.4.2 Backup, where v2 differs', () => {
  const parameters = router({ version: 2, advertisementIntervalMs: 2000 })
  const backup = asBackup(started(parameters))

  it('Skew_Time counts in seconds, whatever the interval', () => {
    expect(backup.activeDownAt).toBe(T0 + 6000 + SKEW_100)
    const [state] = step(parameters, backup, heard(0, { intervalMs: 2000 }), T0 + 1)
    expect(asBackup(state).activeDownAt).toBe(T0 + 1 + SKEW_100)
  })

  it('no interval is learned', () => {
    const [state] = step(parameters, backup, heard(200, { intervalMs: 9000 }), T0 + 1)
    expect(state).toMatchObject({ activeIntervalMs: 2000, activeDownAt: T0 + 1 + 6000 + SKEW_100 })
  })
})

describe('RFC 9568 §6.4.3 Active', () => {
  const parameters = router()
  const { state: active, at } = activeAfterSilence(parameters)

  it('shutdown: advertises priority 0, releases the addresses, becomes initialize', () => {
    const [state, actions] = step(parameters, active, shutdown, at + 1)
    expect(state).toEqual(INITIAL)
    expect(words(actions)).toEqual(['advertise 0', 'release-addresses', 'active → initialize (shutdown)'])
  })

  it('Adver_Timer fires: advertises and sets it to Advertisement_Interval', () => {
    const [state, actions] = step(parameters, active, timer, at + 1000)
    expect(words(actions)).toEqual(['advertise 100'])
    expect(asActive(state).advertiseAt).toBe(at + 2000)
  })

  it('Adver_Timer: a moment before it, nothing happens', () => {
    expect(step(parameters, active, timer, at + 999.999)).toEqual([active, []])
  })

  it('priority 0: advertises at once and resets Adver_Timer', () => {
    const [state, actions] = step(parameters, active, heard(0), at + 300)
    expect(words(actions)).toEqual(['advertise 100'])
    expect(asActive(state).advertiseAt).toBe(at + 1300)
  })

  it('higher priority: learns the interval, sets Active_Down_Timer, becomes backup', () => {
    const [state, actions] = step(parameters, active, heard(101, { from: LOWER, intervalMs: 500 }), at + 300)
    expect(state).toMatchObject({
      role: 'backup',
      activeIntervalMs: 500,
      activeDownAt: at + 300 + 1500 + (156 * 500) / 256,
      lastHeard: { source: LOWER, priority: 101, at: at + 300 },
    })
    expect(words(actions)).toEqual([
      'advertise 100',
      'release-addresses',
      'active → backup (higher-priority-backup)',
    ])
  })

  it('equal priority, higher address: becomes backup', () => {
    const [state, actions] = step(parameters, active, heard(100, { from: HIGHER }), at + 300)
    expect(state.role).toBe('backup')
    expect(words(actions)).toEqual([
      'advertise 100',
      'release-addresses',
      'active → backup (higher-priority-backup)',
    ])
  })

  it('equal priority, lower address: stays active', () => {
    expect(step(parameters, active, heard(100, { from: LOWER }), at + 300)[0].role).toBe('active')
  })

  it('equal priority: addresses are compared as unsigned integers, not as text', () => {
    const nine = router({}, address('9.0.0.1'))
    expect(step(nine, active, heard(100, { from: address('10.0.0.1') }), at + 1)[0].role).toBe('backup')
    const high = router({}, address('127.255.255.255'))
    expect(step(high, active, heard(100, { from: address('128.0.0.0') }), at + 1)[0].role).toBe('backup')
    const six = router({ family: 'ipv6' }, address('fe80::9'))
    expect(step(six, active, heard(100, { from: address('fe80::10') }), at + 1)[0].role).toBe('backup')
    expect(step(six, active, heard(100, { from: address('fe80::8') }), at + 1)[0].role).toBe('active')
  })

  it('lower priority: discards it and advertises at once, and draws the LAN back to itself', () => {
    const [state, actions] = step(parameters, active, heard(99), at + 300)
    expect(words(actions)).toEqual(['advertise 100', 'announce, lower-priority-heard'])
    expect(state).toMatchObject({ role: 'active', reassertedAt: at + 300 })
  })

  it('lower priority: Adver_Timer runs on', () => {
    const [state] = step(parameters, active, heard(99), at + 300)
    expect(asActive(state).advertiseAt).toBe(active.advertiseAt)
    const [again, actions] = step(parameters, state, heard(99), at + 301)
    expect(words(actions)).toEqual(['announce, lower-priority-again'])
    expect(asActive(again).advertiseAt).toBe(active.advertiseAt)
  })

  it('erratum 8298: the owner processes what it hears; of two owners the lower address yields', () => {
    const owner = router({ priority: 255 })
    const state = started(owner)
    expect(step(owner, state, heard(255, { from: HIGHER }), T0 + 1)[0].role).toBe('backup')
    expect(step(owner, state, heard(255, { from: LOWER }), T0 + 1)[0].role).toBe('active')
    expect(step(owner, state, heard(254, { from: HIGHER }), T0 + 1)[0].role).toBe('active')
  })

  it('without an address of its own it cannot win a tie', () => {
    expect(step(router({}, null), active, heard(100, { from: LOWER }), at + 1)[0].role).toBe('backup')
  })
})

describe('the Adver_Timer', () => {
  const parameters = router({ advertisementIntervalMs: 10 })
  const { state: active, at } = activeAfterSilence(parameters)

  it('rung late, is next due where it would have been: lateness does not add up', () => {
    const [state] = step(parameters, active, timer, at + 14)
    expect(asActive(state).advertiseAt).toBe(at + 20)
  })

  it('rung a whole interval late, starts over: what was missed is not made up for in a burst', () => {
    const [state, actions] = step(parameters, active, timer, at + 95)
    expect(words(actions)).toEqual(['advertise 100'])
    expect(asActive(state).advertiseAt).toBe(at + 105)
  })
})

describe('re-assertion', () => {
  const parameters = router()
  const { state: active, at } = activeAfterSilence(parameters)

  it('happens at most once in half an interval, however often it is provoked', () => {
    let state: State = active
    let sent = 0
    for (let ms = 1; ms < 1000; ms++) {
      const [next, actions] = step(parameters, state, heard(99), at + ms)
      state = next
      sent += actions.filter((action) => action.do === 'advertise').length
    }
    expect(sent).toBe(2)
  })

  it('two hosts with one primary address and one priority do not answer each other for ever', () => {
    let pending = 1
    let exchanged = 0
    let [one, other]: [State, State] = [active, active]
    while (pending > 0 && exchanged < 100) {
      exchanged++
      const [next, actions] = step(parameters, one, heard(100, { from: OWN }), at + 1)
      pending = actions.filter((action) => action.do === 'advertise').length
      ;[one, other] = [other, next]
    }
    expect(exchanged).toBeLessThanOrEqual(3)
  })

  it('the regular advertisements go on at their pace under constant provocation', () => {
    let state: State = active
    const advertised: number[] = []
    for (let ms = 1; ms <= 5000; ms++) {
      const [afterHearing] = step(parameters, state, heard(99), at + ms)
      const [afterTimer, actions] = step(parameters, afterHearing, timer, at + ms)
      if (actions.some((action) => action.do === 'advertise')) advertised.push(ms)
      state = afterTimer
    }
    expect(advertised).toEqual([1000, 2000, 3000, 4000, 5000])
  })
})

describe('preempt delay (keepalived-and-vrrp.md §2.7)', () => {
  const parameters = router({ preempt: { enabled: true, delayMs: 10_000 } })
  const backup = started(parameters)
  const DOWN = 3000 + SKEW_100

  it('counts from taking part; until then the lower router is left in peace', () => {
    const [first] = step(parameters, backup, heard(50), T0 + 1000)
    expect(first).toMatchObject({ preemptAt: T0 + 10_000, activeDownAt: T0 + 1000 + DOWN, preempting: false })
    const [second] = step(parameters, first, heard(50), T0 + 2000)
    expect(second).toMatchObject({ preemptAt: T0 + 10_000, activeDownAt: T0 + 2000 + DOWN })
  })

  it('counts from the first lower advertisement of a router that had been active itself', () => {
    const { state, at } = activeAfterSilence(parameters)
    const [yielded] = step(parameters, state, heard(150), at + 100)
    const [first] = step(parameters, yielded, heard(50), at + 2000)
    expect(first).toMatchObject({ preemptAt: at + 12_000, preempting: false })
  })

  it('over, the next lower advertisement is discarded and the timer runs out', () => {
    const [first] = step(parameters, backup, heard(50), T0 + 1000)
    const [before] = step(parameters, first, heard(50), T0 + 9_999)
    const [after] = step(parameters, before, heard(50), T0 + 10_000)
    expect(asBackup(after)).toMatchObject({ activeDownAt: T0 + 9_999 + DOWN, preempting: true })
    const done = step(parameters, after, timer, asBackup(after).activeDownAt)
    expect(transitionOf(done).reason).toBe('preempted')
  })

  it.each([
    ['equal', 100],
    ['higher', 150],
  ])('is cancelled by an %s advertisement and begins anew', (_, priority) => {
    const [counting] = step(parameters, backup, heard(50), T0 + 1000)
    const [cancelled] = step(parameters, counting, heard(priority), T0 + 2000)
    expect(asBackup(cancelled).preemptAt).toBeNull()
    const [again] = step(parameters, cancelled, heard(50), T0 + 3000)
    expect(asBackup(again).preemptAt).toBe(T0 + 13_000)
  })

  it('does not delay taking over from a dead router', () => {
    const [counting] = step(parameters, backup, heard(50), T0 + 1000)
    const result = step(parameters, counting, timer, T0 + 1000 + DOWN)
    expect(result[0].role).toBe('active')
    expect(transitionOf(result).reason).toBe('no-response')
  })

  it('does not delay taking over from a router that resigns', () => {
    const [counting] = step(parameters, backup, heard(50), T0 + 1000)
    const [resigned] = step(parameters, counting, heard(0), T0 + 1500)
    expect(asBackup(resigned).activeDownAt).toBe(T0 + 1500 + SKEW_100)
  })
})

describe('fault', () => {
  const parameters = router()
  const down: Event = { kind: 'fault', reason: 'interface-down' }
  const cleared: Event = { kind: 'fault-cleared' }

  it('an active resigns and releases its addresses', () => {
    const { state, at } = activeAfterSilence(parameters)
    const [next, actions] = step(parameters, state, down, at + 1)
    expect(next).toEqual({ role: 'fault' })
    expect(words(actions)).toEqual(['advertise 0', 'release-addresses', 'active → fault (interface-down)'])
  })

  it.each([
    ['backup', started(parameters)],
    ['initialize', INITIAL],
  ])('a router in %s only says so', (role, state) => {
    const [next, actions] = step(
      parameters,
      state,
      { kind: 'fault', reason: 'no-primary-ip-address' },
      T0 + 1,
    )
    expect(next).toEqual({ role: 'fault' })
    expect(words(actions)).toEqual([`${role} → fault (no-primary-ip-address)`])
  })

  it.each([
    ['timer', timer],
    ['advertisement', heard(0)],
    ['another fault', down],
    ['startup', startup],
  ] as const)('takes no part: %s', (_, event) => {
    expect(step(parameters, { role: 'fault' }, event, T0)).toEqual([{ role: 'fault' }, []])
  })

  it('waits for no timer', () => {
    expect(nextWakeup({ role: 'fault' })).toBeNull()
  })

  it('cleared: becomes backup with a fresh timer and no memory', () => {
    const [state, actions] = step(parameters, { role: 'fault' }, cleared, T0)
    expect(state).toEqual(started(parameters))
    expect(words(actions)).toEqual(['fault → backup (interface-up)'])
  })

  it('cleared: the owner is active at once', () => {
    const [state, actions] = step(router({ priority: 255 }), { role: 'fault' }, cleared, T0)
    expect(state.role).toBe('active')
    expect(words(actions)).toEqual([
      'advertise 255',
      'acquire-addresses',
      'announce, became-active',
      'fault → active (interface-up)',
    ])
  })

  it('shutdown: becomes initialize, and sends nothing', () => {
    const [state, actions] = step(parameters, { role: 'fault' }, shutdown, T0)
    expect(state).toEqual(INITIAL)
    expect(words(actions)).toEqual(['fault → initialize (shutdown)'])
  })
})

describe('resuming as active', () => {
  it('advertises, takes the addresses again, announces them, and records no transition', () => {
    const [state, actions] = step(router(), INITIAL, { kind: 'resume-active' }, T0)
    expect(state).toMatchObject({ role: 'active', advertiseAt: T0 + 1000 })
    expect(words(actions)).toEqual(['advertise 100', 'acquire-addresses', 'announce, became-active'])
  })

  it('is only for a router that has not started', () => {
    const backup = started(router())
    expect(step(router(), backup, { kind: 'resume-active' }, T0)).toEqual([backup, []])
  })
})

describe('what is recorded of becoming active', () => {
  const parameters = router()
  const backup = started(parameters)

  it('no-response: the active stopped; it was last heard so long ago', () => {
    const [state] = step(parameters, backup, heard(200), T0 + 400)
    const at = asBackup(state).activeDownAt
    expect(transitionOf(step(parameters, state, timer, at))).toEqual({
      from: 'backup',
      to: 'active',
      reason: 'no-response',
      priority: 100,
      heard: { address: HIGHER, priority: 200, agoMs: 3000 + SKEW_100 },
      at,
    })
  })

  it('preempted: we outrank the one we hear, and its last advertisement is what ended', () => {
    const [state] = step(parameters, backup, heard(50, { from: LOWER }), T0 + 3000)
    const at = asBackup(state).activeDownAt
    const { reason, heard: lastHeard } = transitionOf(step(parameters, state, timer, at))
    expect(reason).toBe('preempted')
    expect(lastHeard).toEqual({ address: LOWER, priority: 50, agoMs: at - T0 - 3000 })
  })

  it('priority: the active resigned', () => {
    const [led] = step(parameters, backup, heard(200), T0 + 400)
    const [state] = step(parameters, led, heard(0), T0 + 900)
    const { reason, heard: lastHeard } = transitionOf(step(parameters, state, timer, T0 + 900 + SKEW_100))
    expect(reason).toBe('priority')
    expect(lastHeard).toEqual({ address: HIGHER, priority: 0, agoMs: SKEW_100 })
  })

  it('no-response, when another router took over after the resignation and then died', () => {
    const [resigned] = step(parameters, backup, heard(0), T0 + 100)
    const [state] = step(parameters, resigned, heard(150), T0 + 200)
    const result = step(parameters, state, timer, asBackup(state).activeDownAt)
    expect(transitionOf(result).reason).toBe('no-response')
  })

  it('priority: nobody was active since we started', () => {
    const result = step(parameters, backup, timer, asBackup(backup).activeDownAt)
    expect(transitionOf(result)).toMatchObject({ reason: 'priority', heard: null })
  })

  it('yielding names the better router, heard just now', () => {
    const { state, at } = activeAfterSilence(parameters)
    const { heard: lastHeard } = transitionOf(step(parameters, state, heard(200), at + 5))
    expect(lastHeard).toEqual({ address: HIGHER, priority: 200, agoMs: 0 })
  })
})

it('equal arguments give equal results, and arguments are left as they were', () => {
  const parameters = router()
  const backup = started(parameters)
  const frozen = Object.freeze({ ...asBackup(backup) })
  expect(step(parameters, frozen, heard(200), T0 + 1)).toEqual(step(parameters, frozen, heard(200), T0 + 1))
})
