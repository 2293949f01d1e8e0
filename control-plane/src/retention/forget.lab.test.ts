import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { tick } from '../duties/tick.ts'
import { enrolNode } from '../gateway/test-agent.ts'
import { feedBounds } from '../stream/store.ts'
import { oldHistory } from './forget.ts'
import { DEFAULT_RETENTION } from './settings.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(() => database.close())

const NOW = Date.now()
const DAY_MS = 86_400_000
const forget = async () => {
  const report = await tick({
    db: database.db,
    duties: [oldHistory(DEFAULT_RETENTION)],
    replica: 'r',
    nowMs: NOW,
  })
  expect(report).toMatchObject({ ran: [{ name: 'old-history' }], failed: [] })
}

it('deletes sums and transitions that are older than is kept, however many, and no other', async () => {
  const id = randomUUID()
  const { sql } = database
  const before = NOW - DEFAULT_RETENTION.hoursMs
  await sql`insert into availability_hours
    select ${id}::uuid, ${before}::float8 - n, 1, 0, 0, 0, 0, 0 from generate_series(1, 12000) n
    union all select ${id}::uuid, ${before}::float8 + n, 1, 0, 0, 0, 0, 0 from generate_series(0, 9) n`
  const received = NOW - DEFAULT_RETENTION.transitionsMs
  await sql`insert into transitions select ${id}::uuid, 'e', n, ${id}::uuid, 0, 0, 'b', 0, null, ${received}::float8 + n - 6, false, '{}'
    from generate_series(1, 10) n`
  await forget()
  expect(await sql`select count(*)::int from availability_hours`).toEqual([{ count: 10 }])
  // Seen in 1970 by its clock, but received within what is kept.
  expect((await sql`select seq::int from transitions order by 1`).map(({ seq }) => seq)).toEqual([
    6, 7, 8, 9, 10,
  ])
})

it('keeps failovers by when they were received, and days for longer than hours', async () => {
  const { sql } = database
  const { agentId } = await enrolNode(database.db, 'berlin', 'lb1')
  const [site] = await sql`select id from sites`
  const [router] = await sql`
    insert into virtual_routers (site_id, name, vrid, family, addresses, created_at_ms)
    values (${site?.['id']}, 'web', 51, 'ipv4', '[]', 0) returning id`
  const id = router?.['id']
  const received = NOW - DEFAULT_RETENTION.transitionsMs
  // Seen in 1970 by its clock, as of the transitions.
  await sql`insert into failovers (id, site_id, virtual_router_id, vrid, from_agent_id, to_agent_id, reason, planned,
      occurred_at_ms, occurred_at_error_ms, received_at_ms, late, outage_ms, evidence)
    select n::text, ${site?.['id']}, ${id}::uuid, 51, null, ${agentId}, 'priority', false, n, null,
      ${received}::float8 + n - 3, false, null, '[]' from generate_series(1, 5) n`
  const before = NOW - DEFAULT_RETENTION.daysMs
  await sql`insert into availability_days
    select ${id}::uuid, ${before}::float8 + n * ${DAY_MS}::float8, 1, 0, 0, 0, 0, 0 from generate_series(-3, 2) n`
  await forget()
  expect((await sql`select id from failovers order by 1`).map((row) => row['id'])).toEqual(['3', '4', '5'])
  expect(await sql`select count(*)::int from availability_days`).toEqual([{ count: 3 }])
})

it('leaves of the feed what is young, and always its last word', async () => {
  const { sql, db } = database
  const old = NOW - 8 * DAY_MS
  await sql`insert into feed (kind, ref, at_ms) select 'agent', 'a', ${old} from generate_series(1, 7000)`
  await forget()
  expect(await feedBounds(db)).toEqual({ oldest: 7000, newest: 7000 })
  await sql`insert into feed (kind, ref, at_ms) values ('agent', 'a', ${NOW})`
  await sql`update duties set started_at_ms = 0`
  await forget()
  expect(await feedBounds(db)).toEqual({ oldest: 7001, newest: 7001 })
})
