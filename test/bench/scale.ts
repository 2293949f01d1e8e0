/**
 * What many virtual routers cost: 250 at 100 ms adverts on a LAN of three, an active and two backups, one of ours and a
 * keepalived that hear the very same packets; the active is ours and keepalived's in turn. And 1,000 at 1 s over four
 * interfaces, from the start on.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent } from '../lab/agent.ts'
import { type Keepalived, type KeepalivedRouter, startKeepalived } from '../lab/keepalived.ts'
import { pause, until } from '../lab/wait.ts'
import { median } from './figures.ts'
import type { BenchOptions, BenchResult } from './main.ts'

const ROUTERS = 250
const INTERVAL_MS = 100
const RATIO_MAX = 1
const TRIES_MAX = 3
const RESIDENT_MAX_MB = 120
const THOUSAND = { interfaces: 4, routersEach: 250, startWithinMs: 3_000 }

type Make = 'aloft' | 'keepalived'

/** Percent of a core. */
interface Shares {
  readonly active: number
  readonly ourBackup: number
  readonly theirBackup: number
  /** The larger of our agents on that LAN. */
  readonly residentMb: number
}

export async function benchScale({ quick, runs, say }: BenchOptions): Promise<BenchResult> {
  const seconds = quick ? 8 : 20
  const rounds = runs ?? (quick ? 1 : 3)
  const behind: Record<Make, Shares[]> = { aloft: [], keepalived: [] }
  for (let round = 0; round < rounds; round++) {
    for (const make of ['aloft', 'keepalived'] as const) {
      const shares = await measureSettled(make, seconds, say)
      behind[make].push(shares)
      say(
        `${make} active ${percent(shares.active)}; its backups: ours ${percent(shares.ourBackup)}, keepalived ${percent(shares.theirBackup)}; ours ${shares.residentMb.toFixed(0)} MB`,
      )
    }
  }
  const thousand = await measureThousand(quick ? 5 : 300, say)
  const { figures, peer, isKept } = compared(behind)
  const ok = isKept && thousand.startedMs <= THOUSAND.startWithinMs && thousand.lostRoles === 0
  return {
    bench: 'scale',
    ok,
    figures: {
      routers: ROUTERS,
      intervalMs: INTERVAL_MS,
      seconds,
      rounds,
      ratioMax: RATIO_MAX,
      ...figures,
      thousand,
    },
    peer: { name: 'keepalived', ...peer },
  }
}

/**
 * Medians of all rounds. `active` and `backup` compare two of ours with two of keepalived's; `behind` two backups that
 * heard the very same packets. Behind ours, keepalived is cheaper than in its own company: our active sends in bursts.
 */
function compared({ aloft, keepalived }: Readonly<Record<Make, readonly Shares[]>>) {
  const of = (rounds: readonly Shares[], read: (shares: Shares) => number) => median(rounds.map(read))
  const behind = (rounds: readonly Shares[]) => of(rounds, (each) => each.ourBackup / each.theirBackup)
  const ours = { active: of(aloft, (each) => each.active), backup: of(aloft, (each) => each.ourBackup) }
  const theirs = {
    active: of(keepalived, (each) => each.active),
    backup: of(keepalived, (each) => each.theirBackup),
  }
  const ratio = { active: ours.active / theirs.active, backup: ours.backup / theirs.backup }
  const residentMb = Math.max(...[...aloft, ...keepalived].map((each) => each.residentMb))
  const isKept = ratio.active <= RATIO_MAX && ratio.backup <= RATIO_MAX && residentMb <= RESIDENT_MAX_MB
  return {
    figures: {
      percent: ours,
      ratio,
      behind: { keepalived: behind(keepalived), ours: behind(aloft) },
      residentMb,
    },
    peer: { percent: theirs },
    isKept,
  }
}

function percent(share: number): string {
  return `${share.toFixed(1)} %`
}

/** keepalived may not come to an election with so many at once; that is not what is measured here. */
async function measureSettled(make: Make, seconds: number, say: (line: string) => void): Promise<Shares> {
  for (let tries = 1; ; tries++) {
    try {
      return await measureLan(make, seconds)
    } catch (error) {
      if (tries === TRIES_MAX || !(error instanceof Error && error.message.includes('keepalived')))
        throw error
      say(`again: ${error.message}`)
    }
  }
}

/** CPU of an active of that make and of two backups that hear it. */
async function measureLan(make: Make, seconds: number): Promise<Shares> {
  const lan = await makeLan()
  const running: Contestant[] = []
  const start = async (kind: Make, host: string, priority: number) => {
    const namespace = lan.namespaceOf(host)
    const started = kind === 'aloft' ? startOurs(namespace, priority) : startTheirs(namespace, priority)
    running.push(started)
    await started.elected(host === 'a' ? 'active' : 'backup')
    return started
  }
  try {
    const contestants = [
      await start(make, 'a', 200),
      await start('aloft', 'b', 100),
      await start('keepalived', 'c', 90),
    ]
    const all = contestants.map(({ pids }) => pids())
    const checkAllSame = () => {
      for (const [i, contestant] of contestants.entries()) checkSame(contestant, all[i] ?? [])
    }
    // Second announcement bursts come five seconds after a takeover.
    await pause(6_500)
    checkAllSame()
    const before = all.map(cpuMsOf)
    await pause(seconds * 1_000)
    checkAllSame()
    const [active = 0, ourBackup = 0, theirBackup = 0] = all.map(
      (pids, i) => (cpuMsOf(pids) - (before[i] ?? 0)) / 10 / seconds,
    )
    const ours = running.filter(({ kind }) => kind === 'aloft').map(({ pids }) => residentMbOf(pids()))
    return { active, ourBackup, theirBackup, residentMb: Math.max(...ours) }
  } finally {
    for (const each of running) await each.kill()
    await lan.remove()
  }
}

/** What one process of it used is nothing to compare when another took its place. Ours may not end; keepalived's round is repeated. */
function checkSame({ kind, pids, log }: Contestant, before: readonly number[]): void {
  const now = pids()
  if (now.join() === before.join()) return
  throw new Error(
    `a process of ${kind} ended while it was measured: ${before} are ${now} now; it said:\n${log()}`,
  )
}

interface Contestant {
  readonly kind: Make
  pids(): readonly number[]
  /** The end of what it printed. */
  log(): string
  /** Resolves when all of its virtual routers have the role. */
  elected(role: 'active' | 'backup'): Promise<unknown>
  kill(): Promise<void>
}

const LOG_CHARS = 2_000
const ELECTION = { withinMs: 30_000, everyMs: 250 }

function startOurs(namespace: string, priority: number): Contestant {
  const agent = startAgent({ namespace, config: configOf(priority) })
  const withRole = async (role: string) =>
    (await agent.routerStatus()).virtualRouters.filter((each) => each.role === role).length
  return {
    kind: 'aloft',
    pids: () => agentPids(agent),
    log: () => agent.log().slice(-LOG_CHARS),
    elected: (role) =>
      until(async () => (await withRole(role)) === ROUTERS, {
        what: `${ROUTERS} routers of ours to be ${role}`,
        ...ELECTION,
      }),
    kill: () => agent.kill(),
  }
}

function startTheirs(namespace: string, priority: number): Contestant {
  const daemon = startKeepalived({ namespace, realtimePriority: 50, routers: routersOf(priority) })
  const names = Array.from({ length: ROUTERS }, (_, i) => `r${i + 1}`)
  return {
    kind: 'keepalived',
    pids: () => keepalivedPids(daemon),
    log: () => daemon.log().slice(-LOG_CHARS),
    elected: (role) => {
      const state = role === 'active' ? 'MASTER' : 'BACKUP'
      return until(() => names.every((name) => daemon.state(name) === state), {
        what: `keepalived to be ${state}`,
        ...ELECTION,
      })
    },
    kill: () => daemon.kill(),
  }
}

async function measureThousand(seconds: number, say: (line: string) => void) {
  const lan = await makeLan()
  const namespace = lan.namespaceOf('a')
  const names = ['eth0', 'eth1', 'eth2', 'eth3'].slice(0, THOUSAND.interfaces)
  for (const [i, name] of names.entries()) {
    if (i === 0) continue
    await ip(
      '-n',
      namespace,
      'link',
      'add',
      'link',
      'eth0',
      'name',
      name,
      'type',
      'macvlan',
      'mode',
      'bridge',
    )
    await ip('-n', namespace, 'addr', 'add', `10.${77 + i}.0.1/16`, 'dev', name)
    await ip('-n', namespace, 'link', 'set', 'dev', name, 'up')
  }
  const total = names.length * THOUSAND.routersEach
  const began = performance.now()
  const ours = startAgent({ namespace, config: thousandText(names) })
  try {
    await until(
      async () =>
        (await ours.routerStatus()).virtualRouters.filter(({ role }) => role === 'backup').length === total,
      {
        what: `${total} routers to take part`,
        withinMs: 20_000,
        everyMs: 20,
      },
    )
    const startedMs = performance.now() - began
    const actives = async () =>
      (await ours.routerStatus()).virtualRouters.filter(({ role }) => role === 'active')
    await until(async () => (await actives()).length === total, {
      what: `${total} routers to be active`,
      withinMs: 30_000,
      everyMs: 200,
    })
    const sent = async () =>
      (await actives()).reduce((sum, { counters }) => sum + counters.advertisementsSent, 0)
    const [sentBefore, at] = [await sent(), performance.now()]
    await pause(seconds * 1_000)
    const [sentAfter, passedMs] = [await sent(), performance.now() - at]
    const { virtualRouters, lateness } = await ours.routerStatus()
    const lostRoles = virtualRouters.filter(
      (each) => each.role !== 'active' || each.counters.becameActive !== 1,
    ).length
    const due = (total * passedMs) / 1_000
    const figures = {
      routers: total,
      startedMs,
      seconds,
      sentShare: (sentAfter - sentBefore) / due,
      lostRoles,
      latenessMaxMs: lateness.maxMs,
    }
    say(
      `${total} routers: started in ${startedMs.toFixed(0)} ms; ${(100 * figures.sentShare).toFixed(2)} % of what was due was sent in ${seconds} s`,
    )
    return figures
  } finally {
    await ours.kill()
    await lan.remove()
  }
}

function makeLan(): Promise<Lan> {
  const hosts = [
    { name: 'a', addresses: ['10.77.0.1/16'] },
    { name: 'b', addresses: ['10.77.0.2/16'] },
    { name: 'c', addresses: ['10.77.0.3/16'] },
  ]
  return createLan(`scale${process.pid}`, hosts)
}

function routersOf(priority: number): readonly KeepalivedRouter[] {
  return Array.from({ length: ROUTERS }, (_, i) => ({
    name: `r${i + 1}`,
    vrid: i + 1,
    version: 3,
    priority,
    intervalMs: INTERVAL_MS,
    addresses: [`10.77.1.${i + 1}/16`],
  }))
}

function configOf(priority: number): string {
  const routers = routersOf(priority).map(
    ({ name, vrid, addresses }) =>
      `  - { name: ${name}, interface: eth0, vrid: ${vrid}, priority: ${priority}, advertisementInterval: ${INTERVAL_MS}ms, addresses: [${addresses}] }`,
  )
  return ['node: scale', 'virtualRouters:', ...routers].join('\n')
}

function thousandText(interfaces: readonly string[]): string {
  const routers = interfaces.flatMap((name, n) =>
    Array.from(
      { length: THOUSAND.routersEach },
      (_, i) =>
        `  - { name: ${name}-${i + 1}, interface: ${name}, vrid: ${i + 1}, addresses: [10.${77 + n}.1.${i + 1}/16] }`,
    ),
  )
  return ['node: thousand', 'virtualRouters:', ...routers].join('\n')
}

function agentPids(agent: LabAgent): readonly number[] {
  return [agent.pidOf('router'), agent.pidOf('steward')]
}

/** The parent and whatever it runs. */
function keepalivedPids({ pid }: Keepalived): readonly number[] {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(Number(name)) === pid)
  return [pid, ...children.map(Number)]
}

function statOf(pid: number): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function parentOf(pid: number): number | null {
  try {
    return Number(statOf(pid)[1])
  } catch {
    return null
  }
}

/**
 * Milliseconds on a CPU of all their threads (schedstat counts nanoseconds: the ticks of /proc/PID/stat miss what is
 * done in short bursts that a timer begins).
 */
function cpuMsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const tasks = readdirSync(`/proc/${pid}/task`)
    const spent = tasks.map((task) =>
      Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
    )
    return sum + spent.reduce((total, each) => total + each, 0) / 1e6
  }, 0)
}

/** What both processes keep resident together: what each has alone, and the program both map, once. */
function residentMbOf(pids: readonly number[]): number {
  const sizes = pids.map((pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const mb = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024
    return { own: mb('RssAnon'), program: mb('RssFile') }
  })
  return sizes.reduce((sum, { own }) => sum + own, 0) + Math.max(...sizes.map(({ program }) => program))
}
