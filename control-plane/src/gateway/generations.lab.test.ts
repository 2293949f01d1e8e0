/** What a session says that a newer one replaced changes nothing: no event, no state, no presence, whatever it says last. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { closeSessions, markSynced, noteSessions } from '../agents/presence.ts'
import type { Transaction } from '../database/client.ts'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { transact } from '../database/transact.ts'
import { type Batch, ingest } from '../events/ingest.ts'
import { showSnapshot } from '../virtual-routers/show.ts'
import { enrolNode, startTestGateway, TestAgent, type TestGateway, transition, until } from './test-agent.ts'

let database: TestDatabase
let rigs: TestGateway[]
let agentId = ''
let siteId = ''
let agents: TestAgent[] = []

/** An agent with a session on each of two replicas: the second one is the newer, of generation 2. */
beforeEach(async () => {
  database = await createTestDatabase()
  rigs = [await startTestGateway(database.db), await startTestGateway(database.db)]
  const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
  agentId = lb1.agentId
  siteId = (await database.sql`select id from sites`)[0]?.['id']
  agents = []
  for (const { url } of rigs) {
    const agent = new TestAgent(url)
    agents.push(agent)
    await agent.open(lb1, {}, [
      {
        ...{ virtualRouter: 'web', vrid: 51, family: 'ipv4', interface: 'eth0', version: 3, role: 'backup' },
        ...{ sinceWallMs: 1, priority: 100, advertisementIntervalMs: 100, addresses: [], active: null },
      },
    ])
    // Its note of the snapshot is the last thing it says by itself.
    await until('the session stands', async () => {
      const row = await session()
      return row?.['synced'] === true && row['router_alive'] === true
    })
  }
})
afterEach(async () => {
  for (const agent of agents) await agent.close()
  for (const rig of rigs) await rig.stop()
  await database.close()
})

const session = async () => (await database.sql`select * from agent_sessions`)[0]
/** Everything there is but what the newer session may say of itself meanwhile. */
const everything = async () => ({
  events: await database.sql`select seq, body from events`,
  epochs: await database.sql`select epoch, seq from agent_epochs order by epoch`,
  members: await database.sql`select * from virtual_router_members`,
  session: await session(),
  feed: await database.sql`select kind, ref from feed order by id`,
})
const change = <T>(work: (tx: Transaction) => Promise<T>) => transact(database.db, work)
const batch = (generation: number): Batch => ({
  ...{ agentId, siteId, generation, epoch: 'epoch-1', clock: null, liveAfterSeq: 0 },
  ...{ events: [transition(1, { to: 'active' })], receivedAtMs: Date.now() },
})
const note = (generation: number) => ({
  ...{ agentId, generation, seenAtMs: Date.now(), clockOffsetMs: 1, clockErrorMs: 1 },
  ...{ spoolBacklog: 99, routerAlive: false },
})
const shown = (generation: number) => ({
  ...{ agentId, siteId, generation, epoch: 'epoch-1', clock: null },
  snapshot: { kind: 'snapshot' as const, asOfSeq: 1_000, routers: [] },
})

const WORDS: readonly (readonly [string, (generation: number) => Promise<unknown>])[] = [
  ['its events', (generation) => change((tx) => ingest(tx, [batch(generation)], Date.now()))],
  ['its heartbeat', (generation) => change((tx) => noteSessions(tx, [note(generation)], Date.now()))],
  ['its snapshot', (generation) => change((tx) => showSnapshot(tx, shown(generation), Date.now()))],
  [
    'its end',
    (generation) =>
      change((tx) => closeSessions(tx, [{ agentId, generation, atMs: 1, excused: false }], Date.now())),
  ],
]

describe.each(WORDS)('%s', (_what, say) => {
  it('from an older session changes nothing', async () => {
    const before = await everything()
    await say(1)
    expect(await everything()).toEqual(before)
  })

  it('from the newest one does', async () => {
    const before = await everything()
    await say(2)
    expect(await everything()).not.toEqual(before)
  })
})

it('its mark of being synced is no mark of the newer one', async () => {
  await database.sql`update agent_sessions set synced = false`
  await change((tx) => markSynced(tx, { agentId, generation: 1 }, Date.now()))
  expect((await session())?.['synced']).toBe(false)
  await change((tx) => markSynced(tx, { agentId, generation: 2 }, Date.now()))
  expect((await session())?.['synced']).toBe(true)
})

it('events of an older session are not acknowledged, and its end leads to the newer one', async () => {
  const [old, newer] = agents
  old?.send({ kind: 'events', epoch: 'epoch-1', events: [transition(1)] })
  expect((await old?.closed)?.code).toBe(4002)
  newer?.send({ kind: 'events', epoch: 'epoch-1', events: [transition(1)] })
  await newer?.acked(1)
  expect(await database.sql`select seq::int from events`).toEqual([{ seq: 1 }])
  expect((await session())?.['disconnected_at_ms']).toBeNull()
})

it('a batch of an older session beside others in one transaction harms none of them', async () => {
  const outcomes = await change((tx) => ingest(tx, [batch(1), batch(2), batch(1)], Date.now()))
  expect(outcomes).toEqual([{ kind: 'superseded' }, { kind: 'held', seq: 1 }, { kind: 'superseded' }])
})
