import { ANNOUNCEMENT_DEFAULTS as DEFAULTS } from '@aloft/shared/config/announcements-config'
import { describe, expect, it } from 'vitest'
import {
  type AnnouncementSchedule,
  announce,
  due,
  nextAnnouncementAt,
  SILENT,
} from './announcement-schedule.ts'
import { LINGER_MS } from './departure.ts'

const T = 1_000_000

/** When how many rounds are due, from the schedule alone, until `untilMs`. */
function rounds(settings: typeof DEFAULTS, from: AnnouncementSchedule, untilMs: number): string[] {
  const told: string[] = []
  let schedule = from
  for (;;) {
    const at = nextAnnouncementAt(schedule)
    if (at === null || at > T + untilMs) return told
    const step = due(settings, schedule, at)
    schedule = step.schedule
    told.push(`+${at - T}: ${step.rounds.everywhere}${step.rounds.alsoOn > 0 ? ' and extra' : ''}`)
  }
}

describe('becoming active', () => {
  it('garp_master_repeat: five rounds by default, one of them when a predecessor has let go, one after 100 ms', () => {
    const { rounds: now, schedule } = announce(DEFAULTS, SILENT, 'became-active', T)
    expect(now).toBe(3)
    expect(rounds(DEFAULTS, schedule, 4_999)).toEqual([`+${LINGER_MS + 2}: 1`, '+100: 1'])
  })

  it('garp_master_delay: five more after five seconds, and then silence', () => {
    const { schedule } = announce(DEFAULTS, SILENT, 'became-active', T)
    expect(rounds(DEFAULTS, schedule, 3_600_000)).toEqual(['+52: 1', '+100: 1', '+5000: 5'])
  })

  it('a repeat of 2: the other one comes when a predecessor has let go', () => {
    const settings = { ...DEFAULTS, repeat: 2, delayMs: 0 }
    const { rounds: now, schedule } = announce(settings, SILENT, 'became-active', T)
    expect(now).toBe(1)
    expect(rounds(settings, schedule, 60_000)).toEqual(['+52: 1'])
  })

  it('vrrp_min_garp: a repeat of 1 without delay is one round in all', () => {
    const settings = { ...DEFAULTS, repeat: 1, delayMs: 0 }
    const { rounds: now, schedule } = announce(settings, SILENT, 'became-active', T)
    expect([now, nextAnnouncementAt(schedule)]).toEqual([1, null])
  })

  it('garp_master_refresh, _refresh_repeat: goes on for as long as it is active', () => {
    const settings = { ...DEFAULTS, repeat: 1, delayMs: 0, refreshMs: 2_000, refreshRepeat: 3 }
    const { schedule } = announce(settings, SILENT, 'became-active', T)
    expect(rounds(settings, schedule, 6_000)).toEqual(['+2000: 3', '+4000: 3', '+6000: 3'])
  })

  it('a refresh that came late keeps its beat, and a whole period late begins a new one', () => {
    const settings = { ...DEFAULTS, repeat: 1, delayMs: 0, refreshMs: 2_000 }
    const { schedule } = announce(settings, SILENT, 'became-active', T)
    expect(due(settings, schedule, T + 2_500).schedule.refreshAt).toBe(T + 4_000)
    expect(due(settings, schedule, T + 4_500).schedule.refreshAt).toBe(T + 6_500)
  })

  it('garp_extra_if: the additional interfaces have a period of their own', () => {
    const settings = { ...DEFAULTS, repeat: 1, delayMs: 0, alsoOn: ['eth1'], alsoOnIntervalMs: 60_000 }
    const { schedule } = announce(settings, SILENT, 'became-active', T)
    expect(rounds(settings, schedule, 120_000)).toEqual(['+60000: 0 and extra', '+120000: 0 and extra'])
  })
})

describe('a lower priority heard while active', () => {
  it('garp_lower_prio_repeat, _delay: five rounds at once and five after five seconds', () => {
    const { rounds: now, schedule } = announce(DEFAULTS, SILENT, 'lower-priority-heard', T)
    expect(now).toBe(5)
    expect(rounds(DEFAULTS, schedule, 60_000)).toEqual(['+5000: 5'])
  })

  it('again before the second burst: one round, so that we have the last word, and no further burst', () => {
    const first = announce(DEFAULTS, SILENT, 'lower-priority-heard', T)
    const second = announce(DEFAULTS, first.schedule, 'lower-priority-heard', T + 100)
    expect(second.rounds).toBe(1)
    expect(rounds(DEFAULTS, second.schedule, 60_000)).toEqual(['+5000: 5'])
  })

  it('does not take the second burst of the takeover for its own', () => {
    const active = announce({ ...DEFAULTS, repeat: 1 }, SILENT, 'became-active', T)
    const heard = announce(DEFAULTS, active.schedule, 'lower-priority-heard', T + 4_900)
    expect(rounds(DEFAULTS, heard.schedule, 60_000)).toEqual(['+5000: 1', '+9900: 5'])
  })

  it('again, too soon to be answered: what is still to come tells hosts later than the other did', () => {
    const first = announce(DEFAULTS, SILENT, 'lower-priority-heard', T)
    const last = announce(DEFAULTS, first.schedule, 'lower-priority-again', T + 4_900)
    expect(last).toEqual({ rounds: 0, schedule: first.schedule })
  })

  it('again, too soon to be answered, and nothing is still to come: one more burst does', () => {
    const last = announce(DEFAULTS, SILENT, 'lower-priority-again', T)
    expect(last.rounds).toBe(0)
    expect(rounds(DEFAULTS, last.schedule, 60_000)).toEqual(['+5000: 5'])
  })

  it('a repeat of 0 (as strict mode has it) says nothing', () => {
    const settings = { ...DEFAULTS, lowerPriorityRepeat: 0 }
    expect(announce(settings, SILENT, 'lower-priority-heard', T)).toEqual({ rounds: 0, schedule: SILENT })
    expect(announce(settings, SILENT, 'lower-priority-again', T)).toEqual({ rounds: 0, schedule: SILENT })
  })

  it('a delay of 0 has no second burst', () => {
    const settings = { ...DEFAULTS, lowerPriorityDelayMs: 0 }
    expect(announce(settings, SILENT, 'lower-priority-heard', T)).toEqual({ rounds: 5, schedule: SILENT })
  })
})

it('an address that could be added at last is announced once', () => {
  const { schedule } = announce(DEFAULTS, SILENT, 'became-active', T)
  expect(announce(DEFAULTS, schedule, 'reacquired', T + 50)).toEqual({ rounds: 1, schedule })
})
