import type { SpooledEvent } from '@aloft/shared/protocol/events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Transaction } from '../database/client.ts'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { transact } from '../database/transact.ts'
import { enrolNode, link, transition } from '../gateway/test-agent.ts'
import { DAY_MS, dayOf, partitionName } from './days.ts'
import { type Batch, ingest, type Outcome } from './ingest.ts'
import { dropDays, makeDays, type Retention } from './partitions.ts'

let database: TestDatabase
let agentId = ''
let siteId = ''
beforeEach(async () => {
  database = await createTestDatabase()
  agentId = (await enrolNode(database.db, 'berlin', 'lb1')).agentId
  siteId = (await database.sql`select id from sites`)[0]?.['id']
  await database.sql`insert into agent_epochs (agent_id, epoch, seq, started_at_ms) values (${agentId}, 'e', 0, 0)`
})
afterEach(() => database.close())

const NOW = Date.now()
const TODAY = dayOf(NOW)
const KEEP = { keepMs: 90 * DAY_MS, nowMs: NOW }
const retention = (facts: { nowMs?: number; keepMs?: number } = {}): Retention => ({
  db: database.db,
  transact: <T>(work: (tx: Transaction) => Promise<T>) => transact(database.db, work),
  ...KEEP,
  ...facts,
})
const at = (seq: number, wallMs: number): SpooledEvent => ({
  ...link(seq),
  at: { wallMs, monoMs: seq, bootId: 'boot-1' },
})
const take = async (events: readonly SpooledEvent[], facts: Partial<Batch> = {}): Promise<Outcome> => {
  const clock = { offsetMs: 0, errorMs: 1 }
  const batch = {
    agentId,
    siteId,
    epoch: 'e',
    events,
    clock,
    generation: null,
    liveAfterSeq: 0,
    receivedAtMs: NOW,
    ...facts,
  }
  const [outcome] = await transact(database.db, (tx) => ingest(tx, [batch], NOW))
  if (outcome === undefined) throw new Error('no outcome')
  return outcome
}
const places = async () =>
  (await database.sql`select seq::int, tableoid::regclass::text as place from events order by seq`).map(
    ({ seq, place }) => [seq, place],
  )
const days = async () =>
  (
    await database.sql`select inhrelid::regclass::text as name from pg_inherits
      where inhparent = 'events'::regclass order by 1`
  ).map(({ name }) => name)

describe('an event', () => {
  it('is kept in the day its agent saw it on, and in the default partition when there is no such day', async () => {
    const clocks = [NOW, NOW - 3_600_000, NOW + 3_600_000, 0, Date.UTC(2100, 0, 1), -1.5, 1e15]
    await take(clocks.map((wallMs, i) => at(i + 1, wallMs)))
    const homes = clocks.slice(0, 3).map((wallMs) => partitionName(dayOf(wallMs)))
    expect(await places()).toEqual(
      [...homes, ...Array(4).fill('events_default')].map((home, i) => [i + 1, home]),
    )
  })

  it('exists once in a day, whatever else is different about it', async () => {
    const row = (wallMs: number) => database.sql`
      insert into events (agent_id, epoch, seq, site_id, wall_ms, mono_ms, boot_id, occurred_at_ms, received_at_ms,
        late, kind, body, content_hash)
      values (${agentId}, 'e', 1, ${siteId}, ${wallMs}, 1, 'b', 1, 1, false, 'link', '{}', 'h')`
    await row(TODAY * DAY_MS)
    await expect(row(TODAY * DAY_MS + 5)).rejects.toThrow(/duplicate key/)
  })

  it('that comes again is known, and so is another content of it, also on another day', async () => {
    await take([at(1, NOW), at(2, 0)])
    expect(await take([at(1, NOW), at(2, 0)])).toEqual({ kind: 'held', seq: 2 })
    expect(await places()).toHaveLength(2)
    expect(await take([at(2, 0), at(3, NOW)])).toEqual({ kind: 'held', seq: 3 })
    expect(await take([at(2, NOW)])).toEqual({ kind: 'conflict', seq: 2 })
    expect(await database.sql`select quarantined_reason from agents`).toMatchObject([
      { quarantined_reason: expect.stringContaining('e/2') },
    ])
  })
})

describe('making days', () => {
  it('makes the week to come, and makes nothing twice', async () => {
    const later = NOW + 5 * DAY_MS
    expect(await makeDays(retention({ nowMs: later }))).toEqual([8, 9, 10, 11, 12].map((n) => TODAY + n))
    expect(await makeDays(retention({ nowMs: later }))).toEqual([])
  })

  it('brings home what came before its day was made, and leaves what has no day', async () => {
    const monthAgo = NOW - 30 * DAY_MS
    await take([
      at(1, monthAgo),
      at(2, monthAgo + 1),
      at(3, 0),
      at(4, NOW + 30 * DAY_MS),
      at(5, NOW - 91 * DAY_MS),
    ])
    expect(await makeDays(retention())).toEqual([TODAY - 30])
    expect((await places()).map(([, place]) => place)).toEqual([
      partitionName(TODAY - 30),
      partitionName(TODAY - 30),
      'events_default',
      'events_default',
      'events_default',
    ])
    expect(await take([at(1, monthAgo)])).toEqual({ kind: 'held', seq: 5 })
  })

  it('does not wait for an insert into another day, nor does that wait for it', async () => {
    const finish = await openInsert(at(1, NOW))
    expect(await makeDays(retention({ nowMs: NOW + DAY_MS }))).toEqual([TODAY + 8])
    await finish()
    expect(await places()).toEqual([[1, partitionName(TODAY)]])
  })
})

/** A transaction that has inserted an event and not committed yet. */
async function openInsert(event: SpooledEvent): Promise<() => Promise<void>> {
  let commit: () => void = () => {}
  let inserted: () => void = () => {}
  const written = new Promise<void>((resolve) => {
    inserted = resolve
  })
  const done = transact(database.db, async (tx) => {
    const clock = { offsetMs: 0, errorMs: 1 }
    const events = [event]
    await ingest(
      tx,
      [{ agentId, siteId, epoch: 'e', events, clock, generation: null, liveAfterSeq: 0, receivedAtMs: NOW }],
      NOW,
    )
    const held = new Promise<void>((resolve) => {
      commit = resolve
    })
    inserted()
    await held
  })
  await written
  return async () => {
    commit()
    await done
  }
}

describe('dropping days', () => {
  const LATER = NOW + 100 * DAY_MS

  it('drops those that were over before what is kept began, and no other', async () => {
    await take([at(1, NOW - DAY_MS), at(2, NOW), at(3, NOW + DAY_MS)], { receivedAtMs: NOW })
    const nowMs = (TODAY + 1) * DAY_MS + KEEP.keepMs
    expect(await dropDays(retention({ nowMs: nowMs - 1 }))).toMatchObject({ emptied: [TODAY - 1] })
    expect(await dropDays(retention({ nowMs }))).toEqual({ emptied: [TODAY], removed: [TODAY], strays: 0 })
    expect((await places()).map(([seq]) => seq)).toEqual([3])
    expect(await days()).not.toContain(partitionName(TODAY))
  })

  it('keeps what was received within that time, whatever the clock of its agent said', async () => {
    await take([at(1, NOW), at(2, 0)])
    await take([at(3, NOW + 1), at(4, 1)], { receivedAtMs: LATER - 1_000 })
    expect(await dropDays(retention({ nowMs: LATER }))).toMatchObject({ emptied: [TODAY], strays: 1 })
    expect((await places()).map(([seq]) => seq)).toEqual([3, 4])
    expect(await dropDays(retention({ nowMs: LATER + KEEP.keepMs }))).toMatchObject({ strays: 1 })
    expect(await places()).toEqual([])
  })

  it('does not wait for a transaction that inserts, and removes the partition when there is none', async () => {
    await take([at(1, NOW)])
    const finish = await openInsert(at(2, NOW + DAY_MS))
    const dropped = await dropDays(retention({ nowMs: (TODAY + 1) * DAY_MS + KEEP.keepMs }))
    expect(dropped).toMatchObject({ emptied: [TODAY], removed: [] })
    await finish()
    expect((await places()).map(([seq]) => seq)).toEqual([2])
    expect(await dropDays(retention({ nowMs: (TODAY + 1) * DAY_MS + KEEP.keepMs }))).toMatchObject({
      emptied: [],
      removed: [TODAY - 1, TODAY],
    })
  })

  it('leaves a day that somebody reads, and holds up nobody meanwhile', async () => {
    await take([at(1, NOW)])
    const reader = await database.sql.reserve()
    await reader.unsafe(`begin; select * from ${partitionName(TODAY)}`)
    const dropping = dropDays(retention({ nowMs: (TODAY + 1) * DAY_MS + KEEP.keepMs }))
    await expect(take([transition(2)])).resolves.toEqual({ kind: 'held', seq: 2 })
    expect(await dropping).toMatchObject({ emptied: [], removed: [] })
    await reader.unsafe('commit')
    reader.release()
    expect((await places()).map(([seq]) => seq)).toEqual([1, 2])
  })
})

describe('a day of many events', () => {
  const ROWS = 200_000

  it('is dropped within a second while others insert, of whom none waits', async () => {
    await database.sql`
      insert into events (agent_id, epoch, seq, site_id, wall_ms, mono_ms, boot_id, occurred_at_ms, received_at_ms,
        late, kind, body, content_hash)
      select ${agentId}, 'old', n, ${siteId}, ${TODAY * DAY_MS} + n / 10.0, n, 'b', ${TODAY * DAY_MS} + n / 10.0,
        ${TODAY * DAY_MS} + n / 10.0, false, 'link', '{"kind":"link","interface":"eth0","up":true}', 'h'
      from generate_series(1, ${ROWS}::int) n`
    const waits: number[] = []
    let seq = 0
    let over = false
    const inserting = (async () => {
      while (!over) {
        const startedAt = performance.now()
        seq += 1
        await take([at(seq, NOW + 2 * DAY_MS + seq)])
        waits.push(performance.now() - startedAt)
      }
    })()
    while (waits.length < 50) await new Promise((resolve) => setTimeout(resolve, 5))
    const before = Math.max(...waits.splice(0))
    const startedAt = performance.now()
    const { emptied } = await dropDays(retention({ nowMs: (TODAY + 1) * DAY_MS + KEEP.keepMs }))
    const tookMs = performance.now() - startedAt
    over = true
    await inserting
    const during = Math.max(...waits)
    process.stdout.write(
      `dropping a day of ${ROWS} events: ${tookMs.toFixed(0)} ms; the longest insert ${during.toFixed(0)} ms, before ${before.toFixed(0)} ms\n`,
    )
    expect(emptied).toEqual([TODAY])
    expect(tookMs).toBeLessThan(1_000)
    expect(during).toBeLessThan(Math.max(250, 3 * before))
  })
})
