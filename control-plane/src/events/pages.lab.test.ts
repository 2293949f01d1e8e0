import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { enrolNode } from '../gateway/test-agent.ts'
import { DAY_MS } from './days.ts'
import { type ListEvents, listEvents } from './read.ts'

/** What is held, as one plain list; `id` is the order of arrival. */
interface Held {
  readonly id: number
  readonly key: string
  readonly site_id: string
  readonly site: string
  readonly node: string
  readonly kind: string
  readonly virtual_router: string | null
  readonly vrid: number | null
  readonly family: string | null
  readonly late: boolean
  readonly occurred_at_ms: number
  readonly router: string | null
}

const EVENTS = 600
const NOW = Date.now()
let database: TestDatabase
let held: readonly Held[] = []
beforeAll(async () => {
  database = await createTestDatabase()
  for (const site of ['berlin', 'osaka', 'quito'])
    for (const node of ['lb1', 'lb2']) await enrolNode(database.db, site, node)
  // Days there are, days there are none of, and late ones: the order of arrival is not that of the days.
  await database.sql`
    insert into events (agent_id, epoch, seq, site_id, wall_ms, mono_ms, boot_id, occurred_at_ms, received_at_ms, late,
      kind, virtual_router, vrid, family, body, content_hash)
    select a.id, 'e', n, a.site_id, at_ms, n, 'boot', at_ms, ${NOW}, n % 7 = 0, case when routed then 'transition' else 'link' end,
      case when routed then 'web-' || n % 2 end, case when routed then 1 + n % 3 end,
      case when routed then case when n % 5 = 0 then 'ipv6' else 'ipv4' end end, '{}', 'h'
    from generate_series(1, ${EVENTS}) n
    cross join lateral (select ${NOW} + (hashint4(n) % 6) * ${DAY_MS}::float8 + n as at_ms, hashint4(n + 5000) % 3 = 0 as routed) x
    join lateral (select id, site_id from agents order by md5(n || id::text) limit 1) a on true
    order by n`
  await database.sql`
    insert into virtual_routers (site_id, name, vrid, family, addresses, created_at_ms)
    select distinct site_id, virtual_router, vrid, family, '[]'::jsonb, 0 from events where vrid is not null`
  held = await database.sql<Held[]>`
    select e.id::int, e.agent_id || '/' || e.epoch || '/' || e.seq as key, e.site_id, t.name as site, a.node, e.kind,
      e.virtual_router, e.vrid, e.family, e.late, e.occurred_at_ms, v.id as router
    from events e join agents a on a.id = e.agent_id join sites t on t.id = e.site_id
    left join virtual_routers v
      on (v.site_id, v.name, v.vrid, v.family) = (e.site_id, e.virtual_router, e.vrid, e.family)`
})
afterAll(() => database.close())

const instant = fc.integer({ min: NOW - 7 * DAY_MS, max: NOW + 7 * DAY_MS })
const maybe = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
const question = fc.record({
  site: maybe(fc.constantFrom('berlin', 'osaka', 'nowhere')),
  node: maybe(fc.constantFrom('lb1', 'lb2', 'nobody')),
  kind: maybe(fc.constantFrom('transition', 'link')),
  vrid: maybe(fc.integer({ min: 1, max: 4 })),
  family: maybe(fc.constantFrom('ipv4', 'ipv6')),
  late: maybe(fc.boolean()),
  from: maybe(instant),
  to: maybe(instant),
  order: fc.constantFrom('asc' as const, 'desc' as const),
  limit: fc.integer({ min: 1, max: 200 }),
  router: maybe(fc.nat()),
  reached: maybe(fc.integer({ min: 0, max: 2 })),
})

it('pages of events are what a slow reading of all of them finds, in its order, whatever is asked', async () => {
  const routers = [...new Set(held.flatMap(({ router }) => router ?? []))].sort()
  const sites = [...new Set(held.map(({ site_id }) => site_id))].sort()
  expect([held.length, routers.length > 10, sites.length]).toEqual([EVENTS, true, 3])
  await fc.assert(
    fc.asyncProperty(question, async ({ router, reached, ...asked }) => {
      const virtualRouter = router === undefined ? undefined : routers[router % routers.length]
      const reach = reached === undefined ? ('everywhere' as const) : sites.slice(0, reached)
      const input = { ...asked, virtualRouter, reach }
      expect(await everyPage(input)).toEqual(naive(input))
    }),
    { numRuns: 150 },
  )
})

/** Page by page to the end; every page but the last is full. */
async function everyPage(input: ListEvents): Promise<string[]> {
  const keys: string[] = []
  let cursor: string | undefined
  do {
    const { items, nextCursor } = await listEvents(database.db, { ...input, cursor })
    keys.push(...items.map(({ id }) => id))
    expect(keys.length).toBeLessThanOrEqual(EVENTS)
    cursor = nextCursor ?? undefined
    if (cursor !== undefined) expect(items).toHaveLength(input.limit)
  } while (cursor !== undefined)
  return keys
}

function naive(input: ListEvents): string[] {
  const { reach, site, node, kind, vrid, family, late, from = -Infinity, to = Infinity } = input
  const is = <T>(wanted: T | undefined, value: T) => wanted === undefined || wanted === value
  return held
    .filter((event) => reach === 'everywhere' || reach.includes(event.site_id))
    .filter((event) => is(site, event.site) && is(node, event.node) && is(kind, event.kind))
    .filter((event) => is<number | null>(vrid, event.vrid) && is<string | null>(family, event.family))
    .filter((event) => is(late, event.late) && is<string | null>(input.virtualRouter, event.router))
    .filter(({ occurred_at_ms }) => occurred_at_ms >= from && occurred_at_ms < to)
    .sort((one, other) => (input.order === 'asc' ? one.id - other.id : other.id - one.id))
    .map(({ key }) => key)
}
