import type { Role, SpooledEvent, TransitionReason } from '@aloft/shared/protocol/events'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { transact } from '../database/transact.ts'
import { ingest } from '../events/ingest.ts'
import { enrolNode, link, transition } from '../gateway/test-agent.ts'
import { type NaiveNode, naiveOutages, naiveSums } from './naive.fixture.ts'
import { HOUR_MS, sumUp } from './sum-up.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

const HOURS = 8
const MINUTE = 60_000
const T0 = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 240 * HOUR_MS

interface Step {
  readonly kind: 'change' | 'gap' | 'reboot' | 'lost' | 'quiet'
  readonly afterMs: number
  readonly to: Role
  readonly reason: TransitionReason
  readonly heardAgoMs: number | null
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant('change' as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('gap' as const, 'reboot' as const, 'lost' as const, 'quiet' as const),
    },
  ),
  // Now and then the clock jumps back.
  afterMs: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1_000, max: 50 * MINUTE }) },
    { weight: 1, arbitrary: fc.integer({ min: -60 * MINUTE, max: 0 }) },
  ),
  to: fc.constantFrom('active', 'backup', 'backup', 'fault', 'initialize'),
  reason: fc.constantFrom('no-response', 'preempted', 'priority'),
  heardAgoMs: fc.constantFrom(null, 312.5, 3_500, 200_000),
})

const scenario = fc.record({
  nodes: fc.array(fc.array(step, { minLength: 1, maxLength: 14 }), { minLength: 1, maxLength: 3 }),
  connected: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  order: fc.infiniteStream(fc.nat({ max: 2 })),
  sizes: fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
  sumUps: fc.infiniteStream(fc.integer({ min: 0, max: 20 })),
})

/** One node's spool, and what can be known from it. */
function spoolOf(steps: readonly Step[]): { readonly events: SpooledEvent[]; readonly node: NaiveNode } {
  const events: SpooledEvent[] = []
  const changes: NaiveNode['changes'][number][] = []
  const unseen: [number, number][] = []
  const boots = new Map<string, [number, number]>()
  let [atMs, role, boot]: [number, Role, number] = [T0 + MINUTE, 'initialize', 1]
  const add = (event: SpooledEvent): void => {
    const bootId = `boot-${boot}`
    events.push({ ...event, seq: events.length + 1, at: { ...event.at, wallMs: atMs, bootId } })
    const [first, last] = boots.get(bootId) ?? [atMs, atMs]
    boots.set(bootId, [Math.min(first, atMs), Math.max(last, atMs)])
  }
  for (const { kind, afterMs, to, reason, heardAgoMs } of steps) {
    const beforeMs = atMs
    atMs = Math.min(Math.max(atMs + afterMs, T0), T0 + (HOURS - 1) * HOUR_MS)
    if (kind === 'reboot') {
      boot += 1
      role = 'initialize'
    }
    if (kind === 'gap') {
      const [fromMs, toMs] = [Math.min(beforeMs, atMs), atMs]
      unseen.push([fromMs, toMs])
      add({
        ...link(1),
        body: { kind: 'gap', count: 3, cause: 'spool-overflow', fromWallMs: fromMs, toWallMs: toMs },
      })
      role = to
    } else if (kind === 'lost') role = to
    else if (kind === 'quiet') add(link(1))
    else {
      const heard = heardAgoMs === null ? null : { address: '10.0.0.9', priority: 90, agoMs: heardAgoMs }
      const seq = events.length + 1
      add(transition(seq, { from: role, to, reason, heard, outageMs: null, atMs }))
      changes.push({ atMs, seq, from: role, to, reason, heardAgoMs })
      role = to
    }
  }
  const sorted = [...boots.values()].sort((a, b) => a[0] - b[0])
  sorted.forEach(([first], i) => {
    const last = Math.max(...sorted.slice(0, i).map(([, end]) => end))
    if (last < first) unseen.push([last, first])
  })
  const seenMs = Math.max(...[...boots.values()].map(([, last]) => last))
  return { events, node: { changes, unseen, knownUntilMs: seenMs } }
}

let sites = 0
it('the sums equal what can be read from all events one by one, in whatever order they came and were summed up', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ nodes, connected, order, sizes, sumUps }) => {
      const site = `site-${++sites}`
      const spools = nodes.map(spoolOf)
      const ids: string[] = []
      for (const [i] of nodes.entries()) ids.push((await enrolNode(database.db, site, `lb${i}`)).agentId)
      const [row] = await database.sql`select id from sites where name = ${site}`
      for (const [i, agentId] of ids.entries()) {
        await database.sql`insert into agent_epochs (agent_id, epoch, seq, started_at_ms) values (${agentId}, 'e', 0, 0)`
        if (connected[i])
          await database.sql`insert into agent_sessions (agent_id, session_id, generation, replica, boot_id, run_id,
            connected_at_ms, last_seen_at_ms, synced) values (${agentId}, 's', 1, 'r', 'boot-0', 'r', ${T0}, ${T0}, true)`
      }
      const run = (nowMs: number) =>
        sumUp({ db: database.db, nowMs, transact: (work) => transact(database.db, work) })
      const positions = nodes.map(() => 0)
      while (positions.some((position, i) => position < (spools[i]?.events.length ?? 0))) {
        const i = order.next().value % nodes.length
        const from = positions[i] ?? 0
        const events = spools[i]?.events.slice(from, from + sizes.next().value) ?? []
        positions[i] = from + events.length
        const clock = { offsetMs: 0, errorMs: 1 }
        const facts = {
          siteId: row?.['id'],
          epoch: 'e',
          generation: null,
          clock,
          liveAfterSeq: 0,
          receivedAtMs: Date.now(),
        }
        if (events.length > 0)
          await transact(database.db, (tx) => ingest(tx, [{ agentId: ids[i] ?? '', events, ...facts }], T0))
        const hour = sumUps.next().value
        if (hour <= HOURS) await run(T0 + hour * HOUR_MS)
      }
      await run(T0 + (HOURS + 1) * HOUR_MS)
      const rows = await database.sql`
        select start_ms, served_ms, degraded_ms, down_ms, unknown_ms, outages from availability_hours h
        join virtual_routers v on v.id = h.virtual_router_id where v.site_id = ${row?.['id']} order by 1`
      const known = spools.map(({ node }, i) => ({
        ...node,
        knownUntilMs: connected[i] ? Number.POSITIVE_INFINITY : node.knownUntilMs,
      }))
      const taking = known.filter(({ changes }) => changes.length > 0)
      if (taking.length === 0) return expect(rows).toEqual([])
      const firstMs = Math.min(...taking.flatMap(({ changes }) => changes.map(({ atMs }) => atMs)))
      const hours: object[] = []
      for (let ms = Math.floor(firstMs / HOUR_MS) * HOUR_MS; ms < T0 + (HOURS + 1) * HOUR_MS; ms += HOUR_MS) {
        const { served, degraded, down, unknown } = naiveSums(taking, ms, ms + HOUR_MS)
        const outages = naiveOutages(taking, ms, ms + HOUR_MS)
        hours.push({ start_ms: ms, served, degraded, down, unknown, outages })
      }
      const rounded = (ms: number) => Math.round(ms * 10) / 10
      expect(
        rows.map((hour) => ({
          start_ms: hour['start_ms'],
          served: rounded(hour['served_ms']),
          degraded: rounded(hour['degraded_ms']),
          down: rounded(hour['down_ms']),
          unknown: rounded(hour['unknown_ms']),
          outages: hour['outages'],
        })),
      ).toEqual(hours)
      const [days] = await database.sql`
        select (select sum(served_ms + degraded_ms + down_ms + unknown_ms) from availability_days d
          join virtual_routers v on v.id = d.virtual_router_id where v.site_id = ${row?.['id']}) as ms`
      expect(rounded(days?.['ms'])).toBe(hours.length * HOUR_MS)
    }),
    { numRuns: Number(process.env['RUNS'] ?? 40) },
  )
})

it('a router that was marked after it was found due is due still when that run has ended', async () => {
  const { agentId } = await enrolNode(database.db, 'marked', 'lb1')
  const [row] = await database.sql`select id from sites where name = 'marked'`
  await database.sql`insert into agent_epochs (agent_id, epoch, seq, started_at_ms) values (${agentId}, 'e', 0, 0)`
  const facts = {
    siteId: row?.['id'],
    epoch: 'e',
    generation: null,
    liveAfterSeq: 0,
    receivedAtMs: Date.now(),
  }
  const take = (event: SpooledEvent) =>
    transact(database.db, (tx) =>
      ingest(tx, [{ agentId, events: [event], clock: { offsetMs: 0, errorMs: 1 }, ...facts }], T0),
    )
  await take(transition(1, { from: 'initialize', to: 'active', atMs: T0 + MINUTE }))
  const run = (meanwhile: () => Promise<unknown> = async () => {}) => {
    let calls = 0
    return sumUp({
      db: database.db,
      nowMs: T0 + HOURS * HOUR_MS,
      transact: async (work) => {
        calls += 1
        // The first finds routers that are new; then those that are due are read, and this is about them.
        if (calls === 2) await meanwhile()
        return transact(database.db, work)
      },
    })
  }
  await run()
  await take(transition(2, { from: 'active', to: 'fault', atMs: T0 + 5 * MINUTE }))
  const stale = async () =>
    (
      await database.sql`select stale_from_ms is not null as stale from availability_routers a
        join virtual_routers v on v.id = a.virtual_router_id where v.site_id = ${row?.['id']}`
    )[0]?.['stale']
  expect(await stale()).toBe(true)
  await run(() => take(transition(3, { from: 'fault', to: 'backup', atMs: T0 + 9 * MINUTE })))
  expect(await stale(), 'marked meanwhile').toBe(true)
  await run()
  expect(await stale()).toBe(false)
})
