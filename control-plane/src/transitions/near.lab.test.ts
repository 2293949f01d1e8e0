import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { transact } from '../database/transact.ts'
import { ingest } from '../events/ingest.ts'
import { enrolNode, transition } from '../gateway/test-agent.ts'
import { transitionsNear } from './read.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

const T0 = Date.now() - 1_000_000
const NEAR = 4

it('are the tail of a router unless its agent observed something after them by an earlier clock', async () => {
  const { agentId } = await enrolNode(database.db, 'berlin', 'lb1')
  await database.sql`insert into agent_epochs values (${agentId}, 'e', 0, 1)`
  const [site] = await database.sql`select id from sites where name = 'berlin'`
  let seq = 0
  const observe = (atMs: number) => {
    seq += 1
    const [from, to] = seq % 2 === 0 ? (['active', 'backup'] as const) : (['backup', 'active'] as const)
    const event = transition(seq, { from, to, reason: 'priority', atMs })
    const facts = { agentId, siteId: site?.['id'], generation: null, epoch: 'e', liveAfterSeq: 0 }
    const batch = { ...facts, events: [event], clock: { offsetMs: 0, errorMs: 1 }, receivedAtMs: T0 }
    return transact(database.db, (tx) => ingest(tx, [batch], Date.now()))
  }
  const nearAt = async (atMs: number) => {
    const [router] = await database.sql`select id from virtual_routers where site_id = ${site?.['id']}`
    const key = { siteId: site?.['id'], name: 'web', vrid: 51, family: 'ipv4' } as const
    const touched = { ...key, id: router?.['id'], fromMs: atMs, toMs: atMs }
    return transact(database.db, async (tx) =>
      (await transitionsNear(tx, [touched], NEAR)).get(router?.['id']),
    )
  }
  for (let i = 1; i <= 3; i++) await observe(T0 + i * 1_000)
  expect(await nearAt(T0 + 3_000)).toMatchObject({ cutMs: null, isTail: true })
  for (let i = 4; i <= 10; i++) await observe(T0 + i * 1_000)
  const near = await nearAt(T0 + 10_000)
  expect(near).toMatchObject({ cutMs: T0 + 6_000, isTail: true })
  expect(near?.observations.map((one) => one.seq)).toEqual([6, 7, 8, 9, 10])
  // As much after them as is taken: there may be more.
  expect(await nearAt(T0 + 6_000)).toMatchObject({ isTail: false })
  await observe(T0 + 500)
  await observe(T0 + 11_000)
  expect(await nearAt(T0 + 11_000)).toMatchObject({ cutMs: T0 + 7_000, isTail: false })
})
