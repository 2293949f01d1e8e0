import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openDatabase } from '../database/client.ts'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { enrolNode, link, until } from './test-agent.ts'
import { ExchangeAgent, type Post, testReplica } from './test-exchange.ts'

/** As `exchange.ts` and docs/PROTOCOL.md say. */
const TURNS_MAX = 500

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(() => database.close())

async function openSession(post: Post, node: string) {
  const identity = await enrolNode(database.db, 'berlin', node)
  const agent = new ExchangeAgent(post)
  await agent.open(identity)
  await until('it is in step', async () => {
    const rows =
      await database.sql`select 1 from agent_sessions where agent_id = ${identity.agentId} and synced`
    return rows.length === 1
  })
  // And has what the answer to that carried.
  agent.send({ kind: 'heartbeat', sentWallMs: 1, spoolBacklog: 0, routerAlive: true, clock: null })
  await agent.next('pong')
  return { agentId: identity.agentId, session: agent.session }
}
const turnOf = (session: string | null) => {
  const frames = [{ kind: 'events', epoch: 'epoch-1', events: [link(1)] }]
  return JSON.stringify({ session, frames })
}

it('TURNS_MAX turns wait for the database; one more is answered 503 at once, and is taken when it comes again', async () => {
  const [lb1, lb2] = [
    await openSession(testReplica(database.db), 'lb1'),
    await openSession(testReplica(database.db), 'lb2'),
  ]
  // It has never counted the fleet, and cannot now: who refuses must not wait for what the others wait for.
  const post = testReplica(database.db)
  expect((await post(JSON.stringify({ session: lb2.session, frames: [] }))).status).toBe(200)
  const blocker = openDatabase(database.address, 1)
  let release = () => {}
  const blocking = blocker.db.transaction(async (tx) => {
    await tx.execute(
      `update agent_sessions set generation = generation + 1 where agent_id = '${lb1.agentId}'`,
    )
    await new Promise<void>((resolve) => {
      release = resolve
    })
  })
  await until('the row is held', async () => {
    const rows = await database.sql`select 1 from pg_stat_activity
      where datname = current_database() and state = 'idle in transaction'`
    return rows.length === 1
  })
  const waiting = Array.from({ length: TURNS_MAX }, () => post(turnOf(lb1.session)))
  const answer = await Promise.race([post(turnOf(lb2.session)), sleep(5_000).then(() => null)])
  if (answer === null) throw new Error('it was let in and waits like the others')
  expect([answer.status, (await answer.json()).detail]).toEqual([503, 'too many requests of agents at once'])
  const retryAfterS = Number(answer.headers.get('retry-after'))
  // A second, and a random part of what five hundred agents are spread over.
  expect(retryAfterS).toBeGreaterThanOrEqual(1)
  expect(retryAfterS).toBeLessThanOrEqual(4)
  // Nobody of those that wait was sent away.
  expect(await Promise.race([...waiting, sleep(100).then(() => 'all wait')])).toBe('all wait')

  release()
  await blocking
  await blocker.close()
  const statuses = (await Promise.all(waiting)).map(({ status }) => status)
  expect(statuses).toEqual(Array(TURNS_MAX).fill(200))
  const again = await post(turnOf(lb2.session))
  expect(await again.json()).toMatchObject({ frames: [{ kind: 'ack', seq: 1 }], close: null })
  expect(await database.sql`select agent_id, seq::int from events`).toEqual([
    { agent_id: lb2.agentId, seq: 1 },
  ])
})
