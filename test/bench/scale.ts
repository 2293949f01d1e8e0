/**
 * What many virtual routers cost: 250 at 100 ms adverts, ours as the active and as the backup of keepalived, so that
 * each is measured on either side of the same LAN; and 1,000 at 1 s over four interfaces, from the start on.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent } from '../lab/agent.ts'
import { type Keepalived, type KeepalivedRouter, startKeepalived } from '../lab/keepalived.ts'
import { pause, until } from '../lab/wait.ts'
import type { BenchOptions, BenchResult } from './main.ts'

const ROUTERS = 250
const INTERVAL_MS = 100
const RATIO_MAX = 1
const RESIDENT_MAX_MB = 120
const THOUSAND = { interfaces: 4, routersEach: 250, startWithinMs: 3_000 }

interface Side {
  readonly activePercent: number
  readonly backupPercent: number
}

export async function benchScale({ quick, say }: BenchOptions): Promise<BenchResult> {
  const seconds = quick ? 8 : 30
  const ourActive = await measurePair('aloft', seconds, say)
  const theirActive = await measurePair('keepalived', seconds, say)
  const ours: Side = { activePercent: ourActive.a, backupPercent: theirActive.b }
  const theirs: Side = { activePercent: theirActive.a, backupPercent: ourActive.b }
  const ratio = {
    active: ours.activePercent / theirs.activePercent,
    backup: ours.backupPercent / theirs.backupPercent,
  }
  const residentMb = Math.max(ourActive.residentMb, theirActive.residentMb)
  const thousand = await measureThousand(quick ? 5 : 300, say)
  const ok =
    ratio.active <= RATIO_MAX &&
    ratio.backup <= RATIO_MAX &&
    residentMb <= RESIDENT_MAX_MB &&
    thousand.startedMs <= THOUSAND.startWithinMs &&
    thousand.lostRoles === 0
  return {
    bench: 'scale',
    ok,
    figures: {
      routers: ROUTERS,
      intervalMs: INTERVAL_MS,
      seconds,
      ratioMax: RATIO_MAX,
      ...ours,
      ratio,
      residentMb,
      thousand,
    },
    peer: { name: 'keepalived', ...theirs },
  }
}

/** CPU of both sides in percent of a core, and our resident size. */
async function measurePair(active: 'aloft' | 'keepalived', seconds: number, say: (line: string) => void) {
  const lan = await makeLan()
  const [ourHost, theirHost] = active === 'aloft' ? ['a', 'b'] : ['b', 'a']
  const priorityOf = (host: string) => (host === 'a' ? 200 : 100)
  const theirs = startKeepalived({
    namespace: lan.namespaceOf(theirHost),
    realtimePriority: 50,
    routers: routersOf(priorityOf(theirHost)),
  })
  const ours = startAgent({ namespace: lan.namespaceOf(ourHost), config: configOf(priorityOf(ourHost)) })
  try {
    await settled({ ours, theirs, active })
    const before = { ours: cpuMsOf(agentPids(ours)), theirs: cpuMsOf(keepalivedPids(theirs)) }
    await pause(seconds * 1_000)
    const percent = (cpuMs: number) => cpuMs / 10 / seconds
    const ourPercent = percent(cpuMsOf(agentPids(ours)) - before.ours)
    const theirPercent = percent(cpuMsOf(keepalivedPids(theirs)) - before.theirs)
    const residentMb = residentMbOf(agentPids(ours))
    say(
      `${active} active: ours ${ourPercent.toFixed(1)} %, keepalived ${theirPercent.toFixed(1)} % of a core; ours ${residentMb.toFixed(0)} MB`,
    )
    return active === 'aloft'
      ? { a: ourPercent, b: theirPercent, residentMb }
      : { a: theirPercent, b: ourPercent, residentMb }
  } finally {
    await ours.kill()
    await theirs.kill()
    await lan.remove()
  }
}

async function settled({ ours, theirs, active }: { ours: LabAgent; theirs: Keepalived; active: string }) {
  const role = active === 'aloft' ? 'active' : 'backup'
  await until(
    async () =>
      (await ours.routerStatus()).virtualRouters.filter((each) => each.role === role).length === ROUTERS,
    {
      what: `${ROUTERS} routers of ours to be ${role}`,
      withinMs: 30_000,
      everyMs: 250,
    },
  )
  const names = Array.from({ length: ROUTERS }, (_, i) => `r${i + 1}`)
  const wanted = active === 'aloft' ? 'BACKUP' : 'MASTER'
  await until(() => names.every((name) => theirs.state(name) === wanted), {
    what: `keepalived to be ${wanted}`,
    withinMs: 30_000,
    everyMs: 250,
  })
  // Second announcement bursts come five seconds after a takeover.
  await pause(6_500)
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
