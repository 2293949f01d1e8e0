/**
 * A simulated fleet on several replicas while everything is killed at random, and then: does history equal what the
 * agents recorded, and was anybody ever said to be down whose host was up?
 */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { between, integer, seededEntropy } from '../../agent/src/simulated/entropy.ts'
import { pause } from '../lab/wait.ts'
import { compareHistory } from './compare-history.ts'
import { bringUp, type Field, JUMP_MS_MAX, rampage } from './deeds.ts'
import { FalseStates } from './false-states.ts'
import { HostClock } from './host-clock.ts'
import { type Hostility, PEACE, startBalancer } from './hostile-balancer.ts'
import { MemorySpool } from './memory-spool.ts'
import { startReplicas } from './replicas.ts'
import { SimulatedAgent } from './simulated-agent.ts'
import { SimulatedSite, type SiteNode } from './simulated-site.ts'

export interface FleetChaosOptions {
  readonly agents: number
  readonly durationMs: number
  readonly seed: number
  readonly transport: 'websocket' | 'exchange'
  readonly say: (line: string) => void
}

export interface FleetChaosResult {
  readonly agents: number
  readonly recorded: number
  readonly deeds: Readonly<Record<string, number>>
  /** What history lacks, doubles, or has otherwise than it was recorded; empty when it equals the recordings. */
  readonly differences: readonly string[]
  /** Agents the API said to be down while their hosts were up. */
  readonly falselyDown: readonly string[]
  /** How often the API's states were looked at, and how often it said `down` rightly. */
  readonly looks: number
  readonly rightlyDown: number
  readonly undelivered: readonly string[]
}

const HOSTILITY: Hostility = { repeat: 0.05, swap: 0.03, cut: 0.002 }
const SAY_EVERY_MS = 60_000

function liveOf({ agents }: Field): number {
  return agents.filter(({ isLive }) => isLive).length
}

export async function runFleetChaos(options: FleetChaosOptions): Promise<FleetChaosResult> {
  const { seed, say, durationMs } = options
  const entropy = seededEntropy(seed)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-fleet-'))
  const replicas = await startReplicas({ count: 3 })
  const balancer = await startBalancer(() => replicas.ports(), entropy)
  const field: Field = { replicas, balancer, entropy, say, agents: [], sites: [], deeds: {} }
  try {
    await populate(field, options, folder)
    const states = new FalseStates({ url: balancer.url, token: replicas.adminToken, agents: field.agents })
    balancer.hostility = HOSTILITY
    const beganMs = performance.now()
    const news = setInterval(() => {
      const minutes = Math.round((performance.now() - beganMs) / SAY_EVERY_MS)
      const down = states.falselyDown.length
      say(`after ${minutes} min: ${liveOf(field)} live, ${down} falsely down, ${JSON.stringify(field.deeds)}`)
    }, SAY_EVERY_MS)
    await rampage(field, durationMs).finally(() => clearInterval(news))
    say(`${liveOf(field)} live at the end; what is left is delivered now: ${JSON.stringify(field.deeds)}`)
    await settle(field)
    await states.stop()
    const { differences, recorded } = await compareHistory(replicas.postgres.address, field.agents)
    return {
      agents: field.agents.length,
      recorded,
      deeds: { ...field.deeds, ...balancer.done },
      differences,
      falselyDown: states.falselyDown,
      looks: states.looks,
      rightlyDown: states.rightlyDown,
      undelivered: field.agents.filter(({ isDelivered }) => !isDelivered).map(({ detail }) => detail),
    }
  } finally {
    for (const site of field.sites) site.stop()
    for (const agent of field.agents) agent.kill()
    await balancer.close()
    await replicas.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Sites of two or three nodes, with clocks that are wrong by up to an hour. */
export async function populate(
  field: Field,
  {
    agents: count,
    transport = 'websocket',
  }: Pick<FleetChaosOptions, 'agents'> & Partial<Pick<FleetChaosOptions, 'transport'>>,
  folder: string,
): Promise<void> {
  const { entropy, balancer, replicas } = field
  while (field.agents.length < count) {
    const size = Math.min(integer(entropy, 2, 3), Math.max(2, count - field.agents.length))
    const nodes = Array.from(
      { length: size },
      (_, i): SiteNode => ({
        name: `lb${i + 1}`,
        spool: new MemorySpool(),
        clock: new HostClock(between(entropy, -JUMP_MS_MAX, JUMP_MS_MAX)),
        address: `192.0.2.${i + 1}`,
        priority: 200 - 50 * i,
        role: 'initialize',
        sinceWallMs: 0,
        onLan: true,
        away: [],
      }),
    )
    const site = new SimulatedSite(`site-${field.sites.length + 1}`, nodes, entropy)
    const token = await createToken(balancer.url, replicas.adminToken, { site: site.name, maxUses: size })
    field.sites.push(site)
    for (const node of nodes)
      field.agents.push(
        new SimulatedAgent({
          site,
          node,
          url: balancer.url,
          token,
          transport,
          folder,
          entropy,
          log: () => {},
        }),
      )
  }
  for (const site of field.sites) site.start()
  await Promise.all(field.agents.map((agent) => agent.start()))
  await patiently(() => field.agents.every(({ isDelivered }) => isDelivered), 60_000)
  field.say(`${field.agents.length} agents on ${field.sites.length} sites, ${liveOf(field)} live`)
}

async function createToken(url: string, token: string, body: object): Promise<string> {
  const answer = await fetch(`${url}/api/v1/enrolment-tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`no enrolment token: ${answer.status} ${await answer.text()}`)
  const made: { readonly token?: string } = await answer.json()
  return made.token ?? ''
}

/** Peace: everything may come home. Who waits for its back-off longer than a test can is started anew. */
async function settle({ agents, sites, balancer, replicas, say }: Field): Promise<void> {
  balancer.hostility = PEACE
  // A host that came back last may still be about to preempt: what is observed later is not for this history.
  await patiently(() => sites.every(({ isStill }) => isStill), 15_000)
  for (const replica of replicas.replicas) await bringUp(replica, say)
  await patiently(() => agents.every(({ isDelivered }) => isDelivered), 15_000)
  for (const agent of agents) {
    if (agent.isDelivered) continue
    agent.kill()
    await agent.start()
  }
  await patiently(() => agents.every(({ isDelivered }) => isDelivered), 90_000)
}

export async function patiently(holds: () => boolean, withinMs: number): Promise<void> {
  const ends = performance.now() + withinMs
  while (!holds() && performance.now() < ends) await pause(100)
}
