/**
 * What replacing or killing either process of an agent costs at 1 s adverts, with a keepalived as its peer: transitions
 * of the peer, and answers a client did not get that asks every millisecond. keepalived's own restart runs beside it.
 */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { createLan, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from '../lab/agent.ts'
import { type Keepalived, startKeepalived } from '../lab/keepalived.ts'
import { createProber, type Prober } from '../lab/probe.ts'
import { pause, until } from '../lab/wait.ts'
import type { BenchOptions, BenchResult } from './main.ts'

const VIP = '10.77.0.100'
const ALOFT = path.join(import.meta.dirname, '../../agent/dist/aloft.js')
const run = promisify(execFile)

interface Series {
  readonly what: string
  readonly lost: number[]
  readonly transitions: number[]
}

type Act = (agent: LabAgent) => Promise<unknown> | unknown

const ACTS: readonly (readonly [string, Act])[] = [
  ['router replaced', (agent) => run(process.execPath, [ALOFT, 'upgrade', '--state-dir', agent.stateDir])],
  ['router killed', (agent) => agent.killProcess('router')],
  ['steward killed', (agent) => agent.killProcess('steward')],
]

export async function benchRestart({ quick, runs, say }: BenchOptions): Promise<BenchResult> {
  const rounds = runs ?? (quick ? 2 : 20)
  const prober = createProber()
  const lan = await makeLan()
  const peer = keepalivedOn(lan, 'b', 100)
  try {
    const series = await measureOurs({ lan, peer, prober, rounds, say })
    const theirs = await measureTheirs({ lan, peer, prober, say })
    return {
      bench: 'restart',
      ok: series.every(({ lost, transitions }) => [...lost, ...transitions].every((each) => each === 0)),
      figures: { advertisementIntervalMs: 1_000, rounds, series },
      peer: { name: 'keepalived', ...theirs },
    }
  } finally {
    prober.close()
    await peer.kill()
    await lan.remove()
  }
}

interface Field {
  readonly lan: Lan
  readonly peer: Keepalived
  readonly prober: Prober
  readonly say: (line: string) => void
}

async function measureOurs({
  lan,
  peer,
  prober,
  rounds,
  say,
}: Field & { readonly rounds: number }): Promise<Series[]> {
  const config = `node: a\nvirtualRouters:\n  - { name: web, interface: eth0, vrid: 51, priority: 200, addresses: [${VIP}/24] }\n`
  const agent = startAgent({ namespace: lan.namespaceOf('a'), config })
  try {
    await untilRole(agent, 'web', 'active')
    await until(() => peer.state() === 'BACKUP', { what: 'keepalived to be backup', withinMs: 10_000 })
    const all: Series[] = []
    for (const [what, act] of ACTS) {
      const series: Series = { what, lost: [], transitions: [] }
      for (let round = 0; round < rounds; round++) {
        const before = takeoversOf(peer)
        const probing = prober.probe({ namespace: lan.switchNamespace, address: VIP, seconds: 4 })
        await pause(300)
        await act(agent)
        series.lost.push((await probing).lost)
        series.transitions.push(takeoversOf(peer) - before)
        await untilRole(agent, 'web', 'active')
        // Five seconds of life forgive a death (respawn-throttle.ts); a process killed every four is a crash loop.
        await pause(1_500)
      }
      say(`${what}: lost ${series.lost.join(' ')}; transitions of the peer ${series.transitions.join(' ')}`)
      all.push(series)
    }
    return all
  } finally {
    await agent.kill()
  }
}

/** keepalived stopped and started again: what its users do for an upgrade. */
async function measureTheirs({ lan, peer, prober, say }: Field) {
  let active = keepalivedOn(lan, 'a', 200)
  try {
    await until(() => active.state() === 'MASTER', { what: 'keepalived to be active', withinMs: 15_000 })
    await pause(1_500)
    const taken = takeoversOf(peer)
    const probing = prober.probe({ namespace: lan.switchNamespace, address: VIP, seconds: 6 })
    await pause(300)
    await active.stop()
    active = keepalivedOn(lan, 'a', 200)
    const { lost } = await probing
    const transitions = takeoversOf(peer) - taken
    say(`keepalived restarted: lost ${lost}; transitions of the peer ${transitions}`)
    return { what: 'stopped and started', lost, transitions }
  } finally {
    await active.kill()
  }
}

function takeoversOf(peer: Keepalived): number {
  return peer.log().split('Entering MASTER').length - 1
}

function makeLan(): Promise<Lan> {
  const hosts = [
    { name: 'a', addresses: ['10.77.0.1/24'] },
    { name: 'b', addresses: ['10.77.0.2/24'] },
  ]
  return createLan(`restartb${process.pid}`, hosts, '10.77.0.254/24')
}

function keepalivedOn(lan: Lan, host: string, priority: number): Keepalived {
  const router = {
    name: 'web',
    vrid: 51,
    version: 3,
    priority,
    intervalMs: 1_000,
    addresses: [`${VIP}/24`],
  } as const
  return startKeepalived({ namespace: lan.namespaceOf(host), realtimePriority: 50, routers: [router] })
}
