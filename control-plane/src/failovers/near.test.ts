import type { TransitionReason } from '@aloft/shared/protocol/events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DerivedFailover, deriveFailovers, type Observation } from './derive.ts'
import { deriveNear } from './near.ts'

/** A site as it is: whoever becomes active heard whom it takes over from, and now and then anything else happens. */
interface Step {
  readonly node: number
  readonly gapMs: number
  readonly what: 'takes' | 'leaves' | 'resumes' | 'starts' | 'elected'
  readonly hears: number
  readonly agoMs: number
  readonly reason: TransitionReason
  readonly errorMs: number | null
  /** By how much its host's clock is wrong. */
  readonly skewMs: number
}

const often = <T>(usual: T, ...rare: T[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...rare) })

const step: fc.Arbitrary<Step> = fc.record({
  node: fc.nat(2),
  gapMs: fc.constantFrom(0, 1, 300, 2_000, 20_000),
  what: fc.constantFrom('takes', 'takes', 'leaves', 'leaves', 'resumes', 'starts', 'elected'),
  hears: fc.nat(3),
  agoMs: often(3, 1_500, 30_000),
  reason: fc.constantFrom<TransitionReason>('no-response', 'priority', 'shutdown', 'preempted', 'startup'),
  errorMs: often<number | null>(1, null, 900),
  skewMs: often(0, -4_000, 4_000, -60_000),
})

const NODES = ['a', 'b', 'c', 'foreign']

function observationsOf(steps: readonly Step[]): Observation[] {
  const seqs = new Map<string, number>()
  let nowMs = 0
  return steps.map(({ node, gapMs, what, hears, agoMs, reason, errorMs, skewMs }) => {
    nowMs += gapMs
    const agentId = NODES[node] ?? ''
    const seq = (seqs.get(agentId) ?? 0) + 1
    seqs.set(agentId, seq)
    const router = {
      virtualRouter: 'web',
      vrid: 51,
      family: 'ipv4',
      interface: 'eth0',
      priority: 100,
    } as const
    const facts = { id: `${agentId}/${seq}`, agentId, epochOrder: 1, seq, atMs: nowMs + skewMs, errorMs }
    if (what === 'resumes')
      return { ...facts, body: { kind: 'resumed', ...router, role: 'active', gapMs: 1 } }
    const turn = {
      takes: { from: 'backup', to: 'active' },
      elected: { from: 'backup', to: 'active' },
      leaves: { from: 'active', to: 'backup' },
      starts: { from: 'initialize', to: 'backup' },
    } as const
    const heard = what === 'takes' ? { address: `10.0.0.${NODES[hears]}`, priority: 100, agoMs } : null
    const said = { reason, heard, source: `10.0.0.${agentId}`, outageMs: null, addresses: [] }
    return { ...facts, body: { kind: 'transition', ...router, ...turn[what], ...said } }
  })
}

const inTime = (all: readonly Observation[]) => [...all].sort((left, right) => left.atMs - right.atMs)
const put = (rows: Map<string, DerivedFailover>, failovers: readonly DerivedFailover[]) => {
  for (const failover of failovers) rows.set(failover.became.id, failover)
}

/** What the query gives: `count` before the first new one, all from there on, and whether it is the tail of every agent. */
function nearOf(known: readonly Observation[], fresh: readonly Observation[], count: number) {
  const fromMs = Math.min(...fresh.map(({ atMs }) => atMs))
  const before = inTime(known).filter(({ atMs }) => atMs < fromMs)
  const left = new Set(before.slice(0, Math.max(0, before.length - count)))
  const observations = inTime(known).filter((observation) => !left.has(observation))
  const isTail = observations.every((here) =>
    [...left].every((out) => out.agentId !== here.agentId || out.seq < here.seq),
  )
  const isCut = before.length >= count
  return { observations, cutMs: isCut ? (observations[0]?.atMs ?? null) : null, isTail }
}

/**
 * Lets the steps arrive in groups, a node's in its own order, some nodes late. Gives the rows, those there are when all is looked
 * at each time, and how often a few sufficed.
 */
function arrive(all: readonly Observation[], { groups, late }: { groups: readonly number[]; late: number }) {
  const held = all.filter(({ agentId }) => agentId === NODES[late])
  const order = late > 2 ? all : [...all.filter((one) => !held.includes(one)), ...held]
  const rows = new Map<string, DerivedFailover>()
  const expected = new Map<string, DerivedFailover>()
  const known: Observation[] = []
  let sufficed = 0
  for (let i = 0, group = 0; i < order.length; group++) {
    const fresh = order.slice(i, i + (groups[group % groups.length] ?? 1))
    i += fresh.length
    known.push(...fresh)
    const near = nearOf(known, fresh, 6)
    const failovers = near.isTail ? deriveNear(near, (one) => fresh.includes(one)) : null
    if (failovers !== null && near.cutMs !== null) sufficed += 1
    put(rows, failovers ?? deriveFailovers(known))
    put(expected, deriveFailovers(known))
  }
  return { rows, expected, sufficed }
}

describe('the last few observations', () => {
  it('give the failovers that all of them give, or say that they do not suffice', () => {
    let sufficed = 0
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 8, maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 5 }),
        fc.nat(9),
        (steps, groups, late) => {
          const all = observationsOf(steps)
          const found = arrive(all, { groups, late })
          sufficed += found.sufficed
          expect(found.rows).toEqual(found.expected)
        },
      ),
      { numRuns: 1_500 },
    )
    // Or nothing was shown.
    expect(sufficed).toBeGreaterThan(500)
  })

  it('suffice when two nodes hand a router to and fro', () => {
    const steps = Array.from({ length: 40 }, (_, i): Step => {
      const what = i % 2 === 0 ? 'leaves' : 'takes'
      const node = Math.floor(i / 2) % 2 === 0 ? (what === 'takes' ? 1 : 0) : what === 'takes' ? 0 : 1
      const facts = { gapMs: 1_000, agoMs: 3, reason: 'priority', errorMs: 1, skewMs: 0 } as const
      return { node, what, hears: 1 - node, ...facts }
    })
    const { sufficed } = arrive(observationsOf(steps), { groups: [1], late: 3 })
    expect(sufficed).toBeGreaterThan(30)
  })

  it('do not suffice for a failover that clocks may place before them', () => {
    const handOver = (sinceMs: number): readonly Step[] =>
      [0, 1, 0, 1, 0].flatMap((node): Step[] => {
        const facts = { hears: 1 - node, agoMs: 3, reason: 'priority', errorMs: 1, skewMs: 0 } as const
        return [
          { node: 1 - node, gapMs: sinceMs / 2, what: 'leaves', ...facts },
          { node, gapMs: sinceMs / 2, what: 'takes', ...facts },
        ]
      })
    const sufficedWith = (sinceMs: number) =>
      arrive(observationsOf(handOver(sinceMs)), { groups: [1], late: 3 }).sufficed
    expect(sufficedWith(300)).toBe(0)
    expect(sufficedWith(3_000)).toBeGreaterThan(0)
  })
})

describe('a few observations do not suffice', () => {
  type Turn = 'starts' | 'takes' | 'leaves'
  interface Said {
    readonly seq: number
    readonly atMs: number
    readonly turn: Turn
    readonly source?: string | null
    readonly epochOrder?: number
    readonly agoMs?: number
  }
  const said = (
    agentId: string,
    { seq, atMs, turn, source, epochOrder = 1, agoMs = 3 }: Said,
  ): Observation => {
    const turns = {
      starts: ['initialize', 'backup'],
      takes: ['backup', 'active'],
      leaves: ['active', 'backup'],
    }
    const [from, to] = turns[turn] as ['backup', 'active']
    const other = `10.0.0.${agentId === 'a' ? 'b' : 'a'}`
    const own = source === undefined ? `10.0.0.${agentId}` : source
    const body: Observation['body'] = {
      kind: 'transition',
      ...{ virtualRouter: 'web', vrid: 51, family: 'ipv4' as const, interface: 'eth0', priority: 100 },
      ...{ from, to, reason: 'no-response' as const, outageMs: null, addresses: [] },
      heard: turn === 'takes' ? { address: other, priority: 100, agoMs } : null,
      ...(own === null ? {} : { source: own }),
    }
    return { id: `${agentId}/${seq}`, agentId, epochOrder, seq, atMs, errorMs: 1, body }
  }
  const ofA = [
    said('a', { seq: 10, atMs: 100_000, turn: 'takes' }),
    said('a', { seq: 11, atMs: 120_000, turn: 'leaves' }),
  ]
  const before = said('b', { seq: 10, atMs: 90_000, turn: 'starts' })
  const fresh = { seq: 11, atMs: 120_003, turn: 'takes' } as const
  const near = (...observations: readonly Observation[]) =>
    deriveNear({ observations: inTime(observations), cutMs: 0 }, ({ id }) => id === 'b/11')

  it('but here, where b takes over from a', () => {
    expect(near(...ofA, before, said('b', fresh))?.map(({ from, became }) => [from, became.id])).toEqual([
      ['a', 'b/11'],
    ])
  })

  it.each<[string, readonly Observation[]]>([
    [
      'where two nodes have had one address',
      [
        ...ofA,
        before,
        said('b', fresh),
        said('c', { seq: 1, atMs: 95_000, turn: 'starts', source: '10.0.0.b' }),
      ],
    ],
    [
      'where a spool began anew, whose order is another',
      [
        ...ofA.slice(0, 1),
        said('a', { seq: 11, atMs: 120_000, turn: 'leaves', epochOrder: 2 }),
        before,
        said('b', fresh),
      ],
    ],
    [
      'where a node does not say its address',
      [
        ...ofA,
        said('b', { seq: 10, atMs: 90_000, turn: 'starts', source: null }),
        said('b', { ...fresh, source: null }),
      ],
    ],
    [
      'where a node has changed its address',
      [
        ...ofA,
        said('b', { seq: 9, atMs: 80_000, turn: 'starts', source: '10.0.0.9' }),
        before,
        said('b', fresh),
      ],
    ],
    [
      'where something new lies between what was known of its node',
      [...ofA, before, said('b', fresh), said('b', { seq: 12, atMs: 125_000, turn: 'leaves' })],
    ],
    [
      'where what is new says who was active before all that is here',
      [...ofA, before, said('b', { ...fresh, agoMs: 119_990 })],
    ],
  ])('%s', (_, observations) => {
    expect(near(...observations)).toBeNull()
  })
})
