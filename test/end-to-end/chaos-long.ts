/**
 * `npm run chaos [-- --minutes 2] [-- --seed S]`: the storm of chaos.ts at length. Exits 1 when history differs.
 * `npm run chaos -- --fleet [--agents 200] [--minutes 10] [--exchange]`: that of a simulated fleet on three replicas; exits
 * 1 also when somebody was falsely said to be down.
 */
import { parseArgs } from 'node:util'
import { runFleetChaos } from '../fleet/fleet-chaos.ts'
import { runChaos } from './chaos.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    fleet: { type: 'boolean' },
    agents: { type: 'string', default: '200' },
    exchange: { type: 'boolean' },
  },
})
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const minutes = Number(values.minutes ?? (values.fleet ? 10 : 2))
const common = { durationMs: minutes * 60_000, seed, say: (line: string) => console.log(line) }
console.log(`chaos for ${minutes} minutes, seed ${seed}`)

async function ofLab(): Promise<boolean> {
  const result = await runChaos(common)
  const { differences } = result
  report({ ...result, differences: differences.slice(0, 20), differing: differences.length })
  return differences.length === 0 && result.transitionsByStewardDeath === 0
}

async function ofFleet(): Promise<boolean> {
  const transport = values.exchange ? 'exchange' : 'websocket'
  const result = await runFleetChaos({ ...common, agents: Number(values.agents), transport })
  const { differences, falselyDown, undelivered } = result
  report({ ...result, differences: differences.slice(0, 20), differing: differences.length })
  return differences.length + falselyDown.length + undelivered.length === 0
}

function report(result: object): void {
  console.log(JSON.stringify(result, null, 2))
}

process.exit((await (values.fleet ? ofFleet() : ofLab())) ? 0 : 1)
