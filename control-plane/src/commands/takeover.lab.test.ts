import type { SpooledEvent } from '@aloft/shared/protocol/events'
import type { RouterState } from '@aloft/shared/protocol/frames'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ringAfterCommit } from '../database/after-commit.ts'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { tick } from '../duties/tick.ts'
import {
  enrolNode,
  startTestGateway,
  TestAgent,
  type TestGateway,
  type TestIdentity,
  transition,
  until,
} from '../gateway/test-agent.ts'
import { listVirtualRouters } from '../virtual-routers/read.ts'
import { takeoversToAskAbout } from './ask-taken.ts'

let database: TestDatabase
let replica: TestGateway
let identities: readonly [TestIdentity, TestIdentity]
const agents: TestAgent[] = []

beforeEach(async () => {
  database = await createTestDatabase()
  identities = [await enrolNode(database.db, 'paris', 'lb1'), await enrolNode(database.db, 'paris', 'lb2')]
  replica = await startTestGateway(database.db)
})
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close()
  await replica.stop()
  await database.close()
})

const ROUTERS = 250
const SOURCES = ['192.0.2.1', '192.0.2.2'] as const

const routers = (role: RouterState['role'], source: string): RouterState[] =>
  Array.from({ length: ROUTERS }, (_, i) => ({
    virtualRouter: `web${i}`,
    vrid: i + 1,
    family: 'ipv4',
    interface: 'eth0',
    version: 3,
    role,
    sinceWallMs: Date.now(),
    priority: 100,
    advertisementIntervalMs: 1_000,
    addresses: ['192.0.2.100'],
    active: { address: SOURCES[0], priority: 100 },
    source,
  }))

/** lb2 took router `i` because lb1 fell silent. */
const taken = (i: number): SpooledEvent =>
  transition(i + 1, {
    virtualRouter: `web${i}`,
    vrid: i + 1,
    from: 'backup',
    to: 'active',
    reason: 'no-response',
    source: SOURCES[1],
    heard: { address: SOURCES[0], priority: 200, agoMs: 3_000 },
  })

async function open(which: 0 | 1, role: RouterState['role']): Promise<TestAgent> {
  const agent = new TestAgent(replica.url)
  agents.push(agent)
  const identity = identities[which]
  await agent.open(identity, { obeys: ['report'] }, routers(role, SOURCES[which]))
  await until('its routers are known', async () => {
    const rows =
      await database.sql`select 1 from virtual_router_members m join agent_sessions s using (agent_id)
      where m.agent_id = ${identity.agentId} and s.synced`
    return rows.length === ROUTERS
  })
  return agent
}

const takeOver = (agent: TestAgent, events: readonly SpooledEvent[]) =>
  agent.send({ kind: 'events', epoch: 'epoch-1', events: [...events] })
const orders = async () =>
  (await database.sql`select agent_id, kind, created_by from commands order by created_at_ms`).map((row) => ({
    ...row,
  }))
const look = async () => {
  await database.sql`update duties set started_at_ms = 0`
  const { failed } = await tick({ db: database.db, duties: [takeoversToAskAbout], replica: 'test' })
  expect(failed).toEqual([])
}
const stateOfFirst = async () =>
  (await listVirtualRouters(database.db, { reach: 'everywhere', limit: 1 })).items[0]?.state

it('asks an active whose role a peer took, and a split brain shows within a second', async () => {
  const [old, peer] = [await open(0, 'active'), await open(1, 'backup')]
  const beganAtMs = performance.now()
  takeOver(peer, [taken(0)])
  const { command } = await old.next('command')
  expect(command).toBe('report')
  old.send({ kind: 'snapshot', asOfSeq: 0, routers: routers('active', SOURCES[0]) })
  await until('a split brain shows', async () => (await stateOfFirst()) === 'split-brain')
  expect(performance.now() - beganAtMs).toBeLessThan(2_000)
})

it('asks once, however many of its routers were taken', async () => {
  const [old, peer] = [await open(0, 'active'), await open(1, 'backup')]
  for (let i = 0; i < ROUTERS; i += 25)
    takeOver(
      peer,
      Array.from({ length: 25 }, (_, n) => taken(i + n)),
    )
  await old.next('command')
  await peer.acked(ROUTERS)
  await look()
  expect(await orders()).toEqual([
    { agent_id: identities[0].agentId, kind: 'report', created_by: 'system:takeover' },
  ])
})

it('asks again, a second later, about what was taken after it was asked', async () => {
  const [old, peer] = [await open(0, 'active'), await open(1, 'backup')]
  takeOver(peer, [taken(0)])
  await old.next('command')
  takeOver(peer, [taken(1)])
  await peer.acked(2)
  await look()
  expect(await orders()).toHaveLength(1)
  await database.sql`update commands set created_at_ms = created_at_ms - 1_100`
  await database.sql`update virtual_router_members set taken_at_ms = taken_at_ms - 1_000 where taken_at_ms is not null`
  await database.sql`update agent_sessions set last_seen_at_ms = last_seen_at_ms - 5_000`
  await look()
  await look()
  expect(await orders()).toHaveLength(2)
})

it('asks nobody who has no session: that host is down', async () => {
  const [old, peer] = [await open(0, 'active'), await open(1, 'backup')]
  await old.close()
  await until('its session is over', async () => {
    const rows = await database.sql`select 1 from agent_sessions where disconnected_at_ms is not null`
    return rows.length === 1
  })
  takeOver(peer, [taken(0)])
  await peer.acked(1)
  await look()
  expect(await orders()).toEqual([])
})

it('asks nobody whose router is known to be dead, nor who has spoken since', async () => {
  const [, peer] = [await open(0, 'active'), await open(1, 'backup')]
  const ofOld = identities[0].agentId
  await database.sql`update agent_sessions set router_alive = false where agent_id = ${ofOld}`
  takeOver(peer, [taken(0)])
  await peer.acked(1)
  await look()
  expect(await orders()).toEqual([])
  await database.sql`update agent_sessions s set router_alive = true, last_seen_at_ms =
    (select max(taken_at_ms) from virtual_router_members m where m.agent_id = s.agent_id) where agent_id = ${ofOld}`
  await look()
  expect(await orders()).toEqual([])
  await database.sql`update agent_sessions set last_seen_at_ms = last_seen_at_ms - 1 where agent_id = ${ofOld}`
  await look()
  expect(await orders()).toHaveLength(1)
})

it('asks although something else was just asked, and rings for it', async () => {
  const rung: string[] = []
  ringAfterCommit(database.db, (topic) => void rung.push(topic))
  const [old, peer] = [await open(0, 'active'), await open(1, 'backup')]
  await database.sql`insert into commands (agent_id, kind, created_by, created_at_ms, expires_at_ms)
    values (${identities[0].agentId}, 'rotate-key', 'test', ${Date.now() + 500}, ${Date.now() + 60_000})`
  takeOver(peer, [taken(0)])
  expect(await old.next('command')).toMatchObject({ command: 'report' })
  expect(rung).toContain('commands')
})
