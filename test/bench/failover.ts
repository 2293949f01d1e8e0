/**
 * How long a crashed active leaves its address unanswered: ours and keepalived in the same lab, alternating, at three
 * advertisement intervals. The active's cable is cut the same time after one of its advertisements for both, because
 * a fail-over lasts as long as the backup's patience minus the time since the last advertisement.
 */
import { execFileSync } from 'node:child_process'
import { createLan, type Lan } from '../../agent/src/linux/namespace.ts'
import { createProber, type ProbeResult, type Prober } from '../lab/probe.ts'
import { type Contender, contenders } from './contenders.ts'
import { median, range } from './figures.ts'
import type { BenchOptions, BenchResult } from './main.ts'

const VIP = '10.77.0.100'
const RATIO_MAX = 1.02
const INTERVALS_MS = [1_000, 100, 10]
const DEFAULT_INTERVAL_MS = 1_000
const DEFAULT_GAP_MAX_MS = 200
/** Where in the interval the cable is cut. */
const PHASE = 0.3

interface IntervalFigures {
  readonly advertisementIntervalMs: number
  readonly gapsMs: { readonly aloft: readonly number[]; readonly keepalived: readonly number[] }
  readonly medianMs: { readonly aloft: number; readonly keepalived: number }
  readonly ratio: number
  readonly ok: boolean
}

export async function benchFailover({ quick, runs, say }: BenchOptions): Promise<BenchResult> {
  const intervals = quick ? [100, 10] : INTERVALS_MS
  const rounds = runs ?? (quick ? 3 : 10)
  const prober = createProber()
  const figures: IntervalFigures[] = []
  let outOfTheBox: DefaultFigures
  try {
    outOfTheBox = await measureDefault({ rounds: runs ?? (quick ? 2 : 20), quick, prober, say })
    for (const intervalMs of intervals) {
      figures.push(await measureInterval({ intervalMs, rounds, prober, say }))
    }
  } finally {
    prober.close()
  }
  return {
    bench: 'failover',
    ok: outOfTheBox.ok && figures.every(({ ok }) => ok),
    figures: { ratioMax: RATIO_MAX, rounds, quick, outOfTheBox, intervals: figures },
    peer: { name: 'keepalived', version: keepalivedVersion(), realtimePriority: 50 },
  }
}

/** Both as they come, but for who is better: ours pair by BFD, keepalived waits three adverts of a second. */
interface DefaultFigures {
  readonly gapMaxMs: number
  readonly gapsMs: { readonly aloft: readonly number[]; readonly keepalived: readonly number[] }
  readonly ok: boolean
}

async function measureDefault(options: {
  readonly rounds: number
  readonly quick: boolean
  readonly prober: Prober
  readonly say: (line: string) => void
}): Promise<DefaultFigures> {
  const { rounds, quick, prober, say } = options
  const gapsMs: Record<'aloft' | 'keepalived', number[]> = { aloft: [], keepalived: [] }
  for (const contender of contenders) {
    const count = contender.name === 'aloft' ? rounds : quick ? 1 : Math.ceil(rounds / 4)
    for (let round = 1; round <= count; round++) {
      const { longestGapMs } = await crashOnce(contender, DEFAULT_INTERVAL_MS, prober)
      gapsMs[contender.name].push(longestGapMs)
      say(
        `default config, round ${round}/${count}: ${contender.name.padEnd(10)} ${longestGapMs.toFixed(1)} ms`,
      )
    }
  }
  return { gapMaxMs: DEFAULT_GAP_MAX_MS, gapsMs, ok: Math.max(...gapsMs.aloft) <= DEFAULT_GAP_MAX_MS }
}

interface Measurement {
  readonly intervalMs: number
  readonly rounds: number
  readonly prober: Prober
  readonly say: (line: string) => void
}

async function measureInterval({ intervalMs, rounds, prober, say }: Measurement): Promise<IntervalFigures> {
  const gaps: Record<string, number[]> = { aloft: [], keepalived: [] }
  for (let round = 1; round <= rounds; round++) {
    // Who goes first alternates too, so that a machine that gets slower punishes both.
    const order = round % 2 === 1 ? contenders : [...contenders].reverse()
    for (const contender of order) {
      const result = await crashOnce(contender, intervalMs, prober)
      gaps[contender.name]?.push(result.longestGapMs)
      say(
        `${intervalMs} ms adverts, round ${round}/${rounds}: ${contender.name.padEnd(10)} ${result.longestGapMs.toFixed(1)} ms`,
      )
    }
  }
  const { aloft = [], keepalived = [] } = gaps
  const medianMs = { aloft: median(aloft), keepalived: median(keepalived) }
  const ratio = medianMs.aloft / medianMs.keepalived
  say(
    `${intervalMs} ms adverts: median ${medianMs.aloft.toFixed(1)} ms (${range(aloft)}) against ` +
      `${medianMs.keepalived.toFixed(1)} ms (${range(keepalived)}): ratio ${ratio.toFixed(3)}`,
  )
  return {
    advertisementIntervalMs: intervalMs,
    gapsMs: { aloft, keepalived },
    medianMs,
    ratio,
    ok: ratio <= RATIO_MAX,
  }
}

async function crashOnce(contender: Contender, intervalMs: number, prober: Prober): Promise<ProbeResult> {
  const lan: Lan = await createLan(
    `bench${process.pid}`,
    [
      { name: 'a', addresses: ['10.77.0.1/24'] },
      { name: 'b', addresses: ['10.77.0.2/24'] },
    ],
    '10.77.0.254/24',
  )
  try {
    const running = await contender.start({ lan, intervalMs, address: `${VIP}/24` })
    try {
      const result = await prober.probe({
        namespace: lan.switchNamespace,
        address: VIP,
        seconds: (8 * intervalMs + 1_500) / 1_000,
        action: { do: 'down', port: 'a', phaseUs: Math.round(PHASE * intervalMs * 1_000), afterMs: 300 },
      })
      if (result.actedAtMs < 0)
        throw new Error(`${contender.name}: no advertisement passed, so nothing was cut`)
      if (result.silentAtEndMs > 50)
        throw new Error(`${contender.name}: nobody took over within ${result.silentAtEndMs} ms`)
      return result
    } finally {
      await running.stop()
    }
  } finally {
    await lan.remove()
  }
}

/** keepalived prints its version on standard error. */
function keepalivedVersion(): string {
  const printed = execFileSync('sh', ['-c', 'keepalived --version 2>&1'], { encoding: 'utf8' })
  return /v(\d+\.\d+\.\d+)/.exec(printed)?.[1] ?? 'unknown'
}
