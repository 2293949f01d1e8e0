import type { TransitionBody, TransitionReason } from '@aloft/shared/protocol/events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deriveFailovers, type Observation } from './derive.ts'

type Role = TransitionBody['to']

interface Change {
  readonly at: number
  readonly from: Role
  readonly to: Role
  readonly reason: TransitionReason
  readonly heard?: TransitionBody['heard']
  readonly source?: string
  readonly errorMs?: number | null
  readonly outageMs?: number
}

const PRIORITY: Readonly<Record<string, number>> = { lb1: 200, lb2: 150, lb3: 100 }
const heard = (node: string) => ({
  address: `10.0.0.${node.at(-1)}`,
  priority: PRIORITY[node] ?? 50,
  agoMs: 3,
})

function node(agentId: string, changes: readonly Change[]): Observation[] {
  return changes.map((change, i) => ({
    id: `${agentId}/${i + 1}`,
    agentId,
    epochOrder: 1,
    seq: i + 1,
    atMs: change.at,
    errorMs: change.errorMs === undefined ? 1 : change.errorMs,
    body: {
      kind: 'transition',
      virtualRouter: 'web',
      vrid: 51,
      family: 'ipv4',
      interface: 'eth0',
      from: change.from,
      to: change.to,
      reason: change.reason,
      priority: PRIORITY[agentId] ?? 50,
      heard: change.heard ?? null,
      ...(change.source === undefined ? {} : { source: change.source }),
      outageMs: change.outageMs ?? null,
      addresses: ['192.0.2.100/24'],
    },
  }))
}

const starts = (at: number): Change => ({ at, from: 'initialize', to: 'backup', reason: 'startup' })
const elected = (at: number): Change => ({ at, from: 'backup', to: 'active', reason: 'priority' })
const takes = (at: number, reason: TransitionReason, from?: string): Change => ({
  at,
  from: 'backup',
  to: 'active',
  reason,
  ...(from === undefined ? {} : { heard: heard(from) }),
})
const leaves = (at: number, reason: TransitionReason, to: Role = 'initialize'): Change => ({
  at,
  from: 'active',
  to,
  reason,
})

const rows = (...observations: readonly (readonly Observation[])[]) =>
  deriveFailovers(observations.flat()).map(({ became, from, reason, planned, evidence }) => ({
    from,
    to: became.agentId,
    reason,
    planned,
    evidence,
  }))

describe('who was active before', () => {
  it('is nobody at the first election', () => {
    expect(rows(node('lb1', [starts(0), elected(3600)]), node('lb2', [starts(0)]))).toEqual([])
  })

  it('is the node whose address was heard, whatever the clocks say', () => {
    const lb1 = node('lb1', [{ ...elected(9000), source: '10.0.0.1', errorMs: 5000 }])
    const lb2 = node('lb2', [{ ...starts(0), source: '10.0.0.2' }, takes(5000, 'no-response', 'lb1')])
    expect(rows(lb1, lb2)).toMatchObject([{ from: 'lb1', to: 'lb2', evidence: ['lb2/2', 'lb1/1'] }])
  })

  it('is the one node that was active with the priority heard, when addresses are not known', () => {
    const lb1 = node('lb1', [elected(0)])
    const lb2 = node('lb2', [takes(100, 'no-response', 'lb1')])
    const lb3 = node('lb3', [takes(200, 'no-response', 'lb2')])
    expect(rows(lb1, lb2, lb3)).toMatchObject([
      { from: 'lb1', to: 'lb2' },
      { from: 'lb2', to: 'lb3' },
    ])
  })

  it('is a router without an agent when an unknown address was heard', () => {
    const lb2 = node('lb2', [{ ...takes(100, 'no-response', 'lb9'), source: '10.0.0.2' }])
    expect(rows(lb2)).toEqual([
      { from: null, to: 'lb2', reason: 'no-response', planned: false, evidence: ['lb2/1'] },
    ])
  })

  it('is who a third node heard before, by when it heard it and not by when it told that', () => {
    const lb1 = node('lb1', [{ ...starts(0), source: '10.0.0.1' }])
    const lb2 = node('lb2', [{ ...starts(0), source: '10.0.0.2' }, elected(600)])
    const late = { ...takes(1_000, 'no-response'), heard: { ...heard('lb1'), agoMs: 900 } }
    const lb3 = node('lb3', [{ ...starts(0), source: '10.0.0.3' }, late])
    expect(rows(lb1, lb2, lb3)).toMatchObject([
      { from: 'lb1', to: 'lb2' },
      { from: 'lb1', to: 'lb3' },
    ])
  })

  it('is by time when what was heard came from its own address', () => {
    const lb1 = node('lb1', [{ ...elected(0), source: '10.0.0.1' }])
    const lb2 = node('lb2', [{ ...starts(0), source: '10.0.0.2' }, takes(100, 'no-response', 'lb2')])
    expect(rows(lb1, lb2)).toMatchObject([{ from: 'lb1', to: 'lb2' }])
  })

  it('is by time when two nodes had the priority that was heard', () => {
    const [lb4, lb5] = [node('lb4', [elected(0)]), node('lb5', [elected(10)])]
    const lb2 = node('lb2', [takes(100, 'no-response', 'lb9')])
    expect(rows(lb4, lb5, lb2).filter(({ to }) => to === 'lb2')).toMatchObject([{ from: 'lb5' }])
  })

  it('is the same node by its own order, whatever its clock did in between', () => {
    const lb1 = node('lb1', [elected(1_000), leaves(1_100, 'interface-down'), takes(500, 'interface-up')])
    expect(rows(lb1)).toMatchObject([{ from: 'lb1', to: 'lb1', evidence: ['lb1/3', 'lb1/1', 'lb1/2'] }])
  })

  it('is never the new active itself when it heard somebody', () => {
    const lb2 = node('lb2', [
      elected(0),
      leaves(50, 'higher-priority-backup', 'backup'),
      takes(100, 'no-response', 'lb9'),
    ])
    const lb1 = node('lb1', [starts(0)])
    expect(rows(lb1, lb2)).toMatchObject([{ from: null, to: 'lb2' }])
  })

  it('is the same node again after an outage that nobody else covered', () => {
    const lb1 = node('lb1', [
      elected(0),
      leaves(1000, 'interface-down', 'fault'),
      { at: 2000, from: 'fault', to: 'backup', reason: 'interface-up' },
      elected(5600),
    ])
    expect(rows(lb1)).toEqual([
      {
        from: 'lb1',
        to: 'lb1',
        reason: 'interface-down',
        planned: false,
        evidence: ['lb1/1', 'lb1/2', 'lb1/4'],
      },
    ])
  })

  it('is the one that others yielded to, when a split brain came between', () => {
    const lb1 = node('lb1', [elected(0)])
    const lb2 = node('lb2', [
      takes(100, 'no-response', 'lb1'),
      { at: 500, from: 'active', to: 'backup', reason: 'higher-priority-backup', heard: heard('lb1') },
    ])
    const lb3 = node('lb3', [starts(600), elected(9000)])
    expect(rows(lb1, lb2, lb3)).toMatchObject([
      { from: 'lb1', to: 'lb2' },
      { from: 'lb1', to: 'lb3' },
    ])
  })

  it('is asked for no change that left a node active', () => {
    const lb1 = node('lb1', [elected(0), { at: 500, from: 'active', to: 'active', reason: 'configuration' }])
    expect(rows(lb1)).toEqual([])
  })

  it('goes on through a restart of the router process', () => {
    const [start] = node('lb1', [elected(0)])
    const resumed: Observation = {
      id: 'lb1/2',
      agentId: 'lb1',
      epochOrder: 1,
      seq: 2,
      atMs: 50,
      errorMs: 1,
      body: {
        kind: 'resumed',
        virtualRouter: 'web',
        vrid: 51,
        family: 'ipv4',
        interface: 'eth0',
        role: 'active',
        priority: 200,
        gapMs: 9,
      },
    }
    const lb2 = node('lb2', [takes(100, 'no-response')])
    expect(rows(start ? [start, resumed] : [], lb2)).toMatchObject([
      { from: 'lb1', evidence: ['lb1/1', 'lb2/1'] },
    ])
  })
})

describe('a split brain', () => {
  it('loses no row: each node that became active has one', () => {
    const lb1 = node('lb1', [elected(0)])
    const lb2 = node('lb2', [takes(100, 'no-response', 'lb1')])
    const lb3 = node('lb3', [takes(101, 'no-response', 'lb1')])
    expect(rows(lb1, lb2, lb3)).toMatchObject([
      { from: 'lb1', to: 'lb2' },
      { from: 'lb1', to: 'lb3' },
    ])
  })
})

describe('the reason, from both sides', () => {
  const cases: [TransitionReason, TransitionReason | null, TransitionReason, boolean][] = [
    ['no-response', 'interface-down', 'no-response', false],
    ['no-response', 'no-primary-ip-address', 'no-response', false],
    ['no-response', null, 'no-response', false],
    ['no-response', 'shutdown', 'shutdown', true],
    ['no-response', 'configuration', 'configuration', true],
    ['preempted', 'higher-priority-backup', 'preempted', false],
    ['preempted', null, 'preempted', false],
    ['priority', 'shutdown', 'shutdown', true],
    ['priority', 'configuration', 'configuration', true],
    ['priority', 'interface-down', 'interface-down', false],
    ['priority', 'no-primary-ip-address', 'no-primary-ip-address', false],
    ['priority', 'higher-priority-backup', 'priority', false],
    ['priority', null, 'priority', false],
    ['startup', 'higher-priority-backup', 'preempted', false],
    ['startup', null, 'startup', false],
    ['interface-up', 'higher-priority-backup', 'preempted', false],
    ['interface-up', 'shutdown', 'interface-up', false],
    ['configuration', 'higher-priority-backup', 'configuration', true],
  ]
  it.each(cases)('new active: %s, old active: %s → %s, planned %s', (says, old, reason, planned) => {
    const lb1 = node('lb1', old === null ? [elected(0)] : [elected(0), leaves(95, old)])
    const lb2 = node('lb2', [takes(100, says, 'lb1')])
    expect(rows(lb1, lb2)).toMatchObject([{ from: 'lb1', to: 'lb2', reason, planned }])
  })

  it('stays no-response when the node that was cut off stops an hour later', () => {
    const lb1 = node('lb1', [elected(0), leaves(3_600_000, 'shutdown')])
    const lb2 = node('lb2', [takes(100, 'no-response', 'lb1')])
    expect(rows(lb1, lb2)).toMatchObject([
      { reason: 'no-response', planned: false, evidence: ['lb1/1', 'lb2/1', 'lb1/2'] },
    ])
  })

  it('believes a heard resignation although the clocks put it after the takeover', () => {
    const lb1 = node('lb1', [elected(0), leaves(9_000, 'shutdown')])
    const lb2 = node('lb2', [takes(100, 'priority', 'lb1')])
    expect(rows(lb1, lb2)).toMatchObject([{ reason: 'shutdown', planned: true }])
  })

  it('allows for clocks nobody measured', () => {
    const lb1 = node('lb1', [elected(0), { ...leaves(1_500, 'shutdown'), errorMs: null }])
    const lb2 = node('lb2', [{ ...takes(600, 'no-response', 'lb1') }])
    expect(rows(lb1, lb2)).toMatchObject([{ reason: 'shutdown' }])
  })
})

describe('evidence', () => {
  it('holds a crashed active that tells of its restart only', () => {
    const lb1 = node('lb1', [elected(0), starts(60_000)])
    const lb2 = node('lb2', [takes(100, 'no-response', 'lb1')])
    expect(rows(lb1, lb2)).toMatchObject([{ reason: 'no-response', evidence: ['lb1/1', 'lb2/1', 'lb1/2'] }])
  })

  it('takes the tenure that ended, not an earlier or a later one of the same node', () => {
    const lb1 = node('lb1', [
      elected(0),
      leaves(90, 'interface-down', 'fault'),
      starts(200),
      takes(300, 'preempted', 'lb2'),
      leaves(900, 'shutdown'),
    ])
    const lb2 = node('lb2', [
      takes(100, 'no-response', 'lb1'),
      leaves(301, 'higher-priority-backup', 'backup'),
      takes(901, 'priority', 'lb1'),
    ])
    expect(rows(lb1, lb2)).toEqual([
      {
        from: 'lb1',
        to: 'lb2',
        reason: 'no-response',
        planned: false,
        evidence: ['lb1/1', 'lb1/2', 'lb2/1'],
      },
      { from: 'lb2', to: 'lb1', reason: 'preempted', planned: false, evidence: ['lb2/1', 'lb1/4', 'lb2/2'] },
      { from: 'lb1', to: 'lb2', reason: 'shutdown', planned: true, evidence: ['lb1/4', 'lb1/5', 'lb2/3'] },
    ])
  })

  it('takes no later tenure of the new active for its earlier one, which others heard and it never told', () => {
    const lb1 = node('lb1', [
      { ...takes(2_000, 'startup'), source: '10.0.0.1', errorMs: null },
      { ...leaves(2_100, 'shutdown'), errorMs: null },
      { ...starts(2_200), errorMs: null },
      { ...takes(2_300, 'no-response', 'lb2'), errorMs: null },
    ])
    const lb2 = node('lb2', [{ ...starts(0), source: '10.0.0.2', heard: heard('lb1') }])
    expect(rows(lb1, lb2)[0]).toEqual({
      from: 'lb1',
      to: 'lb1',
      reason: 'startup',
      planned: false,
      evidence: ['lb1/1'],
    })
  })

  it('follows the epochs of an agent whose spool began anew', () => {
    const first = node('lb1', [elected(0)])
    const second = node('lb1', [takes(5_000, 'priority')]).map((o) => ({
      ...o,
      id: 'lb1/new/1',
      epochOrder: 2,
    }))
    expect(rows(second, first)).toMatchObject([{ from: 'lb1', to: 'lb1', evidence: ['lb1/1', 'lb1/new/1'] }])
  })
})

describe('arrival', () => {
  const roles: readonly Role[] = ['initialize', 'backup', 'active', 'fault']
  const change = fc.record({
    at: fc.integer({ min: 0, max: 50 }),
    from: fc.constantFrom(...roles),
    to: fc.constantFrom(...roles),
    reason: fc.constantFrom<TransitionReason>(
      'no-response',
      'priority',
      'shutdown',
      'preempted',
      'interface-down',
    ),
    heard: fc.constantFrom(null, heard('lb1'), heard('lb2'), heard('lb9')),
    errorMs: fc.constantFrom(null, 0, 2),
  })
  const observations = fc
    .tuple(
      ...['lb1', 'lb2', 'lb3'].map((name) =>
        fc.array(change, { maxLength: 8 }).map((all) => node(name, all)),
      ),
    )
    .map((all) => all.flat())

  it('in any order gives the same failovers', () => {
    fc.assert(
      fc.property(
        observations.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        ([all, shuffled]) => {
          expect(deriveFailovers(shuffled)).toEqual(deriveFailovers(all))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('never takes a row back: what is known of a part is known of the whole', () => {
    fc.assert(
      fc.property(
        observations.chain((all) => fc.tuple(fc.constant(all), fc.subarray(all))),
        ([all, part]) => {
          const whole = new Set(deriveFailovers(all).map(({ became }) => became.id))
          for (const { became } of deriveFailovers(part)) expect(whole).toContain(became.id)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('gives at most one row for each time a node became active, and names existing evidence', () => {
    fc.assert(
      fc.property(observations, (all) => {
        const failovers = deriveFailovers(all)
        const ids = failovers.map(({ became }) => became.id)
        expect(new Set(ids).size).toBe(ids.length)
        for (const { evidence, became } of failovers) {
          expect(evidence).toContain(became.id)
          expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining([...evidence]))
        }
      }),
    )
  })
})
