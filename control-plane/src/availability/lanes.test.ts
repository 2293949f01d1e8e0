import { describe, expect, it } from 'vitest'
import { HEARS_AFTER_MS, lanesOf, type NodeHistory, type RoleChange } from './lanes.ts'

type Role = RoleChange['to']

const change = (atMs: number, from: Role, to: Role, facts: Partial<RoleChange> = {}): RoleChange => ({
  ...{ agentId: 'a', atMs, order: [1, atMs] as const, from, to, heardAgoMs: null, preempts: false },
  ...facts,
})

/** `state from–to` of each lane, the end of time being `∞`, and why it is unknown. */
const lanes = (changes: readonly RoleChange[], facts: Partial<NodeHistory> = {}) =>
  lanesOf({ agentId: 'a', changes, unseen: [], knownUntilMs: null, currentRole: null, ...facts }).map(
    ({ fromMs, toMs, state, cause }) =>
      `${state} ${fromMs}–${toMs === Number.POSITIVE_INFINITY ? '∞' : toMs}${cause === null ? '' : ` ${cause}`}`,
  )

const LONG = 10 * HEARS_AFTER_MS

describe('a backup', () => {
  it('may hear nobody at first, and hears somebody once it would else have taken over', () => {
    expect(lanes([change(0, 'initialize', 'backup')])).toEqual([
      `unsure 0–${HEARS_AFTER_MS}`,
      `hearing ${HEARS_AFTER_MS}–∞`,
    ])
  })

  it('that yielded to somebody hears him at once', () => {
    expect(lanes([change(0, 'active', 'backup', { heardAgoMs: 1 })])).toEqual(['hearing 0–∞'])
  })

  it('that took over had heard nobody since it says', () => {
    const took = change(LONG, 'backup', 'active', { heardAgoMs: 3_000 })
    expect(lanes([change(0, 'active', 'backup', { heardAgoMs: 1 }), took])).toEqual([
      `hearing 0–${LONG - 3_000}`,
      `deaf ${LONG - 3_000}–${LONG}`,
      `active ${LONG}–∞`,
    ])
  })

  it.each([null, 1e9])('is deaf for no longer than anybody is, though it says %s', (heardAgoMs) => {
    const took = change(LONG, 'backup', 'active', { heardAgoMs })
    expect(lanes([change(0, 'active', 'backup', { heardAgoMs: 1 }), took])).toEqual([
      `hearing 0–${LONG - HEARS_AFTER_MS}`,
      `deaf ${LONG - HEARS_AFTER_MS}–${LONG}`,
      `active ${LONG}–∞`,
    ])
  })

  it('that preempts heard the active to the end', () => {
    const took = change(LONG, 'backup', 'active', { heardAgoMs: 3_000, preempts: true })
    expect(lanes([change(0, 'active', 'backup', { heardAgoMs: 1 }), took])).toEqual([
      `hearing 0–${LONG}`,
      `active ${LONG}–∞`,
    ])
  })
})

describe('what two changes say differently', () => {
  it('is unknown between them', () => {
    expect(lanes([change(0, 'backup', 'active'), change(50, 'backup', 'fault')])).toEqual([
      'unknown 0–50 missing',
      'out 50–∞',
    ])
  })

  it('is no contradiction when the node started anew: until then it was what it had been', () => {
    expect(lanes([change(0, 'backup', 'active'), change(50, 'initialize', 'fault')])).toEqual([
      'active 0–50',
      'out 50–∞',
    ])
  })

  it('is unknown as well when it is something else now', () => {
    expect(lanes([change(0, 'backup', 'active')], { currentRole: 'fault' })).toEqual(['unknown 0–∞ missing'])
    expect(lanes([change(0, 'backup', 'active')], { currentRole: 'active' })).toEqual(['active 0–∞'])
  })

  it('happened in the hole between them: before it was the one, and after it the other', () => {
    const unseen = [{ fromMs: 20, toMs: 30, cause: 'journal-corrupt' }]
    expect(lanes([change(0, 'backup', 'active'), change(50, 'fault', 'initialize')], { unseen })).toEqual([
      'active 0–20',
      'unknown 20–30 journal-corrupt',
      'out 30–50',
      'out 50–∞',
    ])
  })
})

describe('what nobody saw', () => {
  it('is one hole where two overlap, and what is over before a change is of no matter to it', () => {
    const unseen = [
      { fromMs: 15, toMs: 18, cause: 'inner' },
      { fromMs: 10, toMs: 30, cause: 'outer' },
      { fromMs: 25, toMs: 60, cause: 'later' },
    ]
    expect(lanes([change(0, 'backup', 'active'), change(70, 'active', 'fault')], { unseen })).toEqual([
      'active 0–10',
      'unknown 10–30 outer',
      'unknown 30–60 later',
      'active 60–70',
      'out 70–∞',
    ])
  })

  it('goes on over a change that is told of its middle', () => {
    const unseen = [{ fromMs: 20, toMs: 80, cause: 'journal-corrupt' }]
    expect(lanes([change(0, 'backup', 'active'), change(50, 'active', 'fault')], { unseen })).toEqual([
      'active 0–20',
      'unknown 20–50 journal-corrupt',
      'unknown 50–80 journal-corrupt',
      'out 80–∞',
    ])
  })

  it('is all after the last word of a node, if that is not for ever', () => {
    expect(lanes([change(0, 'backup', 'active')], { knownUntilMs: 40 })).toEqual([
      'active 0–40',
      'unknown 40–∞ no-contact',
    ])
  })
})
