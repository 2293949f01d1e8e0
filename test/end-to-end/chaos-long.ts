/** `npm run chaos [-- --minutes 2] [-- --seed S]`: the storm of chaos.ts at length. Exits 1 when history differs. */
import { parseArgs } from 'node:util'
import { runChaos } from './chaos.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '2' }, seed: { type: 'string' } },
})
const seed = Number(values.seed ?? Date.now() % 1_000_000)
console.log(`chaos for ${values.minutes} minutes, seed ${seed}`)
const result = await runChaos({
  durationMs: Number(values.minutes) * 60_000,
  seed,
  say: (line) => console.log(line),
})
console.log(
  JSON.stringify(
    { ...result, differences: result.differences.slice(0, 20), differing: result.differences.length },
    null,
    2,
  ),
)
process.exit(result.differences.length === 0 && result.transitionsByStewardDeath === 0 ? 0 : 1)
