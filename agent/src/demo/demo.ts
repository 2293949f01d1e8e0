/**
 * `aloft demo`: a control plane and two sites of real agents on this machine. Root gets network namespaces and real
 * packets; anybody else gets the simulated LAN under the same agents. Ctrl-C leaves nothing behind, and what a crash
 * leaves behind the next start clears away.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { DASHBOARD_PORT, freeDashboardPort } from './dashboard-port.ts'
import { askDemo, type DemoActionName } from './demo-actions.ts'
import type { DemoCentre } from './demo-centre.ts'
import {
  claimDemoFolder,
  type DemoFolder,
  demoFolder,
  otherDemoAccount,
  runningDemoPid,
} from './demo-folder.ts'
import { clearLeftovers } from './demo-leftovers.ts'
import { Progress } from './demo-progress.ts'
import { DEMO_SITES } from './demo-sites.ts'
import { RunningDemo } from './running-demo.ts'

export interface DemoOptions {
  /** For the dashboard; 0 takes any free port. Null: 8080, or the next one that is free. */
  readonly port: number | null
}

const STOP_PATIENCE_MS = 20_000

/** Runs until it is told to stop; resolves with the exit code. */
export async function runDemo({ port }: DemoOptions): Promise<number> {
  outliveReaders()
  const stopRequested = untilSignal()
  const progress = new Progress(process.stdout)
  const folder = demoFolder()
  let release: () => void
  try {
    release = await claimDemoFolder(folder, (line) => progress.say(line))
  } catch (error) {
    complain(error)
    return 1
  }
  const demo = new RunningDemo(folder, progress)
  try {
    return await runUntil(stopRequested, demo, { port, progress })
  } catch (error) {
    complain(error)
    return 1
  } finally {
    progress.say('stopping …')
    // What does not stop in time is ended by force below: a demo that hangs would leave everything behind.
    const patience = new AbortController()
    await Promise.race([demo.stop(), sleep(STOP_PATIENCE_MS, null, { signal: patience.signal })])
    patience.abort()
    const forced = await clearLeftovers(folder)
    release()
    const how = forced > 0 ? ` (${forced} processes and namespaces had to be ended by force)` : ''
    progress.say(`stopped; nothing is left behind${how}`)
  }
}

async function runUntil(
  stopRequested: Promise<null>,
  demo: RunningDemo,
  { port, progress }: DemoOptions & { readonly progress: Progress },
): Promise<number> {
  const sites = DEMO_SITES.map(({ name, nodes }) => `${name} (${nodes.length} nodes)`)
  progress.say(`Aloft demo: ${sites.join(', ')}`)
  const starting = demo.start(port ?? (await freeDashboardPort()))
  const centre = await Promise.race([starting, stopRequested])
  if (centre === null) return 0
  progress.say(welcome(centre, port === null))
  const ended = await Promise.race([stopRequested, demo.centreEnded()])
  if (ended === null) return 0
  complain(ended)
  return 1
}

function welcome({ url, signInLink }: DemoCentre, expectsUsualPort: boolean): string {
  // performance.now() counts from the start of this process, so this includes loading the program.
  const seconds = (performance.now() / 1_000).toFixed(1)
  const [site] = DEMO_SITES
  const node = `${site?.name}/${site?.nodes[0]?.name}`
  const isElsewhere = expectsUsualPort && new URL(url).port !== String(DASHBOARD_PORT)
  return `
Live after ${seconds} s.

  Dashboard   ${url}${isElsewhere ? `   (port ${DASHBOARD_PORT} is taken)` : ''}
  Sign in     ${signInLink}

  In another terminal:
    npx aloft demo fail ${node}         pull its cable and watch the fail-over
    npx aloft demo restore ${node}      put it back
    npx aloft demo partition ${node}    cut it off at the switch: split brain

  Ctrl-C ends the demo and leaves nothing behind.
`
}

/** Asks the demo that runs in another terminal; prints what it answers; resolves with the exit code. */
export async function demoAction(action: DemoActionName, node: string): Promise<number> {
  const folder = demoFolder()
  try {
    const answer = await askDemo(folder.controlSocket, { action, node })
    if ('done' in answer) console.log(answer.done)
    else complain(answer.refused)
    return 'done' in answer ? 0 : 1
  } catch {
    complain(whyNobodyAnswers(folder))
    return 1
  }
}

function whyNobodyAnswers(folder: DemoFolder): string {
  const pid = runningDemoPid(folder)
  if (pid !== null)
    return `the demo (process ${pid}) is not up yet, or is stopping; wait for its "Live after"`
  const uid = otherDemoAccount(folder)
  if (uid !== null) {
    const who = uid === 0 ? 'root; ask with sudo' : `user ${uid}; ask as that user`
    return `the demo that runs here belongs to ${who}`
  }
  return 'no demo is running here; start one with `npm start` (or `npx aloft demo`) in another terminal'
}

function complain(error: unknown): void {
  console.error(`aloft demo: ${error instanceof Error ? error.message : error}`)
}

/** A terminal that was closed, or a pipe that nobody reads any more, must not end it before it has cleaned up. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

/** Resolves at the first signal. Later ones are only answered: dying half-way would leave things behind. */
function untilSignal(): Promise<null> {
  return new Promise((resolve) => {
    let isStopping = false
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (isStopping) console.error('aloft demo: still stopping; nothing may be left behind')
        isStopping = true
        resolve(null)
      })
    }
  })
}
