/**
 * Kills the control plane, its PostgreSQL, stewards and routers at random while cables are pulled, and then compares
 * the centre's history with what the agents' routers wrote down themselves: nothing lost, nothing doubled, in order.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Event } from '@aloft/shared/api/schemas'
import { canonicalJson } from '@aloft/shared/config/canonical-json'
import { createLan, type Lan } from '../../agent/src/linux/namespace.ts'
import { seededEntropy } from '../../agent/src/simulated/entropy.ts'
import { type LabAgent, startAgent, untilRole } from '../lab/agent.ts'
import { type Centre, startCentre } from '../lab/centre.ts'
import { pause, until } from '../lab/wait.ts'
import { type JournalKeeper, keepJournal } from './journal-keeper.ts'

export interface ChaosOptions {
  readonly durationMs: number
  readonly seed: number
  readonly say: (line: string) => void
}

export interface ChaosResult {
  readonly kills: Readonly<Record<string, number>>
  readonly observed: number
  /** What the centre's history lacks, doubles, or has in another order; empty when it equals the recordings. */
  readonly differences: readonly string[]
  /** Transitions during the quiet phase in which only stewards were killed. */
  readonly transitionsByStewardDeath: number
}

interface Node {
  readonly name: string
  readonly agent: LabAgent
  readonly keeper: JournalKeeper
}

const NODES = [
  { name: 'a', address: '10.79.0.1/24', priority: 200 },
  { name: 'b', address: '10.79.0.2/24', priority: 150 },
  { name: 'c', address: '10.79.0.3/24', priority: 100 },
]

export async function runChaos({ durationMs, seed, say }: ChaosOptions): Promise<ChaosResult> {
  const random = seededEntropy(seed)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-chaos-'))
  const lan = await createLan(
    `chaos${process.pid}`,
    NODES.map(({ name, address }) => ({ name, addresses: [address] })),
  )
  let centre: Centre | null = null
  const nodes: Node[] = []
  try {
    centre = await startCentre()
    const token = await centre.createToken('chaos', NODES.length)
    for (const spec of NODES) nodes.push(startNode({ spec, lan, folder, centre, token }))
    await untilRole(nodes[0]?.agent ?? failed('node a'), 'web', 'active', 20_000)
    const transitionsByStewardDeath = await killOnlyStewards(nodes, say)
    const kills = await rampage({ nodes, lan, centre, durationMs, random, say })
    await untilReported(nodes, centre)
    const differences = (
      await Promise.all(nodes.map((node) => compare(node, centre ?? failed('the centre'))))
    ).flat()
    const observed = nodes.reduce((sum, { keeper }) => sum + keeper.lines().length, 0)
    return { kills, observed, differences, transitionsByStewardDeath }
  } finally {
    for (const { keeper, agent } of nodes) {
      keeper.stop()
      await agent.kill()
    }
    await centre?.remove()
    await lan.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

function failed(what: string): never {
  throw new Error(`${what} was not started`)
}

interface NodeOptions {
  readonly spec: (typeof NODES)[number]
  readonly lan: Lan
  readonly folder: string
  readonly centre: Centre
  readonly token: string
}

function startNode({ spec, lan, folder, centre, token }: NodeOptions): Node {
  const stateDir = path.join(folder, spec.name)
  const router = `{ name: web, interface: eth0, vrid: 51, priority: ${spec.priority}, advertisementInterval: 100ms, addresses: [10.79.0.100/24] }`
  const agent = startAgent({
    namespace: lan.namespaceOf(spec.name),
    config: `node: ${spec.name}\nvirtualRouters:\n  - ${router}\n`,
    stateDir,
    controlPlane: centre.agentUrl,
    enrolmentToken: token,
  })
  return { name: spec.name, agent, keeper: keepJournal(stateDir, path.join(folder, `${spec.name}-kept`)) }
}

const transitionsOf = (nodes: readonly Node[]): number =>
  nodes.reduce(
    (sum, { keeper }) => sum + keeper.lines().filter(({ body }) => body.kind === 'transition').length,
    0,
  )

/** Law: a steward's death changes no VRRP state. Nothing else happens in this phase, so any transition is its doing. */
async function killOnlyStewards(nodes: readonly Node[], say: (line: string) => void): Promise<number> {
  await pause(1_000)
  const before = transitionsOf(nodes)
  for (const { name, agent } of [...nodes, ...nodes]) {
    const dead = agent.pidOf('steward')
    agent.killProcess('steward')
    await until(() => agent.pidOf('steward') !== dead, { what: `a new steward on ${name}`, withinMs: 15_000 })
  }
  const transitions = transitionsOf(nodes) - before
  say(`${2 * nodes.length} stewards killed: ${transitions} transitions`)
  return transitions
}

interface Rampage {
  readonly nodes: readonly Node[]
  readonly lan: Lan
  readonly centre: Centre
  readonly durationMs: number
  readonly random: ReturnType<typeof seededEntropy>
  readonly say: (line: string) => void
}

async function rampage({
  nodes,
  lan,
  centre,
  durationMs,
  random,
  say,
}: Rampage): Promise<Record<string, number>> {
  const kills: Record<string, number> = { cable: 0, steward: 0, router: 0, centre: 0, postgres: 0 }
  const pick = <T>(items: readonly T[]): T =>
    items[Math.floor(random.next() * items.length)] ?? failed('anything to pick')
  const deeds: Readonly<Record<string, (node: Node) => Promise<void>>> = {
    async cable({ name }) {
      await lan.setCable(name, false)
      await pause(600)
      await lan.setCable(name, true)
    },
    steward: async ({ agent }) => killIfAlive(agent, 'steward'),
    router: async ({ agent }) => killIfAlive(agent, 'router'),
    async centre() {
      await centre.killCentre()
      await pause(random.next() * 1_000)
      await centre.start()
    },
    postgres: async () => centre.killPostgres(),
  }
  const ends = performance.now() + durationMs
  while (performance.now() < ends) {
    const deed = pick(['cable', 'cable', 'cable', 'steward', 'router', 'centre', 'postgres'])
    await deeds[deed]?.(pick(nodes))
    kills[deed] = (kills[deed] ?? 0) + 1
    await pause(200 + random.next() * 800)
  }
  say(
    `done: ${Object.entries(kills)
      .map(([what, count]) => `${what} ${count}`)
      .join(', ')}; ${transitionsOf(nodes)} transitions`,
  )
  return kills
}

/** The victim may be between two lives. */
function killIfAlive(agent: LabAgent, process: 'steward' | 'router'): void {
  try {
    agent.killProcess(process)
  } catch {
    // Already dead; its successor has not written its pid yet.
  }
}

async function untilReported(nodes: readonly Node[], centre: Centre): Promise<void> {
  await pause(2_000)
  for (const node of nodes) {
    await until(async () => (await compare(node, centre)).length === 0, {
      what: `the centre to hold everything ${node.name} recorded`,
      withinMs: 60_000,
      everyMs: 500,
    }).catch(() => {
      // The comparison that follows says what is different; a timeout would say less.
    })
  }
}

/** The node's routers' own lines against the centre's events, both in order, and the centre's seq without holes. */
async function compare({ name, keeper }: Node, centre: Centre): Promise<string[]> {
  const events = await centre.getAll<Event>(`/api/v1/events?site=chaos&node=${name}&order=asc&limit=200`)
  const differences: string[] = []
  for (const [i, { seq }] of events.entries()) {
    if (seq !== i + 1) differences.push(`${name}: event ${i + 1} has seq ${seq}`)
  }
  const key = ({ at, body }: { at: unknown; body: unknown }) => canonicalJson([at, body])
  const reported = events.map(({ observed, body }) => key({ at: observed, body }))
  const position = new Map(reported.map((each, i) => [each, i]))
  if (position.size !== reported.length)
    differences.push(`${name}: ${reported.length - position.size} events are doubled`)
  const last = new Map<string, number>()
  for (const line of keeper.lines()) {
    const at = position.get(key(line))
    if (at === undefined)
      differences.push(`${name}: run ${line.run} n ${line.n} (${line.body.kind}) is missing`)
    else if (at < (last.get(line.run) ?? -1))
      differences.push(`${name}: run ${line.run} n ${line.n} is out of order`)
    else last.set(line.run, at)
  }
  return differences
}
