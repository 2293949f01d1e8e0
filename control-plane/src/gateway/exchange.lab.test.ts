import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { ExchangeAnswer } from '@aloft/shared/protocol/exchange'
import type { AgentFrame, RouterState } from '@aloft/shared/protocol/frames'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EXCHANGE_SILENCE_MS } from '../agents/absence.ts'
import { replicaLeases } from '../agents/presence.ts'
import { silentSessions } from '../agents/turns.ts'
import { createBus } from '../bus/bus.ts'
import { notifyCarrier } from '../bus/store-notify.ts'
import { insertCommand } from '../commands/store.ts'
import { openDatabase } from '../database/client.ts'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { tick } from '../duties/tick.ts'
import { createHolds, wakeHolds } from './holds.ts'
import { sessionContract } from './session-contract.test.support.ts'
import {
  enrolNode,
  link,
  SILENT,
  startTestGateway,
  TestAgent,
  type TestIdentity,
  until,
} from './test-agent.ts'
import { ExchangeAgent, type Post, testReplica } from './test-exchange.ts'

/** Three replicas in turn, so that nothing of a session can be in one of them. */
sessionContract({
  name: 'HTTP requests',
  heartbeatMs: 30_000,
  start: async (db) => {
    const replicas = [testReplica(db), testReplica(db), testReplica(db)]
    let requests = 0
    const post: Post = async (body) => {
      const replica = replicas[requests++ % replicas.length]
      if (replica === undefined) throw new Error('no replica')
      return replica(body)
    }
    return { connect: () => new ExchangeAgent(post), stop: async () => {} }
  },
})

let database: TestDatabase
let post: Post
/** Every request body, in order. */
let said: string[]

beforeEach(async () => {
  database = await createTestDatabase()
  const replica = testReplica(database.db)
  said = []
  post = (body) => {
    said.push(body)
    return replica(body)
  }
})
afterEach(() => database.close())

const sessionOf = async (agentId: string) =>
  (await database.sql`select * from agent_sessions where agent_id = ${agentId}`)[0]
const seqs = async () => (await database.sql`select seq::int from events order by seq`).map(({ seq }) => seq)
const answerOf = async (body: string) => ExchangeAnswer.parse(await (await post(body)).json())
const events = (...all: number[]): AgentFrame => ({
  kind: 'events',
  epoch: 'epoch-1',
  events: all.map((seq) => link(seq)),
})
const heartbeat: AgentFrame = {
  kind: 'heartbeat',
  sentWallMs: 1,
  spoolBacklog: 0,
  routerAlive: true,
  clock: null,
}

async function openSession(lb1: TestIdentity, ...routers: RouterState[]): Promise<ExchangeAgent> {
  const agent = new ExchangeAgent(post)
  await agent.open(lb1, {}, routers)
  agent.send(heartbeat)
  await agent.next('pong')
  return agent
}

describe('requests that come twice, late, or in another order', () => {
  it('opens one session for a hello that comes again, at once or later', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const agent = new ExchangeAgent(async (body) => {
      said.push(body)
      const [first] = await Promise.all([testReplica(database.db)(body), testReplica(database.db)(body)])
      return first ?? Response.error()
    })
    const { sessionId } = await agent.hello(lb1)
    const [, hello = ''] = said
    const again = await answerOf(hello)
    expect(again.frames).toMatchObject([{ kind: 'welcome', sessionId }])
    expect(await sessionOf(lb1.agentId)).toMatchObject({ generation: '1', session_id: sessionId })
  })

  it('takes the events of a request once, and answers it the same, however often it comes', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const agent = await openSession(lb1)
    agent.send(events(1, 2))
    await agent.acked(2)
    const again = await Promise.all([answerOf(said.at(-1) ?? ''), answerOf(said.at(-1) ?? '')])
    expect(again.map(({ frames }) => frames)).toEqual([
      [{ kind: 'ack', epoch: 'epoch-1', seq: 2 }],
      [{ kind: 'ack', epoch: 'epoch-1', seq: 2 }],
    ])
    agent.send(events(3))
    await agent.acked(3)
    expect(await seqs()).toEqual([1, 2, 3])
  })

  it('takes nothing from a request that a later one has overtaken', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const agent = await openSession(lb1)
    agent.send({ kind: 'snapshot', asOfSeq: 0, routers: null })
    agent.send({ ...heartbeat, routerAlive: false })
    await agent.next('pong')
    const old = said.at(-1) ?? ''
    agent.send(heartbeat)
    await agent.next('pong')
    const answer = await post(old)
    expect([answer.status, (await answer.json()).detail]).toEqual([
      409,
      'a later request of this session was answered already',
    ])
    expect(await sessionOf(lb1.agentId)).toMatchObject({ router_alive: true })
  })

  it('does not let the hello of an older session end the newer one, or take it for a rewound spool', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const older = new ExchangeAgent(post)
    const { nonce } = await older.next('challenge')
    expect(nonce).not.toBe('')
    const newer = await openSession(lb1)
    newer.send(events(1, 2))
    await newer.acked(2)
    // Its challenge was answered only now.
    await expect(older.helloTo(nonce, lb1)).rejects.toThrow('a newer session began after this challenge')
    expect(await sessionOf(lb1.agentId)).toMatchObject({ generation: '1' })
    newer.send(events(3))
    await newer.acked(3)
  })

  it('a late hello on a socket is no rewound spool either', async () => {
    const gateway = await startTestGateway(database.db)
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const older = new TestAgent(gateway.url)
    const { nonce } = await older.next('challenge')
    const newer = await openSession(lb1)
    newer.send(events(1, 2))
    await newer.acked(2)
    await expect(older.helloTo(nonce, lb1)).rejects.toThrow('a newer session began after this challenge')
    await gateway.stop()
  })

  it('a hello that took longer than it may is refused', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    let nowMs = Date.now()
    const agent = new ExchangeAgent(testReplica(database.db, { now: () => nowMs }))
    const { nonce } = await agent.next('challenge')
    nowMs += 10_001
    await expect(agent.helloTo(nonce, lb1)).rejects.toThrow('no hello in time')
  })
})

describe('what goes along sealed', () => {
  it('is not read when anything of it was changed, cut off, or sealed elsewhere', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const { session } = await openSession(lb1)
    const sealed = Buffer.from(session ?? '', 'base64url')
    const flipped = [0, 4, 16, 32, sealed.length - 1].map((at) => {
      const copy = Buffer.from(sealed)
      copy[at] = (copy[at] ?? 0) ^ 1
      return copy.toString('base64url')
    })
    const elsewhere = await createTestDatabase()
    const theirs = ExchangeAnswer.parse(
      await (await testReplica(elsewhere.db)('{"session":null,"frames":[]}')).json(),
    )
    await elsewhere.close()
    for (const bad of [...flipped, sealed.subarray(0, 40).toString('base64url'), '', 'x', theirs.session]) {
      const answer = await answerOf(JSON.stringify({ session: bad, frames: [heartbeat] }))
      expect(answer).toEqual({
        session: null,
        frames: [],
        close: { code: CloseCode.tryLater, reason: 'this session is not known here: begin anew' },
        holdMs: 0,
      })
    }
  })

  it('is read by every replica, and by none any more once its key is deleted', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const { session } = await openSession(lb1)
    const body = JSON.stringify({ session, frames: [heartbeat] })
    expect(await (await testReplica(database.db)(body)).json()).toMatchObject({ frames: [{ kind: 'pong' }] })
    expect(await database.sql`delete from exchange_keys returning 1`).toHaveLength(1)
    expect(await (await testReplica(database.db)(body)).json()).toMatchObject({ close: { code: 1013 } })
  })

  it('is sealed with a new key each week, and keys that sealed nothing alive are dropped', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    let nowMs = Date.now()
    const replica = testReplica(database.db, { now: () => nowMs })
    const agent = new ExchangeAgent(replica)
    await agent.open(lb1)
    agent.send(heartbeat)
    await agent.next('pong')
    const keys = async () => (await database.sql`select id from exchange_keys order by created_at_ms`).length
    nowMs += 7 * 86_400_000
    agent.send(heartbeat)
    await agent.next('pong')
    expect(await keys()).toBe(2)
    nowMs += 7 * 86_400_000 + 1
    agent.send(heartbeat)
    await agent.next('pong')
    expect(await keys()).toBe(2)
  })

  it('from before the database was restored begins anew', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const agent = await openSession(lb1)
    await database.sql`update agent_sessions set turn = 1`
    agent.send(heartbeat)
    agent.send(heartbeat)
    expect(await agent.closed).toMatchObject({ code: CloseCode.tryLater })
  })
})

describe('a request that waits', () => {
  const held = (session: string | null, waitMs: number) => JSON.stringify({ session, frames: [], waitMs })

  it('is answered when its time is over, and at once where nothing is held', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const { session } = await openSession(lb1)
    const began = performance.now()
    expect(await answerOf(held(session, 200))).toEqual({ session, frames: [], close: null, holdMs: 20_000 })
    expect(performance.now() - began).toBeGreaterThanOrEqual(195)
    const brief = testReplica(database.db, { holdMs: 0 })
    expect(await (await brief(held(session, 60_000))).json()).toMatchObject({ holdMs: 0 })
  })

  it('is answered as soon as somebody wakes it, and hears how its session ended', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const { session } = await openSession(lb1)
    const holds = createHolds()
    const replica = testReplica(database.db, { holds })
    const waiting = replica(held(session, 60_000))
    await until('it waits', async () => holds.sessions().length === 1)
    await database.sql`update agents set quarantined_reason = 'cloned'`
    holds.wake(['somebody else', lb1.agentId])
    expect(await (await waiting).json()).toMatchObject({
      close: { code: CloseCode.quarantined, reason: 'cloned' },
    })
    expect(holds.sessions()).toEqual([])
  })

  it('is let go when its caller is gone, and when the replica stops', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const { session } = await openSession(lb1)
    const holds = createHolds()
    const replica = testReplica(database.db, { holds })
    const gone = new AbortController()
    const first = replica(held(session, 60_000), gone.signal)
    const second = replica(held(session, 60_000))
    await until('both wait', async () => holds.sessions().length === 2)
    gone.abort()
    await until('one waits', async () => holds.sessions().length === 1)
    holds.stop()
    expect(await (await second).json()).toMatchObject({ close: null })
    await first
    expect(await (await replica(held(session, 60_000))).json()).toMatchObject({ close: null })
  })

  it('brings a command as soon as it is given, and a turn brings it again until it has a result', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const agent = new ExchangeAgent(post)
    await agent.open(lb1, { obeys: ['report'] })
    agent.send(heartbeat)
    await agent.next('pong')
    const holds = createHolds()
    const opened = openDatabase(database.address, 2)
    const bus = createBus({ carrier: notifyCarrier(opened), log: SILENT, lookEveryMs: 100 })
    const stopWaking = wakeHolds({ db: opened.db, bus, holds, now: () => Date.now() })
    const replica = testReplica(database.db, { holds })
    const waiting = replica(held(agent.session, 60_000))
    await until('it waits', async () => holds.sessions().length === 1)
    const at = { createdBy: 'test', createdAtMs: Date.now(), expiresAtMs: Date.now() + 60_000 }
    const { id } = await database.db.transaction((tx) =>
      insertCommand(tx, { agentId: lb1.agentId, kind: 'report', ...at }),
    )
    expect(await (await waiting).json()).toMatchObject({ frames: [{ kind: 'command', id }] })
    // Another one waits its time: it was sent.
    expect(await answerOf(held(agent.session, 300))).toMatchObject({ frames: [] })
    agent.send(heartbeat)
    expect(await agent.next('command')).toMatchObject({ id })
    agent.send({ kind: 'command-result', id, outcome: 'done', detail: '' })
    agent.send(heartbeat)
    await agent.next('pong')
    expect(await answerOf(JSON.stringify({ session: agent.session, frames: [heartbeat] }))).toMatchObject({
      frames: [{ kind: 'pong' }],
    })
    expect(await database.sql`select outcome from commands`).toEqual([{ outcome: 'done' }])
    // The end of the session is something to hear too.
    const last = replica(held(agent.session, 60_000))
    await until('it waits again', async () => holds.sessions().length === 1)
    await database.sql`update agent_sessions set generation = generation + 1, dismissed_code = 4001,
      dismissed_reason = 'revoked'`
    expect(await (await last).json()).toMatchObject({ close: { code: 4001, reason: 'revoked' } })
    stopWaking()
    await bus.stop()
    await opened.close()
  })

  it('does not hold up what is said meanwhile', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const agent = await openSession(lb1)
    const waiting = post(held(agent.session, 2_000))
    agent.send(events(1))
    await agent.acked(1)
    expect(await (await waiting).json()).toMatchObject({ close: null })
  })
})

describe('the end of a session without a socket', () => {
  it('is its silence, whatever becomes of replicas; and it goes on when it speaks again', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const agent = await openSession(lb1)
    const endedAt = async () => (await sessionOf(lb1.agentId))?.['disconnected_at_ms']
    let runs = 0
    const look = () => {
      const duties = [replicaLeases, silentSessions].map((duty) => ({
        ...duty,
        name: `${duty.name} ${runs++}`,
      }))
      return tick({ db: database.db, duties, replica: 'another' })
    }
    const silentFor = (ms: number) =>
      database.sql`update agent_sessions set last_seen_at_ms = last_seen_at_ms - ${ms}`
    await silentFor(EXCHANGE_SILENCE_MS - 10_000)
    expect(await look()).toMatchObject({ failed: [] })
    expect(await endedAt()).toBeNull()
    await silentFor(11_000)
    // The centre was away itself until a moment ago.
    await database.sql`insert into centre_watch values (1, 0, 0, 0, 0, extract(epoch from now()) * 1000 + 60000)`
    await look()
    expect(await endedAt()).toBeNull()
    await database.sql`delete from centre_watch`
    await look()
    expect(await endedAt()).toBe((await sessionOf(lb1.agentId))?.['last_seen_at_ms'])
    agent.send(heartbeat)
    await agent.next('pong')
    expect(await endedAt()).toBeNull()
    await agent.close()
    expect(await endedAt()).not.toBeNull()
  })

  it('comes with quarantine, and with the removal of the agent', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const lb2 = await enrolNode(database.db, 'berlin', 'lb2')
    const [first, second] = [await openSession(lb1), await openSession(lb2)]
    await database.sql`update agents set quarantined_reason = 'cloned' where id = ${lb1.agentId}`
    first.send(heartbeat)
    expect(await first.closed).toEqual({ code: CloseCode.quarantined, reason: 'cloned' })
    await database.sql`delete from enrolment_token_uses where agent_id = ${lb2.agentId}`
    await database.sql`delete from agents where id = ${lb2.agentId}`
    second.send(heartbeat)
    expect(await second.closed).toEqual({ code: CloseCode.unauthorised, reason: 'no longer enrolled here' })
  })
})

describe('one identity on two hosts', () => {
  const host = (bootId: string) => ({
    bootId,
    machineId: `machine of ${bootId}`,
    centreNonce: 'n'.repeat(22),
  })

  it('is found when both answer: who was superseded is asked whether it is still there', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const original = new ExchangeAgent(post)
    await original.open(lb1, host('boot-1'))
    original.send(heartbeat)
    await original.next('pong')
    const copy = new ExchangeAgent(post)
    await copy.open(lb1, host('boot-2'))
    const { session } = original
    expect(await answerOf(JSON.stringify({ session, frames: [], waitMs: 0 }))).toMatchObject({ close: null })
    original.send(heartbeat)
    const { nonce } = await original.next('probe')
    const asks = await post(JSON.stringify({ session: original.session, frames: [], waitMs: 0 }))
    expect([asks.status, (await asks.json()).detail]).toEqual([409, 'the answer to a probe is due'])
    original.send({ kind: 'alive', nonce })
    const reason = expect.stringMatching(/^cloned: one identity on two hosts/)
    expect(await original.closed).toEqual({ code: CloseCode.quarantined, reason })
    copy.send(heartbeat)
    expect(await copy.closed).toEqual({ code: CloseCode.quarantined, reason })
  })

  it('is not found in what a proxy delivers late of a host that was started again', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const before = new ExchangeAgent(post)
    await before.open(lb1, host('boot-1'))
    before.send(heartbeat)
    await before.next('pong')
    const late = said.at(-1) ?? ''
    const after = new ExchangeAgent(post)
    await after.open(lb1, host('boot-2'))
    for (let i = 0; i < 3; i++)
      expect(await answerOf(late)).toMatchObject({ frames: [{ kind: 'probe' }], close: null })
    after.send(heartbeat)
    await after.next('pong')
    expect(await database.sql`select quarantined_reason from agents`).toEqual([{ quarantined_reason: null }])
  })
})

describe('a request that cannot be taken', () => {
  it.each([
    ['{', 400],
    ['{}', 400],
    ['{"session":null,"frames":[{"kind":"synced"}]}', 400],
    ['{"session":null,"frames":"x"}', 400],
    [JSON.stringify({ session: 'x'.repeat(20_000), frames: [] }), 400],
  ])('%.60s is answered %i, with what is wrong', async (body, status) => {
    const answer = await post(body)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json'])
    expect((await answer.json()).errors).toHaveLength(body === '{}' ? 2 : 1)
  })

  it('while the database is away is answered 503, and taken once when it is there again', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const agent = await openSession(lb1)
    const body = JSON.stringify({ session: agent.session, frames: [events(1, 2)] })
    const away = openDatabase({ ...database.address, socketFolder: '/nowhere' })
    const answer = await testReplica(away.db)(body)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
    await away.close()
    // And when it goes away in the middle of the work.
    await database.sql.unsafe(`create function die() returns trigger language plpgsql as
      $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$;
      create trigger die before insert on events for each row execute function die()`)
    expect((await post(body)).status).toBe(503)
    const operator = openDatabase(database.address, 1)
    await operator.sql.unsafe('drop trigger die on events')
    await operator.close()
    // Connections that were cut may be noticed only now; an agent says it again in any case.
    let last = await post(body)
    for (; last.status === 503; last = await post(body));
    expect(await last.json()).toMatchObject({ frames: [{ kind: 'ack', epoch: 'epoch-1', seq: 2 }] })
    expect(await seqs()).toEqual([1, 2])
  })
})
