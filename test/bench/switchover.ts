/**
 * What leaving politely costs: the active stops (SIGTERM), or is told to step down, while a client asks the address for
 * an answer every millisecond. Between two agents nothing may be lost. keepalived's graceful stop runs beside it; it
 * has no step down.
 */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { createLan, type Lan } from '../../agent/src/linux/namespace.ts'
import { createProber, type Prober } from '../lab/probe.ts'
import { pause } from '../lab/wait.ts'
import { type Contender, contenders, type RunningPair } from './contenders.ts'
import { median, range } from './figures.ts'
import type { BenchOptions, BenchResult } from './main.ts'

const VIP = '10.77.0.100'
const ALOFT = path.join(import.meta.dirname, '../../agent/dist/aloft.js')
const run = promisify(execFile)

type Leaving = 'graceful stop' | 'step-down'

interface Series {
  readonly advertisementIntervalMs: number
  readonly how: Leaving
  readonly lost: readonly number[]
  readonly longestGapMs: readonly number[]
}

export async function benchSwitchover({ quick, runs, say }: BenchOptions): Promise<BenchResult> {
  const rounds = runs ?? (quick ? 2 : 20)
  const prober = createProber()
  const ours: Series[] = []
  const theirs: Series[] = []
  const [aloft, keepalived] = contenders
  if (aloft === undefined || keepalived === undefined) throw new Error('there are two contenders')
  try {
    for (const intervalMs of quick ? [100] : [100, 1_000]) {
      for (const how of ['graceful stop', 'step-down'] as const)
        ours.push(await series({ contender: aloft, intervalMs, how, rounds, prober, say }))
      const peer = { contender: keepalived, intervalMs, how: 'graceful stop' as const, prober, say }
      theirs.push(await series({ ...peer, rounds: quick ? 1 : Math.min(rounds, 5) }))
    }
  } finally {
    prober.close()
  }
  return {
    bench: 'switchover',
    ok: ours.every(({ lost }) => lost.every((each) => each === 0)),
    figures: { rounds, quick, lostMax: 0, series: ours },
    peer: { name: 'keepalived', series: theirs },
  }
}

interface SeriesOptions {
  readonly contender: Contender
  readonly intervalMs: number
  readonly how: Leaving
  readonly rounds: number
  readonly prober: Prober
  readonly say: (line: string) => void
}

async function series({ contender, intervalMs, how, rounds, prober, say }: SeriesOptions): Promise<Series> {
  const lost: number[] = []
  const longestGapMs: number[] = []
  for (let round = 0; round < rounds; round++) {
    const result = await leaveOnce({ contender, intervalMs, how, prober })
    lost.push(result.lost)
    longestGapMs.push(result.longestGapMs)
  }
  say(
    `${intervalMs} ms adverts, ${how}, ${contender.name}: lost ${lost.join(' ')}; longest gap ` +
      `${median(longestGapMs).toFixed(1)} ms (${range(longestGapMs)})`,
  )
  return { advertisementIntervalMs: intervalMs, how, lost, longestGapMs }
}

async function leaveOnce({ contender, intervalMs, how, prober }: Omit<SeriesOptions, 'rounds' | 'say'>) {
  const hosts = [
    { name: 'a', addresses: ['10.77.0.1/24'] },
    { name: 'b', addresses: ['10.77.0.2/24'] },
  ]
  const lan: Lan = await createLan(`switch${process.pid}`, hosts, '10.77.0.254/24')
  try {
    const running = await contender.start({ lan, intervalMs, address: `${VIP}/24` })
    try {
      const seconds = (2 * intervalMs + 1_500) / 1_000
      const probing = prober.probe({ namespace: lan.switchNamespace, address: VIP, seconds })
      await pause(400)
      await leave(running, how)
      const result = await probing
      if (result.silentAtEndMs > 50) throw new Error(`${contender.name}: nobody took over`)
      return result
    } finally {
      await running.stop()
    }
  } finally {
    await lan.remove()
  }
}

async function leave({ active }: RunningPair, how: Leaving): Promise<void> {
  if (how === 'graceful stop') process.kill(active.pid(), 'SIGTERM')
  else await run(process.execPath, [ALOFT, 'step-down', 'web', '--state-dir', active.stateDir ?? ''])
}
