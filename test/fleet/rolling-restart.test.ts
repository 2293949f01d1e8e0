/** Every replica is restarted, one after the other, while events flow: nothing is lost, nobody is alarmed. */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { pick, seededEntropy } from '../../agent/src/simulated/entropy.ts'
import { pause } from '../lab/wait.ts'
import { compareHistory } from './compare-history.ts'
import type { Field } from './deeds.ts'
import { patiently, populate } from './fleet-chaos.ts'
import { PEACE, startBalancer } from './hostile-balancer.ts'
import { startReplicas } from './replicas.ts'
import { ResumingFollower } from './resuming-follower.ts'

const seed = Number(process.env['ALOFT_SEED'] ?? Date.now() % 1_000_000)
const AGENTS = 12

let field: Field
let folder = ''
let followers: ResumingFollower[] = []
/** What the API said of agents that was not `connected`, while replicas came and went. */
const alarms: string[] = []
let looks = 0
let flowing: NodeJS.Timeout
let watching: NodeJS.Timeout

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-rolling-'))
  const entropy = seededEntropy(seed)
  const replicas = await startReplicas({ count: 3 })
  const balancer = await startBalancer(() => replicas.ports(), entropy)
  balancer.hostility = PEACE
  field = { replicas, balancer, entropy, say: () => {}, agents: [], sites: [], deeds: {} }
  await populate(field, { agents: AGENTS }, folder)
  followers = replicas.replicas.map(
    (_, i) => new ResumingFollower(() => replicas.ports(), replicas.adminToken, i),
  )
  flowing = setInterval(() => {
    const site = pick(entropy, field.sites)
    site.notice(pick(entropy, site.nodes))
  }, 10)
  watching = setInterval(() => void look().catch(() => {}), 100)
})
afterAll(async () => {
  clearInterval(flowing)
  clearInterval(watching)
  for (const follower of followers) await follower.stop()
  for (const site of field.sites) site.stop()
  for (const agent of field.agents) agent.kill()
  await field.balancer.close()
  await field.replicas.remove()
  rmSync(folder, { recursive: true, force: true })
})

async function ask<T>(path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${field.balancer.url}/api/v1/${path}`, {
    headers: { authorization: `Bearer ${field.replicas.adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(5_000),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

interface AgentAnswer {
  readonly id: string
  readonly node: string
  readonly state: string
}
const agentsNow = () => ask<{ readonly items: readonly AgentAnswer[] }>('agents?limit=100')

async function look(): Promise<void> {
  const { items } = await agentsNow()
  looks += 1
  for (const { node, state } of items) if (state !== 'connected') alarms.push(`${node} ${state}`)
}

/** Takes each replica away and brings it back; in between a command is given to every agent, through the others. */
async function roll(signal: 'SIGTERM' | 'SIGKILL'): Promise<readonly string[]> {
  const { items } = await agentsNow()
  const given: string[] = []
  for (const replica of field.replicas.replicas) {
    const ending = replica.end(signal)
    await pause(300)
    for (const { id } of items) {
      const command = await ask<{ readonly id: string }>(`agents/${id}/commands`, { kind: 'report' })
      given.push(`agents/${id}/commands/${command.id}`)
    }
    await ending
    await pause(500)
    await replica.start()
    await patiently(() => field.agents.every(({ isLive }) => isLive), 20_000)
  }
  return given
}

async function outcomesOf(commands: readonly string[]): Promise<readonly string[]> {
  const states = await Promise.all(commands.map(async (one) => (await ask<{ state: string }>(one)).state))
  return [...new Set(states)].sort()
}

it.each([
  ['drained', 'SIGTERM'],
  ['killed', 'SIGKILL'],
] as const)(
  `a fleet whose replicas are %s one after the other (seed ${seed})`,
  { timeout: 120_000 },
  async (_, signal) => {
    alarms.length = 0
    looks = 0
    const before = field.agents.reduce((sum, { node }) => sum + node.spool.recording.length, 0)
    const commands = await roll(signal)
    await patiently(() => field.agents.every(({ isLive }) => isLive), 20_000)
    expect(field.agents.filter(({ isLive }) => !isLive).map(({ detail }) => detail)).toEqual([])
    expect(alarms, 'nobody was shown other than connected').toEqual([])
    expect(looks).toBeGreaterThan(20)
    const giveUpAtMs = Date.now() + 20_000
    while ((await outcomesOf(commands)).join() !== 'done' && Date.now() < giveUpAtMs) await pause(200)
    expect([commands.length, await outcomesOf(commands)]).toEqual([3 * field.agents.length, ['done']])
    const after = field.agents.reduce((sum, { node }) => sum + node.spool.recording.length, 0)
    expect(after - before).toBeGreaterThan(100)
  },
)

it('then history equals the recordings, and each follower was told of each event once', {
  timeout: 60_000,
}, async () => {
  clearInterval(flowing)
  clearInterval(watching)
  await patiently(() => field.agents.every(({ isDelivered }) => isDelivered), 20_000)
  const { recorded, differences } = await compareHistory(field.replicas.postgres.address, field.agents)
  expect(differences).toEqual([])
  const told = () => followers.map(({ events }) => events.length)
  await patiently(() => new Set(told()).size === 1 && (told()[0] ?? 0) > 100, 10_000)
  for (const { events, resumed } of followers) {
    expect(new Set(events).size).toBe(events.length)
    expect(new Set(events)).toEqual(new Set(followers[0]?.events))
    expect(resumed.length).toBeGreaterThanOrEqual(2)
    expect(resumed).not.toContain(false)
  }
  expect(recorded - (told()[0] ?? 0), 'all but what came before they followed').toBeLessThan(
    field.agents.length * 10,
  )
})
