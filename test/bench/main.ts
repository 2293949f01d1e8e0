/**
 * `npm run bench -- NAME [--json] [--quick] [--runs N] [--data-dir FOLDER]`: measures a promise of design §4 beside the peer, in one run.
 * The last line is JSON `{"bench", "ok", "figures", "peer"}`; the exit code is 1 when the promise is missed.
 */
import { parseArgs } from 'node:util'
import { benchFailover } from './failover.ts'
import { benchFleet } from './fleet.ts'
import { benchHistory } from './history.ts'
import { cleanUpWhenInterrupted } from './interruption.ts'
import { benchLatency } from './latency.ts'
import { benchRestart } from './restart.ts'
import { benchScale } from './scale.ts'
import { benchStall } from './stall.ts'
import { benchSwitchover } from './switchover.ts'

export interface BenchOptions {
  readonly quick: boolean
  readonly runs: number | null
  /** Where a bench that loads much keeps it for the next run; null: nowhere. */
  readonly dataDir: string | null
  /** Progress for people; silent with --json. */
  readonly say: (line: string) => void
}

export interface BenchResult {
  readonly bench: string
  readonly ok: boolean
  readonly figures: unknown
  readonly peer: unknown
}

const BENCHES: Readonly<Record<string, (options: BenchOptions) => Promise<BenchResult>>> = {
  failover: benchFailover,
  fleet: benchFleet,
  latency: benchLatency,
  history: benchHistory,
  restart: benchRestart,
  scale: benchScale,
  stall: benchStall,
  switchover: benchSwitchover,
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      quick: { type: 'boolean' },
      runs: { type: 'string' },
      'data-dir': { type: 'string' },
    },
  })
  const bench = BENCHES[positionals[0] ?? '']
  const runs = values.runs === undefined ? null : Number(values.runs)
  if (bench === undefined || (runs !== null && !(Number.isInteger(runs) && runs > 0))) {
    console.error(
      `usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--json] [--quick] [--runs N] [--data-dir FOLDER]`,
    )
    return 2
  }
  if (process.getuid?.() !== 0) {
    console.error('The bench makes network namespaces: run it as root.')
    return 2
  }
  const say = values.json ? () => {} : (line: string) => console.log(line)
  const removeFolder = cleanUpWhenInterrupted((line) => console.error(line))
  const dataDir = values['data-dir'] ?? null
  const result = await bench({ quick: values.quick ?? false, runs, dataDir, say }).finally(removeFolder)
  console.log(JSON.stringify(result))
  return result.ok ? 0 : 1
}

process.exit(await main())
