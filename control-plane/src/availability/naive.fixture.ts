/**
 * Availability the slow way, for tests: the state at each instant is found by looking through everything that was ever
 * observed. Shares nothing with the code it is held against but the words.
 */

export interface NaiveChange {
  readonly atMs: number
  readonly seq: number
  readonly from: string
  readonly to: string
  readonly reason: string
  readonly heardAgoMs: number | null
}

export interface NaiveNode {
  readonly changes: readonly NaiveChange[]
  readonly unseen: readonly (readonly [fromMs: number, toMs: number])[]
  readonly knownUntilMs: number
}

const MINUTES = 60_000
const DEAF_AT_MOST = 164_000

type State = 'served' | 'degraded' | 'down' | 'unknown'

/** Milliseconds in each state between two instants. */
export function naiveSums(nodes: readonly NaiveNode[], fromMs: number, toMs: number): Record<State, number> {
  const sums = { served: 0, degraded: 0, down: 0, unknown: 0 }
  const cuts = cutsOf(nodes, fromMs, toMs)
  for (let i = 0; i + 1 < cuts.length; i++) {
    const [from, to] = [cuts[i] ?? 0, cuts[i + 1] ?? 0]
    sums[stateAt(nodes, (from + to) / 2)] += to - from
  }
  return sums
}

/** How often it went down between two instants. */
export function naiveOutages(nodes: readonly NaiveNode[], fromMs: number, toMs: number): number {
  const cuts = cutsOf(nodes, fromMs - 60 * MINUTES, toMs)
  let outages = 0
  for (let i = 1; i + 1 < cuts.length; i++) {
    const [before, at, after] = [cuts[i - 1] ?? 0, cuts[i] ?? 0, cuts[i + 1] ?? 0]
    const begins = stateAt(nodes, (at + after) / 2) === 'down' && stateAt(nodes, (before + at) / 2) !== 'down'
    if (at >= fromMs && begins) outages += 1
  }
  return outages
}

function cutsOf(nodes: readonly NaiveNode[], fromMs: number, toMs: number): readonly number[] {
  const all = nodes.flatMap(({ changes, unseen, knownUntilMs }) => [
    knownUntilMs,
    ...unseen.flat(),
    ...changes.flatMap(({ atMs, heardAgoMs }) => [
      atMs,
      atMs - (heardAgoMs ?? 0),
      atMs - DEAF_AT_MOST,
      atMs + DEAF_AT_MOST,
    ]),
  ])
  const within = all.filter((ms) => ms > fromMs && ms < toMs)
  return [...new Set([fromMs, ...within, toMs])].sort((a, b) => a - b)
}

function stateAt(nodes: readonly NaiveNode[], ms: number): State {
  const now = nodes.map((node) => nodeAt(node, ms)).filter((what) => what !== 'absent')
  const actives = now.filter((what) => what === 'active').length
  if (actives === 1) return 'served'
  if (actives > 1) return 'degraded'
  if (now.includes('hearing')) return 'served'
  if (now.includes('deaf')) return 'down'
  if (now.includes('unknown')) return 'unknown'
  return now.length === 0 ? 'unknown' : 'down'
}

function nodeAt({ changes, unseen, knownUntilMs }: NaiveNode, ms: number): string {
  const byTime = [...changes].sort((a, b) => a.atMs - b.atMs || a.seq - b.seq)
  const before = byTime.filter(({ atMs }) => atMs <= ms).at(-1)
  if (before === undefined) return 'absent'
  const next = byTime.find(({ atMs }) => atMs > ms)
  const newest = [...changes].sort((a, b) => a.seq - b.seq).at(-1)
  const claimed = next === undefined ? (newest?.to ?? '') : next.from
  const silent: [number, number][] = next === undefined ? [[knownUntilMs, Number.POSITIVE_INFINITY]] : []
  const holes = [...unseen, ...silent].filter(
    ([from, to]) => Math.max(from, before.atMs) < Math.min(to, next?.atMs ?? Number.POSITIVE_INFINITY),
  )
  if (holes.some(([from, to]) => from <= ms && ms < to)) return 'unknown'
  if (claimed === before.to) return heard(before.to, before, next, ms)
  if (holes.length === 0) return claimed === 'initialize' ? heard(before.to, before, next, ms) : 'unknown'
  if (holes.every(([from]) => ms < from)) return heard(before.to, before, next, ms)
  return holes.every(([, to]) => ms >= to) ? heard(claimed, before, next, ms) : 'unknown'
}

function heard(role: string, before: NaiveChange, next: NaiveChange | undefined, ms: number): string {
  if (role === 'active') return 'active'
  if (role !== 'backup') return 'out'
  if (next?.to === 'active' && next.reason !== 'preempted') {
    const deafMs = Math.min(next.heardAgoMs ?? DEAF_AT_MOST, DEAF_AT_MOST)
    if (ms >= next.atMs - deafMs) return 'deaf'
  }
  if (before.heardAgoMs !== null) return 'hearing'
  return ms >= before.atMs + DEAF_AT_MOST ? 'hearing' : 'unknown'
}
