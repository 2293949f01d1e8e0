/**
 * A process that is scheduled as the router is, has a heap to collect, and collects it again and again; it prints how many
 * milliseconds it was kept waiting at most. Bundled and run by one-core.test.ts. Arguments: the addon, for how many milliseconds.
 */
import { createRequire } from 'node:module'
import { becomeRealtime, type SchedulerCalls } from '../../agent/src/router/realtime.ts'

const LIVE = 30_000

const [addon = '', forMs = ''] = process.argv.slice(2)
// `as`: what agent/src/linux/netio.ts says of the addon, which looks for it where a bundle of a test is not.
becomeRealtime(createRequire(import.meta.url)(addon) as SchedulerCalls)

const live = Array.from({ length: LIVE }, (_, i) => ({ i, text: `x${i}`, list: [i, i] }))
const endMs = performance.now() + Number(forMs)
let turns = 0
let longestMs = 0
let lastMs = performance.now()

function turn(): void {
  const nowMs = performance.now()
  longestMs = Math.max(longestMs, nowMs - lastMs)
  lastMs = nowMs
  if (nowMs > endMs) {
    process.stdout.write(String(longestMs))
    return
  }
  for (let round = 0; round < 20; round++) {
    for (let change = 0; change < 500; change++) {
      const i = Math.floor(Math.random() * LIVE)
      live[i] = { i, text: `y${i + change}`, list: [i, change] }
    }
    if (round % 10 === 0) collect(turns % 3 === 0 ? 'major' : 'minor')
  }
  turns += 1
  // By way of setImmediate, so that it sleeps: the timer would count from when this turn began.
  setImmediate(() => setTimeout(turn, 3))
}

function collect(type: 'major' | 'minor'): void {
  void globalThis.gc?.({ type, execution: 'sync' })
}

turn()
