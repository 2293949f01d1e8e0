/**
 * What one replica costs and carries: memory for a connected fleet (plain and by TLS), a connect storm, heartbeats, the
 * return of everybody after its restart, and events a second that are durable before they are acknowledged, beside one
 * client that inserts the same rows and does nothing else. Agents, replica and PostgreSQL share the machine.
 */
import { readFileSync } from 'node:fs'
import { type FleetProcess, startFleetProcess } from '../fleet/fleet-in-process.ts'
import { startReplicas } from '../fleet/replicas.ts'
import { pause } from '../lab/wait.ts'
import { bareInserts } from './bare-inserts.ts'
import { makeCertificate } from './certificate.ts'
import { median } from './figures.ts'
import type { BenchOptions, BenchResult } from './main.ts'
import { cpuSecondsOf, residentMb } from './process-figures.ts'
import { judgeStorm, type StormFigures } from './storm.ts'

const RESIDENT_MB_MAX = 400
const EVENTS_PER_SECOND_MIN = 20_000
const RATIO_MIN = 0.5

interface Size {
  readonly plain: number
  readonly tls: number
  readonly loaded: number
  readonly eventsEach: number
  readonly rounds: number
  readonly heartbeatsMs: number
}

const FULL: Size = {
  plain: 10_000,
  tls: 2_000,
  loaded: 200,
  eventsEach: 500,
  rounds: 5,
  heartbeatsMs: 20_000,
}
const QUICK: Size = { plain: 600, tls: 200, loaded: 100, eventsEach: 300, rounds: 3, heartbeatsMs: 5_000 }

export async function benchFleet({ quick, runs, say }: BenchOptions): Promise<BenchResult> {
  const size = { ...(quick ? QUICK : FULL), ...(runs !== null && { rounds: runs }) }
  requireFileLimit(size.plain)
  const plain = await measurePlain(size, say)
  const tls = await measureTls(size, say)
  const { events } = plain
  const promises = {
    memory: plain.connected.residentMb <= RESIDENT_MB_MAX,
    throughput: median(events.ours) >= EVENTS_PER_SECOND_MIN,
    ratio: events.ratio >= RATIO_MIN,
    storm: plain.storm.asTold && plain.storm.inTime,
  }
  return {
    bench: 'fleet',
    ok: Object.values(promises).every(Boolean),
    figures: { promises, ...plain, tls },
    peer: {
      name: 'one client with multi-row inserts of the same rows',
      eventsPerSecond: median(events.bare),
    },
  }
}

/** Node raises its own limit to the hard one, and what it starts inherits it; a hard limit that is too low ends here. */
function requireFileLimit(sockets: number): void {
  const hard = /^Max open files\s+\d+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  if (hard === 'unlimited' || Number(hard) >= sockets + 1_000) return
  throw new Error(`${sockets} agents need a higher limit of open files than ${hard}: ulimit -n 65536`)
}

interface Connected {
  readonly agents: number
  readonly connectS: number
  readonly idleMb: number
  readonly residentMb: number
  readonly kbPerAgent: number
  /** Of one core, while only heartbeats come. */
  readonly heartbeatsCpu: number
}

async function measureConnected({
  pid,
  fleet,
  size,
  agents,
}: {
  readonly pid: number
  readonly fleet: FleetProcess
  readonly size: Size
  readonly agents: number
}): Promise<Connected> {
  const idleMb = residentMb(pid)
  const { tookMs = Number.NaN } = await fleet.obey({ do: 'connect', withinMs: 150_000 })
  await pause(2_000)
  const before = cpuSecondsOf(pid)
  await pause(size.heartbeatsMs)
  const heartbeatsCpu = ((cpuSecondsOf(pid) - before) * 1_000) / size.heartbeatsMs
  const resident = residentMb(pid)
  return {
    agents,
    connectS: tookMs / 1_000,
    idleMb,
    residentMb: resident,
    kbPerAgent: ((resident - idleMb) * 1_024) / agents,
    heartbeatsCpu,
  }
}

interface PlainFigures {
  readonly connected: Connected
  readonly events: EventFigures
  readonly storm: StormFigures
}

async function measurePlain(size: Size, say: BenchOptions['say']): Promise<PlainFigures> {
  const replicas = await startReplicas({ count: 1 })
  const fleet = await startFleetProcess()
  const [replica] = replicas.replicas
  try {
    if (replica === undefined) throw new Error('no replica')
    const url = `http://127.0.0.1:${replica.port}`
    await fleet.obey({ do: 'enrol', address: replicas.postgres.address, url, count: size.plain })
    const connected = await measureConnected({ pid: replica.pid ?? 0, fleet, size, agents: size.plain })
    say(`plain: ${JSON.stringify(connected)}`)
    const events = await measureEvents({ fleet, size, replicas, say })
    const killedAtMs = Date.now()
    await replica.end('SIGKILL')
    const back = fleet.obey({ do: 'watch', withinMs: 180_000 })
    await replica.start()
    const { tookMs = Number.NaN } = await back
    const { perAgent = [] } = await fleet.obey({ do: 'attempts', sinceMs: killedAtMs })
    const storm = judgeStorm(perAgent, { killedAtMs, tookMs })
    say(`storm: ${JSON.stringify(storm)}`)
    return { connected, events, storm }
  } finally {
    await fleet.end()
    await replicas.remove()
  }
}

interface EventFigures {
  readonly ours: readonly number[]
  readonly bare: readonly number[]
  readonly ratio: number
  readonly residentMb: number
}

/** Ours and the bare client in turn, into the same tables of the same server; ratios of neighbours. */
async function measureEvents(options: {
  readonly fleet: FleetProcess
  readonly size: Size
  readonly replicas: Awaited<ReturnType<typeof startReplicas>>
  readonly say: BenchOptions['say']
}): Promise<EventFigures> {
  const { fleet, size, replicas, say } = options
  const { loaded, eventsEach, rounds } = size
  const ours: number[] = []
  const bare: number[] = []
  const total = loaded * eventsEach
  const load = async () => {
    const { tookMs = Number.NaN } = await fleet.obey({ do: 'load', eventsEach, agents: loaded })
    return (total * 1_000) / tookMs
  }
  await load()
  for (let round = 0; round < rounds; round++) {
    ours.push(await load())
    bare.push(await bareInserts(replicas.postgres.address, total))
    say(`events/s: ours ${ours.at(-1)?.toFixed(0)}, bare ${bare.at(-1)?.toFixed(0)}`)
  }
  const ratio = median(ours.map((rate, i) => rate / (bare[i] ?? Number.NaN)))
  return { ours, bare, ratio, residentMb: residentMb(replicas.replicas[0]?.pid ?? 0) }
}

async function measureTls(size: Size, say: BenchOptions['say']): Promise<Connected> {
  const { certFile, keyFile, remove } = makeCertificate()
  const replicas = await startReplicas({ count: 1, args: ['--tls-cert', certFile, '--tls-key', keyFile] })
  const fleet = await startFleetProcess({ NODE_EXTRA_CA_CERTS: certFile })
  try {
    const [replica] = replicas.replicas
    const url = `https://127.0.0.1:${replica?.port}`
    await fleet.obey({ do: 'enrol', address: replicas.postgres.address, url, count: size.tls })
    const connected = await measureConnected({ pid: replica?.pid ?? 0, fleet, size, agents: size.tls })
    say(`TLS: ${JSON.stringify(connected)}`)
    return connected
  } finally {
    await fleet.end()
    await replicas.remove()
    remove()
  }
}
