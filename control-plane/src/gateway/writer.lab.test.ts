import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import type { Batch } from '../events/ingest.ts'
import { enrolNode, link, SILENT } from './test-agent.ts'
import { laneOf, startWriter } from './writer.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

let sites = 0
/** A batch of one event for a node of a new site whose events go by `lane`. */
async function batchIn(lane: number): Promise<Batch> {
  for (;;) {
    const site = `site-${++sites}`
    const { agentId } = await enrolNode(database.db, site, 'lb1')
    const [row] = await database.sql`select id from sites where name = ${site}`
    const siteId: string = row?.['id']
    if (laneOf(siteId) !== lane) continue
    await database.sql`insert into agent_epochs values (${agentId}, 'e', 0, ${Date.now()})`
    const clock = { offsetMs: 0, errorMs: 1 }
    return {
      agentId,
      siteId,
      epoch: 'e',
      events: [link(1)],
      clock,
      generation: null,
      liveAfterSeq: 0,
      receivedAtMs: Date.now(),
    }
  }
}

it('a transaction that waits holds up the batches of its lane, and no others', async () => {
  const writer = startWriter({ db: database.db, wallMs: () => Date.now(), log: SILENT })
  const stuck = await batchIn(0)
  const behind = await batchIn(0)
  const aside = await batchIn(1)
  const settled: string[] = []
  const write = (name: string, batch: Batch) =>
    writer.write(batch).then((outcome) => {
      settled.push(name)
      return outcome
    })
  let waiting: readonly Promise<unknown>[] = []
  await database.sql.begin(async (tx) => {
    await tx`select 1 from agent_epochs where agent_id = ${stuck.agentId} for update`
    waiting = [
      write('stuck', stuck),
      write('behind', behind),
      // Of one spool: in another order they would be holes.
      write('behind it', { ...behind, events: [link(2)] }),
      write('last', { ...behind, events: [link(3)] }),
    ]
    expect(await write('aside', aside)).toEqual({ kind: 'held', seq: 1 })
    expect(settled).toEqual(['aside'])
    expect(writer.queued()).toBe(4)
  })
  expect(await Promise.all(waiting)).toEqual([
    { kind: 'held', seq: 1 },
    { kind: 'held', seq: 1 },
    { kind: 'held', seq: 2 },
    { kind: 'held', seq: 3 },
  ])
  expect(settled).toEqual(['aside', 'stuck', 'behind', 'behind it', 'last'])
  expect(writer.queued()).toBe(0)
  await writer.stop()
})

it('a site keeps to its lane, and sites spread over both', () => {
  const ids = Array.from({ length: 200 }, () => crypto.randomUUID())
  const lanes = ids.map(laneOf)
  expect(ids.map(laneOf)).toEqual(lanes)
  for (const lane of [0, 1]) expect(lanes.filter((each) => each === lane).length).toBeGreaterThan(50)
})
