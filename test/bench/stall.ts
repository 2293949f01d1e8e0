/**
 * False fail-overs on a busy machine: an active at 10 ms adverts beside four CPU hogs, watched by a keepalived backup
 * that would take over if it were late by more than the down interval. Ours and keepalived as the active in turn, a minute
 * each, so that a bad quarter of an hour of the machine meets both, while a program that outranks both watches what the
 * machine itself does.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createLan, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from '../lab/agent.ts'
import { type Keepalived, startKeepalived } from '../lab/keepalived.ts'
import { pause, until } from '../lab/wait.ts'
import { watchMachine } from './machine-watch.ts'
import type { BenchOptions, BenchResult } from './main.ts'

const INTERVAL_MS = 10
const HOGS = 4
const VIP = '10.77.0.100/24'
const SAY_EVERY_S = 30
/**
 * A backup of priority 100 takes over 36 ms after an advertisement, three intervals and its skew (RFC 9568 §6.1); the next
 * one is due 10 ms after it. So a core that is gone for the other 26 has no active that could keep its role.
 */
const FATAL_STALL_MS = 26
const WINDOW_MS = 10_000
const TURN_MS = 60_000
const TURNS = 10

interface StallFigures {
  readonly minutes: number
  readonly takeovers: number
  /** Those in a window of ten seconds in which the machine kept no program waiting for so long that nobody could hold. */
  readonly takeoversUnexplained: number
  /** How late our loop's alarms rang; null for keepalived, which does not measure itself. */
  readonly latenessMaxMs: number | null
  readonly realtime: string | null
  /** What the hypervisor says that it took of the CPUs meanwhile. */
  readonly stolenMs: number
  /** The longest that the machine kept a program waiting that outranks all others, and in how many windows too long. */
  readonly machineStallMaxMs: number
  readonly machineStalls: number
}

/** What one turn saw. */
interface Turn
  extends Omit<StallFigures, 'takeovers' | 'takeoversUnexplained' | 'machineStallMaxMs' | 'machineStalls'> {
  readonly windows: readonly Window[]
}

export async function benchStall({ quick, runs, say }: BenchOptions): Promise<BenchResult> {
  const turnMs = quick ? 25_000 : TURN_MS
  const ours: Turn[] = []
  const theirs: Turn[] = []
  const turns = runs ?? (quick ? 1 : TURNS)
  for (let turn = 1; turn <= turns; turn += 1) {
    ours.push(await watchActive('aloft', turnMs, (line) => say(`turn ${turn} of ${turns}, ${line}`)))
    theirs.push(await watchActive('keepalived', turnMs, (line) => say(`turn ${turn} of ${turns}, ${line}`)))
  }
  const figures = summed(ours)
  return {
    bench: 'stall',
    ok: figures.takeovers === 0,
    figures: { intervalMs: INTERVAL_MS, hogs: HOGS, ...figures },
    peer: summed(theirs),
  }
}

function summed(turns: readonly Turn[]): StallFigures {
  const windows = turns.flatMap((turn) => turn.windows)
  const stalled = windows.filter(({ machineStallMs }) => machineStallMs >= FATAL_STALL_MS)
  const calm = windows.filter(({ machineStallMs }) => machineStallMs < FATAL_STALL_MS)
  const lateness = turns.flatMap(({ latenessMaxMs }) => latenessMaxMs ?? [])
  return {
    minutes: total(turns.map(({ minutes }) => minutes)),
    takeovers: total(windows.map(({ takeovers }) => takeovers)),
    takeoversUnexplained: total(calm.map(({ takeovers }) => takeovers)),
    latenessMaxMs: lateness.length === 0 ? null : Math.max(...lateness),
    realtime: turns[0]?.realtime ?? null,
    stolenMs: total(turns.map(({ stolenMs }) => stolenMs)),
    machineStallMaxMs: Math.max(...windows.map(({ machineStallMs }) => machineStallMs)),
    machineStalls: stalled.length,
  }
}

function total(figures: readonly number[]): number {
  return figures.reduce((sum, figure) => sum + figure, 0)
}

async function watchActive(
  active: 'aloft' | 'keepalived',
  durationMs: number,
  say: (line: string) => void,
): Promise<Turn> {
  const hosts = [
    { name: 'a', addresses: ['10.77.0.1/24'] },
    { name: 'b', addresses: ['10.77.0.2/24'] },
  ]
  const lan = await createLan(`stall${process.pid}`, hosts)
  const backup = keepalivedOn(lan, 'b', 100)
  const ours = active === 'aloft' ? startOurs(lan) : null
  const theirs = active === 'keepalived' ? keepalivedOn(lan, 'a', 200) : null
  let hogs: ChildProcess[] = []
  try {
    if (ours) await untilRole(ours, 'web', 'active', 15_000)
    await until(() => backup.state() === 'BACKUP' && (theirs === null || theirs.state() === 'MASTER'), {
      what: 'the pair to settle',
      withinMs: 15_000,
    })
    await pause(1_000)
    const before = takeoversOf(backup)
    const stolenBefore = stolenMs()
    hogs = Array.from({ length: HOGS }, () => startHog(durationMs))
    const windows = await watch({ active, backup, before, durationMs, say })
    const status = ours ? await ours.routerStatus() : null
    return {
      minutes: durationMs / 60_000,
      windows,
      latenessMaxMs: status?.lateness.maxMs ?? null,
      realtime: status?.realtime.policy ?? null,
      stolenMs: stolenMs() - stolenBefore,
    }
  } finally {
    for (const hog of hogs) hog.kill()
    await ours?.stop()
    await theirs?.stop()
    await backup.stop()
    await lan.remove()
  }
}

interface Watch {
  readonly active: string
  readonly backup: Keepalived
  readonly before: number
  readonly durationMs: number
  readonly say: (line: string) => void
}

interface Window {
  readonly takeovers: number
  readonly machineStallMs: number
}

async function watch({ active, backup, before, durationMs, say }: Watch): Promise<readonly Window[]> {
  const windows: Window[] = []
  // Each watch begins before the last one ends, or what the machine did in between would be ours.
  let machine = await watchMachine()
  try {
    for (let passedMs = 0; passedMs < durationMs; passedMs += WINDOW_MS) {
      const atStart = takeoversOf(backup)
      await pause(Math.min(WINDOW_MS, durationMs - passedMs))
      const next = await watchMachine()
      const machineStallMs = await machine.stop()
      machine = next
      windows.push({ takeovers: takeoversOf(backup) - atStart, machineStallMs })
      const seconds = Math.min(passedMs + WINDOW_MS, durationMs) / 1_000
      if (machineStallMs >= FATAL_STALL_MS || seconds % SAY_EVERY_S === 0 || seconds * 1_000 === durationMs)
        say(
          `${active} active, ${HOGS} hogs, ${seconds} of ${durationMs / 1_000} s: ${takeoversOf(backup) - before} false takeovers; the machine stood still for up to ${machineStallMs.toFixed(0)} ms`,
        )
    }
  } finally {
    await machine.stop()
  }
  return windows
}

/** Ends by itself too: a bench that was interrupted must not slow its host for ever. */
function startHog(durationMs: number): ChildProcess {
  const seconds = String(Math.ceil(durationMs / 1_000) + 30)
  return spawn('timeout', [seconds, 'sh', '-c', 'while :; do :; done'], { stdio: 'ignore' })
}

/** The eighth figure of the first line of /proc/stat, in hundredths of a second (proc(5)). */
function stolenMs(): number {
  return 10 * Number(readFileSync('/proc/stat', 'utf8').split('\n')[0]?.trim().split(/\s+/)[8])
}

function takeoversOf(backup: Keepalived): number {
  return backup.log().split('Entering MASTER STATE').length - 1
}

function keepalivedOn(lan: Lan, host: string, priority: number): Keepalived {
  const router = {
    name: 'web',
    vrid: 51,
    version: 3,
    priority,
    intervalMs: INTERVAL_MS,
    addresses: [VIP],
  } as const
  return startKeepalived({ namespace: lan.namespaceOf(host), realtimePriority: 50, routers: [router] })
}

function startOurs(lan: Lan): LabAgent {
  const router = `{ name: web, interface: eth0, vrid: 51, priority: 200, advertisementInterval: ${INTERVAL_MS}ms, addresses: [${VIP}] }`
  return startAgent({ namespace: lan.namespaceOf('a'), config: `node: a\nvirtualRouters:\n  - ${router}\n` })
}
