/** `npm run fuzz -- --cases 10000000 [--seed 1]`: hostile packets, and one line about what became of them. */
import { parseArgs } from 'node:util'
import { fuzzReceivePath } from './receive-path.ts'

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const [cases, seed] = [Number(values.cases), Number(values.seed)]
if (!Number.isSafeInteger(cases) || cases < 1 || !Number.isSafeInteger(seed))
  throw new Error('--cases and --seed are whole numbers')

const beganMs = performance.now()
const { harmless, undecodable, discards } = fuzzReceivePath({ seed, cases })
const seconds = (performance.now() - beganMs) / 1000
const reasons = Object.entries(discards)
  .sort(([, left], [, right]) => right - left)
  .map(([reason, count]) => `${reason} ${count}`)
console.log(
  `${cases} cases, seed ${seed}: nothing thrown, nothing moved; ${Math.round(cases / seconds)} cases/s, ${seconds.toFixed(0)} s; not hostile ${harmless}, undecodable ${undecodable}; discarded: ${reasons.join(', ')}`,
)
