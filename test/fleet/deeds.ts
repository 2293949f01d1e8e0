/** What befalls a simulated fleet and its centre: small things all the time, disasters every few seconds. */
import { between, type Entropy, pick } from '../../agent/src/simulated/entropy.ts'
import { pause } from '../lab/wait.ts'
import type { HostileBalancer } from './hostile-balancer.ts'
import type { Replica, Replicas } from './replicas.ts'
import type { SimulatedAgent } from './simulated-agent.ts'
import type { SimulatedSite } from './simulated-site.ts'

export interface Field {
  readonly replicas: Replicas
  readonly balancer: HostileBalancer
  readonly entropy: Entropy
  readonly say: (line: string) => void
  readonly agents: SimulatedAgent[]
  readonly sites: SimulatedSite[]
  readonly deeds: Record<string, number>
}

/** How often in proportion to the others of its table. What takes time runs beside the others. */
type Deed = readonly [name: string, weight: number, act: (field: Field) => Promise<void> | void]

export const JUMP_MS_MAX = 3_600_000

const SMALL: readonly Deed[] = [
  ['small things seen', 30, notice],
  ['bursts', 4, burst],
  ['step-downs', 12, ({ sites, entropy }) => pick(entropy, sites).stepDown()],
  ['stewards killed', 2, stewardDies],
  ['hosts dead', 1, hostDies],
  ['clock jumps', 2, jump],
]

const DISASTERS: readonly Deed[] = [
  ['replicas killed', 3, (field) => endReplica(field, 'SIGKILL')],
  ['replicas drained', 2, (field) => endReplica(field, 'SIGTERM')],
  ['PostgreSQL killed', 2, killPostgres],
  ['connections cut', 3, ({ balancer, entropy }) => balancer.cutSome(between(entropy, 0, 0.5))],
]

export async function rampage(field: Field, durationMs: number): Promise<void> {
  const ends = performance.now() + durationMs
  const { entropy, agents } = field
  await Promise.all([
    repeat(field, SMALL, { ends, pauseMs: () => between(entropy, 1, 6_000 / agents.length) }),
    repeat(field, DISASTERS, { ends, pauseMs: () => between(entropy, 2_000, 6_000) }),
  ])
}

async function repeat(
  field: Field,
  table: readonly Deed[],
  { ends, pauseMs }: { readonly ends: number; readonly pauseMs: () => number },
): Promise<void> {
  const { entropy, deeds } = field
  const lots = table.flatMap((deed) => Array.from({ length: deed[1] }, () => deed))
  const running = new Set<Promise<void>>()
  while (performance.now() < ends) {
    const [name, , act] = pick(entropy, lots)
    deeds[name] = (deeds[name] ?? 0) + 1
    const under: Promise<void> = Promise.resolve(act(field)).finally(() => running.delete(under))
    running.add(under)
    await pause(pauseMs())
  }
  await Promise.all(running)
}

function notice({ sites, entropy }: Field): void {
  const site = pick(entropy, sites)
  site.notice(pick(entropy, site.nodes))
}

/** Faster than one acknowledgement comes back, so that batches follow each other. */
async function burst({ sites, entropy }: Field): Promise<void> {
  const site = pick(entropy, sites)
  const node = pick(entropy, site.nodes)
  for (let i = 0; i < 40; i++) {
    site.notice(node)
    await pause(between(entropy, 0, 20))
  }
}

function jump({ agents, entropy }: Field): void {
  pick(entropy, agents).node.clock.jump(between(entropy, -JUMP_MS_MAX, JUMP_MS_MAX))
}

async function stewardDies({ agents, entropy }: Field): Promise<void> {
  const agent = pick(entropy, agents)
  if (!agent.node.onLan || !agent.isRunning) return
  agent.kill()
  await pause(between(entropy, 100, 3_000))
  if (agent.node.onLan) await agent.start()
}

/** The whole host: VRRP and steward at once, and everything starts anew, on another boot. */
async function hostDies({ agents, entropy }: Field): Promise<void> {
  const agent = pick(entropy, agents)
  const { site, node } = agent
  if (!node.onLan || !agent.isRunning) return
  site.leave(node)
  agent.kill()
  await pause(between(entropy, 500, 20_000))
  node.clock.reboot()
  site.comeBack(node)
  await agent.start()
}

async function endReplica({ replicas, entropy, say }: Field, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  const replica = pick(entropy, replicas.replicas)
  if (replica.port === null) return
  await replica.end(signal)
  await pause(between(entropy, 100, 4_000))
  await bringUp(replica, say)
}

function killPostgres({ replicas }: Field): void {
  const pid = replicas.postgres.pid()
  if (pid !== null) process.kill(pid, 'SIGKILL')
}

/** Not at the first try when PostgreSQL is away at that moment. */
export async function bringUp(replica: Replica, say: (line: string) => void): Promise<void> {
  for (let attempt = 1; replica.port === null; attempt++) {
    await replica.start().catch((error: unknown) => {
      if (attempt >= 20) throw error
      say(String(error).replaceAll('\n', ' ').slice(0, 200))
    })
    if (replica.port === null) await pause(500)
  }
}
