import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { transact } from '../database/transact.ts'
import { ingest } from '../events/ingest.ts'
import { enrolNode, transition } from '../gateway/test-agent.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

it('a router has the addresses that were told last; who tells none says nothing of them', async () => {
  const { db, sql } = database
  const { agentId } = await enrolNode(db, 'paris', 'lb1')
  const [site] = await sql`select id from sites`
  await sql`insert into agent_epochs values (${agentId}, 'e', 0, 1)`
  const tell = async (seq: number, told: Parameters<typeof transition>[1]) => {
    const facts = {
      agentId,
      siteId: site?.['id'],
      generation: null,
      epoch: 'e',
      clock: null,
      liveAfterSeq: 0,
    }
    const batch = { ...facts, events: [transition(seq, told)], receivedAtMs: Date.now() }
    await transact(db, (tx) => ingest(tx, [batch], Date.now()))
    const [router, ...others] = await sql`select addresses from virtual_routers`
    expect(others).toEqual([])
    return router?.['addresses']
  }
  const same = { from: 'backup', to: 'backup', reason: 'priority' } as const
  const vip = ['192.0.2.100/24']
  const two = ['192.0.2.100/24', '192.0.2.101/24']
  expect(await tell(1, { ...same, addresses: vip })).toEqual(vip)
  expect(await tell(2, { ...same, addresses: two })).toEqual(two)
  expect(await tell(3, { ...same, addresses: [] })).toEqual(two)
  expect(await tell(4, { ...same, addresses: [...two].reverse() })).toEqual([...two].reverse())
})
