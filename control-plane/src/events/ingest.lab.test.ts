import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { SpooledEvent, TransitionBody } from '@aloft/shared/protocol/events'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../database/client.ts'
import { startEmbeddedServer } from '../database/embedded-server.ts'
import { migrateDatabase } from '../database/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { transact } from '../database/transact.ts'
import { deriveFailovers } from '../failovers/derive.ts'
import {
  enrolNode,
  link,
  SILENT,
  startTestGateway,
  TestAgent,
  type TestIdentity,
  transition,
  until,
} from '../gateway/test-agent.ts'
import { startWriter } from '../gateway/writer.ts'
import { type Batch, ingest } from './ingest.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

let sites = 0
/** Enrolled nodes of a site of their own, with a spool each. */
async function siteOf(...nodes: string[]) {
  const site = `site-${++sites}`
  const identities = await Promise.all(nodes.map((node) => enrolNode(database.db, site, node)))
  const [row] = await database.sql`select id from sites where name = ${site}`
  const siteId: string = row?.['id']
  for (const { agentId } of identities)
    await database.sql`insert into agent_epochs values (${agentId}, 'e', 0, ${Date.now()})`
  const batch = (
    identity: TestIdentity | undefined,
    events: readonly SpooledEvent[],
    facts: Partial<Batch> = {},
  ): Batch => ({
    agentId: identity?.agentId ?? '',
    siteId,
    epoch: 'e',
    events,
    clock: { offsetMs: 0, errorMs: 1 },
    generation: null,
    liveAfterSeq: 0,
    receivedAtMs: Date.now(),
    ...facts,
  })
  const failovers = () => database.sql`
    select f.id, a.node as "from", b.node as "to", reason, planned, late, outage_ms as outage,
      jsonb_array_length(evidence) as evidence, evidence as keys, occurred_at_ms as at
    from failovers f left join agents a on a.id = f.from_agent_id join agents b on b.id = f.to_agent_id
    where f.site_id = ${siteId} order by occurred_at_ms, f.id`
  return { siteId, identities, batch, failovers }
}

const take = (...batches: Batch[]) => transact(database.db, (tx) => ingest(tx, batches, Date.now()))
const T0 = Date.now() - 1_000_000
const heard = { address: '10.0.0.1', priority: 200, agoMs: 310 }
const becameActive: Partial<TransitionBody> = {
  from: 'backup',
  to: 'active',
  reason: 'priority',
  priority: 200,
}
const tookOver: Partial<TransitionBody> = {
  from: 'backup',
  to: 'active',
  reason: 'no-response',
  heard,
  outageMs: 312,
}

const WRITTEN = [
  'events',
  'agent_epochs',
  'virtual_routers',
  'virtual_router_members',
  'transitions',
  'failovers',
  'agent_boots',
  'feed',
]

describe('what one transaction says at once', () => {
  it.each(WRITTEN)(
    'is undone as a whole, and nothing is asked on, when it cannot write %s',
    async (table) => {
      const {
        identities: [lb1, lb2],
        batch,
        failovers,
      } = await siteOf('lb1', 'lb2')
      await take(batch(lb1, [transition(1, { ...becameActive, atMs: T0 })]))
      const moves = batch(lb2, [
        transition(1, { ...tookOver, atMs: T0 + 5_000 }),
        transition(2, { virtualRouter: `new-${table}`, ...becameActive, atMs: T0 + 6_000 }),
      ])
      const content = async () => {
        const all = WRITTEN.map(
          (each) => `(select md5(string_agg(t::text, '' order by t::text)) from ${each} t)`,
        )
        return (await database.sql.unsafe(`select ${all.join(' || ')} as it`))[0]?.['it']
      }
      await database.sql`create or replace function fails() returns trigger language plpgsql as
      'begin raise exception ''not now''; end'`
      await database.sql.unsafe(
        `create trigger fails before insert or update on ${table} for each statement execute function fails()`,
      )
      const before = await content()
      try {
        await expect(take(moves)).rejects.toThrow()
        // Whatever was asked on would be said by now.
        await new Promise((resolve) => setTimeout(resolve, 100))
        expect(await content()).toBe(before)
      } finally {
        await database.sql.unsafe(`drop trigger fails on ${table}`)
      }
      await take(moves)
      expect(await failovers()).toMatchObject([{ from: 'lb1', to: 'lb2' }])
    },
  )
})

describe('a failover', () => {
  it('is one row, whose evidence of the other side may come later', async () => {
    const {
      identities: [lb1, lb2],
      batch,
      failovers,
    } = await siteOf('lb1', 'lb2')
    await take(batch(lb1, [transition(1, { ...becameActive, atMs: T0 })]))
    expect(await failovers()).toEqual([])
    await take(batch(lb2, [transition(1, { ...tookOver, atMs: T0 + 5_000 })]))
    const [live] = await failovers()
    expect(live).toMatchObject({
      from: 'lb1',
      to: 'lb2',
      reason: 'no-response',
      planned: false,
      outage: 312,
      evidence: 2,
    })
    const cut = { from: 'active', to: 'fault', reason: 'interface-down', priority: 200 } as const
    await take(batch(lb1, [transition(2, { ...cut, atMs: T0 + 4_700 })]))
    expect(await failovers()).toMatchObject([{ id: live?.['id'], reason: 'no-response', evidence: 3 }])
  })

  it('learns that it was planned when the old active says so an hour later', async () => {
    const {
      identities: [lb1, lb2],
      batch,
      failovers,
    } = await siteOf('lb1', 'lb2')
    await take(batch(lb1, [transition(1, { ...becameActive, atMs: T0 })]))
    await take(batch(lb2, [transition(1, { ...tookOver, reason: 'priority', atMs: T0 + 5_000 })]))
    expect(await failovers()).toMatchObject([{ reason: 'priority', planned: false }])
    const stopped = { from: 'active', to: 'initialize', reason: 'shutdown' } as const
    await take(batch(lb1, [transition(2, { ...stopped, atMs: T0 + 4_990 })], { liveAfterSeq: 2 }))
    expect(await failovers()).toMatchObject([{ reason: 'shutdown', planned: true, evidence: 3 }])
  })

  it('tells the feed of every row that is new or different, and of nothing else', async () => {
    const {
      identities: [lb1, lb2],
      batch,
      failovers,
    } = await siteOf('lb1', 'lb2')
    const changes = async () =>
      (await database.sql`select kind, ref from feed where kind = 'failover' order by id`).map(
        ({ ref }) => ref,
      )
    const before = (await changes()).length
    await take(batch(lb1, [transition(1, { ...becameActive, atMs: T0 })]))
    await take(batch(lb2, [transition(1, { ...tookOver, atMs: T0 + 5_000 })]))
    const [{ id } = { id: null }] = await failovers()
    await take(
      batch(lb2, [
        transition(2, { from: 'active', to: 'backup', reason: 'higher-priority-backup', atMs: T0 + 9_000 }),
      ]),
    )
    await take(
      batch(lb2, [
        transition(2, { from: 'active', to: 'backup', reason: 'higher-priority-backup', atMs: T0 + 9_000 }),
      ]),
    )
    expect((await changes()).slice(before)).toEqual([id])
  })

  it('comes out the same in whatever order and pieces the events of three nodes arrive', async () => {
    const change = fc.record({
      role: fc.constantFrom('active', 'backup', 'fault'),
      reason: fc.constantFrom('no-response', 'priority', 'preempted', 'shutdown', 'interface-down'),
      heard: fc.constantFrom(null, heard, { ...heard, address: '10.0.0.2', priority: 150 }),
      gapMs: fc.integer({ min: 0, max: 900 }),
    })
    const arrivals = fc.record({
      nodes: fc.array(fc.array(change, { minLength: 1, maxLength: 12 }), { minLength: 3, maxLength: 3 }),
      order: fc.infiniteStream(fc.nat({ max: 2 })),
      sizes: fc.infiniteStream(fc.integer({ min: 1, max: 4 })),
    })
    await fc.assert(
      fc.asyncProperty(arrivals, async ({ nodes, order, sizes }) => {
        const { identities, batch, failovers } = await siteOf('lb1', 'lb2', 'lb3')
        const spools = nodes.map((changes) => {
          let role: TransitionBody['to'] = 'initialize'
          let atMs = T0
          return changes.map((one, i) => {
            const from = role
            role = one.role as TransitionBody['to']
            atMs += one.gapMs
            const reason = one.reason as TransitionBody['reason']
            return transition(i + 1, { from, to: role, reason, heard: one.heard, atMs })
          })
        })
        const positions = [0, 0, 0]
        while (positions.some((position, i) => position < (spools[i]?.length ?? 0))) {
          const i = order.next().value
          const size = sizes.next().value
          const from = positions[i] ?? 0
          const events = spools[i]?.slice(from, from + size) ?? []
          // Received as they happened, so that the error is the measured one whatever their age.
          if (events.length > 0) await take(batch(identities[i], events, { receivedAtMs: T0 }))
          positions[i] = from + size
        }
        const rows = await failovers()
        const names = new Map(identities.map(({ agentId, node }) => [agentId, node] as const))
        const expected = deriveFailovers(
          spools.flatMap((events, i) => {
            const agentId = identities[i]?.agentId ?? ''
            return events.flatMap(({ seq, at, body }) =>
              body.kind === 'transition'
                ? [
                    {
                      id: `${agentId}/e/${seq}`,
                      agentId,
                      epochOrder: 1,
                      seq,
                      atMs: at.wallMs,
                      errorMs: 1,
                      body,
                    },
                  ]
                : [],
            )
          }),
        )
        const sorted = (list: readonly string[]) => [...list].sort()
        expect(
          sorted(
            rows.map((row) =>
              JSON.stringify([
                row['from'],
                row['to'],
                row['reason'],
                row['keys'].map(
                  (key: { agentId: string; seq: number }) => `${names.get(key.agentId)}/${key.seq}`,
                ),
              ]),
            ),
          ),
        ).toEqual(
          sorted(
            expected.map((one) =>
              JSON.stringify([
                one.from === null ? null : names.get(one.from),
                names.get(one.became.agentId),
                one.reason,
                one.evidence.map((id) => `${names.get(id.split('/')[0] ?? '')}/${id.split('/')[2]}`),
              ]),
            ),
          ),
        )
      }),
      { numRuns: 25 },
    )
  })
})

describe('a cursor', () => {
  const [one, two, three] = [link(1), link(2), link(3)] as const
  const rowsOf = async (siteId: string) =>
    (await database.sql`select seq::int from events where site_id = ${siteId} order by id`).map(
      ({ seq }) => seq,
    )

  it('is moved with the events, so that a repetition is none', async () => {
    const { siteId, identities, batch } = await siteOf('lb1')
    const [lb1] = identities
    expect(await take(batch(lb1, [one, two]))).toEqual([{ kind: 'held', seq: 2 }])
    const cursors = () =>
      database.sql`select seq::int from agent_epochs where agent_id = ${lb1?.agentId ?? ''}`
    expect(await cursors()).toEqual([{ seq: 2 }])
    expect(await take(batch(lb1, [one, two, three]))).toEqual([{ kind: 'held', seq: 3 }])
    expect(await rowsOf(siteId)).toEqual([1, 2, 3])
    expect(
      await database.sql`select first_seq::int as first, last_seq::int as last from feed
      where kind = 'events' and ref = ${lb1?.agentId ?? ''} order by id`,
      'nor told twice',
    ).toEqual([
      { first: 1, last: 2 },
      { first: 3, last: 3 },
    ])
  })

  it('that fell back behind what is held, as after a restore, doubles nothing', async () => {
    const { siteId, identities, batch } = await siteOf('lb1')
    const [lb1] = identities
    await take(batch(lb1, [one, two]))
    await database.sql`update agent_epochs set seq = 0 where agent_id = ${lb1?.agentId ?? ''}`
    expect(await take(batch(lb1, [one, two, three]))).toEqual([{ kind: 'held', seq: 3 }])
    expect(await rowsOf(siteId)).toEqual([1, 2, 3])
  })

  it('is passed over by nothing: a batch that begins too far on is a hole, and nothing of it is taken', async () => {
    const { siteId, identities, batch } = await siteOf('lb1')
    const [lb1] = identities
    expect(await take(batch(lb1, [one]), batch(lb1, [three, link(4)]))).toEqual([
      { kind: 'held', seq: 1 },
      { kind: 'hole', afterSeq: 1 },
    ])
    expect(await rowsOf(siteId)).toEqual([1])
  })
})

describe('a priority that trackers moved', () => {
  it('is known of the router from then on, whose role and its beginning stay', async () => {
    const {
      siteId,
      identities: [lb1],
      batch,
    } = await siteOf('lb1')
    const member = async () =>
      (
        await database.sql`select role, priority, since_ms as since from virtual_router_members m
          join virtual_routers r on r.id = m.virtual_router_id where r.site_id = ${siteId}`
      )[0]
    const [active, later] = [
      transition(1, { ...becameActive, atMs: T0 }),
      transition(2, { atMs: T0 + 3_000 }),
    ]
    await take(batch(lb1, [active]))
    const before = await member()
    if (later.body.kind !== 'transition') throw new Error('not a transition')
    const { virtualRouter, vrid, family, interface: device } = later.body
    const router = { virtualRouter, vrid, family, interface: device }
    const moved = { from: 200, to: 150, why: 'script haproxy 0 → -50' }
    const body: SpooledEvent['body'] = { kind: 'priority', ...router, role: 'active', ...moved }
    await take(batch(lb1, [{ ...later, body }]))
    expect(await member()).toEqual({ ...before, priority: 150 })
  })
})

describe('two agents at once', () => {
  it('write the two sides of one failover in transactions that overlap, and both are joined', async () => {
    for (let i = 0; i < 20; i++) {
      const {
        identities: [lb1, lb2],
        batch,
        failovers,
      } = await siteOf('lb1', 'lb2')
      await take(batch(lb1, [transition(1, { ...becameActive, atMs: T0 })]))
      const left = { from: 'active', to: 'fault', reason: 'interface-down' } as const
      await Promise.all([
        take(batch(lb1, [transition(2, { ...left, atMs: T0 + 4_700 })])),
        take(batch(lb2, [transition(1, { ...tookOver, atMs: T0 + 5_000 })])),
      ])
      expect(await failovers()).toMatchObject([{ from: 'lb1', to: 'lb2', evidence: 3 }])
    }
  })
})

describe('a batch that cannot be written', () => {
  it('does not hold up those of others in its transaction', async () => {
    const { identities, batch } = await siteOf('lb1', 'lb2', 'lb3')
    const [lb1, lb2, lb3] = identities
    const writer = startWriter({ db: database.db, wallMs: () => Date.now(), log: SILENT })
    // PostgreSQL's jsonb cannot hold U+0000, so this agent's events are refused by the database itself.
    const poison = { ...link(1), at: { wallMs: 1, monoMs: 1, bootId: 'a\u0000b' } }
    const [first, bad, good] = await Promise.allSettled([
      // The others gather while this one is written, and so go together.
      writer.write(batch(lb3, [link(1)])),
      writer.write(batch(lb1, [poison])),
      writer.write(batch(lb2, [link(1)])),
    ])
    expect(bad.status).toBe('rejected')
    for (const result of [first, good])
      expect(result).toEqual({ status: 'fulfilled', value: { kind: 'held', seq: 1 } })
    await writer.stop()
  })

  it('for want of a database waits until there is one', async () => {
    const {
      identities: [lb1],
      batch,
    } = await siteOf('lb1')
    let refusals = 3
    const flaky = {
      transaction: (work: Parameters<Database['transaction']>[0]) =>
        refusals-- > 0
          ? Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
          : database.db.transaction(work),
      // Only `transaction` is used by a writer.
    } as unknown as Database
    const writer = startWriter({ db: flaky, wallMs: () => Date.now(), log: SILENT })
    expect(await writer.write(batch(lb1, [link(1)]))).toEqual({ kind: 'held', seq: 1 })
    expect(refusals).toBe(-1)
    await writer.stop()
  })
})

describe('a PostgreSQL that is killed', () => {
  it('loses no event and doubles none, while agents go on sending', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-test-killed-'))
    chmodSync(folder, 0o711)
    const server = await startEmbeddedServer({ dataDir: folder })
    await migrateDatabase(server.address)
    const opened = openDatabase(server.address)
    const rig = await startTestGateway(opened.db)
    try {
      const lb1 = await enrolNode(opened.db, 'berlin', 'lb1')
      const TOTAL = 3_000
      const sent = runAgent(rig.url, lb1, TOTAL)
      for (let kill = 0; kill < 3; kill++) {
        const before = sent.acked()
        await until('more is acknowledged', async () => sent.acked() > before + 100)
        const pid = server.pid()
        if (pid !== null) process.kill(pid, 'SIGKILL')
        await until('it is started again', async () => server.pid() !== null && server.pid() !== pid)
      }
      await sent.done
      const rows = await opened.sql`select seq::int from events order by id`
      expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: TOTAL }, (_, i) => i + 1))
    } finally {
      await rig.stop()
      await opened.close()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

/** An agent that keeps a few batches in flight until all of its events are acknowledged, and reconnects when cut. */
function runAgent(url: string, identity: TestIdentity, total: number) {
  const events = Array.from({ length: total }, (_, i) => link(i + 1))
  let acked = 0
  const done = (async () => {
    while (acked < total) {
      const agent = new TestAgent(url)
      try {
        const { resumeAfterSeq } = await agent.open(identity, { lastSeq: total })
        acked = resumeAfterSeq
        for (let from = acked; from < total; from = acked) {
          agent.send({ kind: 'events', epoch: 'epoch-1', events: events.slice(from, from + 10) })
          acked = (await agent.next('ack')).seq
        }
      } catch {
        // Cut off: the next session goes on where the centre says it is.
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      await agent.close()
    }
  })()
  return { acked: () => acked, done }
}

describe('speed', () => {
  const TOTAL = 20_000
  const becomes = (seq: number) => {
    const virtualRouter = `router-${seq % 100}`
    const active = Math.floor(seq / 100) % 2 === 0
    return active
      ? transition(seq, { ...tookOver, virtualRouter })
      : transition(seq, { virtualRouter, from: 'active', to: 'backup', reason: 'higher-priority-backup' })
  }
  const cases: [string, (seq: number) => SpooledEvent, number][] = [
    ['events about no router', link, 3_000],
    ['transitions of 100 routers on 4 nodes', becomes, 500],
  ]
  it.each(cases)('of %s, by the thousand a second through one writer', async (name, make, least) => {
    const { identities, batch } = await siteOf('lb1', 'lb2', 'lb3', 'lb4')
    const writer = startWriter({ db: database.db, wallMs: () => Date.now(), log: SILENT })
    const startedAt = performance.now()
    await Promise.all(
      identities.map(async (identity) => {
        for (let from = 0; from < TOTAL / 4; from += 500) {
          const events = Array.from({ length: 500 }, (_, i) => make(from + i + 1))
          await writer.write(batch(identity, events))
        }
      }),
    )
    const perSecond = Math.round(TOTAL / ((performance.now() - startedAt) / 1000))
    process.stdout.write(`ingest: ${perSecond} events/s, ${name}\n`)
    await writer.stop()
    expect(perSecond).toBeGreaterThan(least)
  })
})
