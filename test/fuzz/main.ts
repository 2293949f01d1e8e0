/**
 * `npm run fuzz -- --cases 10000000 [--seed 1]`: hostile packets, and one line about what became of them.
 * `npm run fuzz -- api [--cases 1000] [--seed 1]`: hostile requests, so many for each operation of the HTTP API.
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { fuzzReceivePath } from './receive-path.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const isApi = positionals[0] === 'api'
const [cases, seed] = [Number(values.cases ?? (isApi ? 500 : 1_000_000)), Number(values.seed)]
if (!Number.isSafeInteger(cases) || cases < 1 || !Number.isSafeInteger(seed))
  throw new Error('--cases and --seed are whole numbers')

// The same test as in `npm test`, which brings its own PostgreSQL.
if (isApi) {
  const root = path.resolve(import.meta.dirname, '../..')
  const args = ['vitest', 'run', '--project', 'lab', 'test/api/fuzz.test.ts', '--testTimeout', '0']
  const env = { ...process.env, ALOFT_FUZZ_CASES: String(cases), ALOFT_FUZZ_SEED: String(seed) }
  console.log(`${cases} requests for each operation, seed ${seed}`)
  process.exit(spawnSync('npx', args, { cwd: root, env, stdio: 'inherit' }).status ?? 1)
}

const beganMs = performance.now()
const { harmless, undecodable, discards } = fuzzReceivePath({ seed, cases })
const seconds = (performance.now() - beganMs) / 1000
const reasons = Object.entries(discards)
  .sort(([, left], [, right]) => right - left)
  .map(([reason, count]) => `${reason} ${count}`)
console.log(
  `${cases} cases, seed ${seed}: nothing thrown, nothing moved; ${Math.round(cases / seconds)} cases/s, ${seconds.toFixed(0)} s; not hostile ${harmless}, undecodable ${undecodable}; discarded: ${reasons.join(', ')}`,
)
