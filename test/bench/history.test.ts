import { createTestDatabase, type TestDatabase } from '@aloft/control-plane/database/test-database'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { goldenFile, prepareHistory } from './history.ts'
import { dropDay } from './history-drop.ts'
import { QUESTIONS, questionsOf } from './history-questions.ts'
import { plansOf } from './plans.ts'

/** The bench's own rows and questions, fewer of them: that what is timed there is answered rightly. */
const SIZE = { sites: 80, routersPerSite: 1, events: 80_000 }
const nowMs = Date.now()

let database: TestDatabase
let loaded: Awaited<ReturnType<typeof prepareHistory>>
beforeAll(async () => {
  database = await createTestDatabase()
  loaded = await prepareHistory(database, SIZE, nowMs)
})
afterAll(() => database.close())

const ask = () => questionsOf(database.db, { routers: loaded.routers, sites: SIZE.sites, nowMs })

/** Held to what PostgreSQL does with ten million events by `npm run bench -- history`. */
describe('the plan of each question is its golden (vitest -u writes it)', () => {
  it.each(QUESTIONS)('%s', async (name) => {
    await expect(await plansOf(database, () => ask()[name](0))).toMatchFileSnapshot(goldenFile(name))
  })
})

describe('ninety days of history answer', () => {
  it('the newest failovers first, with the evidence of both sides', async () => {
    const { items, nextCursor } = await ask().failovers()
    expect([items.length, loaded.failovers, nextCursor]).toEqual([50, 8_000, expect.any(String)])
    const [newest] =
      await database.sql`select id from failovers order by occurred_at_ms desc, id desc limit 1`
    expect(items[0]?.id).toBe(newest?.['id'])
    const times = items.map(({ occurredAt }) => Date.parse(occurredAt))
    expect(times).toEqual([...times].sort((a, b) => b - a))
    for (const { from, to, evidence } of items) {
      expect(new Set([from, to])).toEqual(new Set(['lb0', 'lb1']))
      expect(evidence.map(({ node }) => node).sort()).toEqual(['lb0', 'lb1'])
    }
  })

  it('those of one site, and no others', async () => {
    const { items } = await ask().failoversOfSite(6)
    expect(new Set(items.map(({ site }) => site))).toEqual(new Set(['site-7']))
    expect(items).toHaveLength(50)
  })

  it('every outage of a virtual router, as the node that ended it measured it', async () => {
    const { outages, nodes, gaps } = await ask().timelineOf90Days(3)
    expect(outages).toHaveLength(100)
    for (const { failover, outageMs } of outages)
      expect([failover, outageMs]).toEqual([expect.any(String), 312.5])
    expect(nodes.map(({ node }) => node)).toEqual(['lb0', 'lb1'])
    expect(gaps.map(({ cause }) => cause)).toContain('spool-overflow')
  })

  it('the availability of the fleet, unknown time apart', async () => {
    const { from, to, total, items } = await ask().availabilityOf90Days()
    const [row] =
      await database.sql`select count(*)::int as n from failovers where occurred_at_ms < ${Date.parse(to)}`
    expect(total).toMatchObject({ virtualRouters: 80, outages: row?.['n'] })
    // The old active was there until 300 ms before, by its own word; the other had heard nothing for 312.5.
    expect(total.downMs).toBeCloseTo(300 * total.outages, 0)
    expect(total.unknownMs).toBeGreaterThan(0)
    const knownMs = total.servedMs + total.degradedMs + total.downMs
    expect(total.availability).toBe((knownMs - total.downMs) / knownMs)
    expect(knownMs + total.unknownMs).toBeLessThanOrEqual(80 * (Date.parse(to) - Date.parse(from)))
    expect(items).toHaveLength(50)
  })

  it('the newest events of a site and of a virtual router', async () => {
    const ofSite = await ask().eventsOfSite(6)
    expect([ofSite.items.length, new Set(ofSite.items.map(({ site }) => site))]).toEqual([
      50,
      new Set(['site-7']),
    ])
    const { items, nextCursor } = await ask().eventsOfRouter(3)
    expect([items.length, nextCursor]).toEqual([50, expect.any(String)])
    const [router] =
      await database.sql`select name from virtual_routers where id = ${loaded.routers[31] ?? ''}`
    for (const { body } of items)
      expect(body).toMatchObject({ kind: 'transition', virtualRouter: router?.['name'] })
  })
})

it('dropping a day empties it, and leaves the loaded history as it was', async () => {
  const state = async () =>
    await database.sql`select (select count(*)::int from events) as events, (select count(*)::int from feed) as feed,
      (select count(*)::int from agent_epochs) as epochs, (select count(*)::int from pg_inherits
        where inhparent = 'events'::regclass) as days`
  const before = await state()
  const { rows, batches, dropMs } = await dropDay(database, nowMs)
  expect(rows).toBeGreaterThan(700)
  expect([batches > 0, dropMs < 1_000]).toEqual([true, true])
  expect(await state()).toEqual(before)
})
