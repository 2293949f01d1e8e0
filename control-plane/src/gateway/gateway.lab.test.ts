import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { FRAME_BYTES_MAX } from '@aloft/shared/protocol/version'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { replicaLeases } from '../agents/presence.ts'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { tick } from '../duties/tick.ts'
import { SESSION_LIMITS } from './machine.ts'
import { sessionContract } from './session-contract.test.support.ts'
import { enrolNode, link, startTestGateway, TestAgent, type TestGateway, until } from './test-agent.ts'

sessionContract({
  name: 'a WebSocket',
  heartbeatMs: 15_000,
  start: async (db) => {
    const gateway = await startTestGateway(db)
    return { connect: () => new TestAgent(gateway.url), stop: gateway.stop }
  },
})

let database: TestDatabase
let rig: TestGateway

beforeEach(async () => {
  database = await createTestDatabase()
  rig = await startTestGateway(database.db)
})
afterEach(async () => {
  await rig.stop()
  await database.close()
})

const connect = () => new TestAgent(rig.url)
const held = () => database.sql`select seq::int, body from events order by agent_id, epoch, seq`
const seqs = async () => (await held()).map((row) => row['seq'])
const sessionOf = async (agentId: string) =>
  (await database.sql`select * from agent_sessions where agent_id = ${agentId}`)[0]

describe('a socket', () => {
  it('takes nothing of a batch that was cut off in the middle', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const first = connect()
    await first.open(lb1)
    const text = JSON.stringify({ kind: 'events', epoch: 'epoch-1', events: [link(1), link(2)] })
    first.socket.send(text.slice(0, text.length / 2), { fin: false })
    await first.close()
    const second = connect()
    expect(await second.open(lb1, { lastSeq: 2 })).toMatchObject({ resumeAfterSeq: 0 })
    second.send({ kind: 'events', epoch: 'epoch-1', events: [link(1), link(2)] })
    await second.acked(2)
    expect(await seqs()).toEqual([1, 2])
  })

  it('lets the newer speak when it came to another replica', async () => {
    const elsewhere = await startTestGateway(database.db)
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const older = connect()
    await older.open(lb1)
    const newer = new TestAgent(elsewhere.url)
    await newer.open(lb1)
    older.send({ kind: 'heartbeat', sentWallMs: 1, spoolBacklog: 0, routerAlive: true, clock: null })
    expect(await older.closed).toMatchObject({ code: CloseCode.superseded })
    expect(await sessionOf(lb1.agentId)).toMatchObject({ disconnected_at_ms: null })
    await elsewhere.stop()
  })
})

describe('bad input', () => {
  /** The last: what the centre's log says where the close frame says nothing. */
  const cases: [string, (agent: TestAgent) => void, number, RegExp, string?][] = [
    [
      'an oversized frame',
      ({ socket }) => socket.send('x'.repeat(FRAME_BYTES_MAX + 1)),
      1009,
      /^$/,
      'Max payload size exceeded',
    ],
    ['no JSON', ({ socket }) => socket.send('{'), 1002, /^malformed frame: not JSON$/],
    [
      'a wrong field',
      ({ socket }) => socket.send('{"kind":"hello","protocolVersion":"x"}'),
      1002,
      /^malformed frame: protocolVersion/,
    ],
    ['binary', ({ socket }) => socket.send(Buffer.from([1, 2])), 1002, /^malformed frame: binary$/],
    [
      'bytes that are not UTF-8',
      ({ socket }) => socket.send(Buffer.from([0xff, 0xfe]), { binary: false }),
      1007,
      /^$/,
      'Invalid WebSocket frame: invalid UTF-8 sequence',
    ],
    ['an unknown kind', ({ socket }) => socket.send('{"kind":"surprise"}'), 4003, /^malformed frame: kind/],
    [
      'events before hello',
      (agent) => agent.send({ kind: 'events', epoch: 'e', events: [link(1)] }),
      1002,
      /^events: a hello is due$/,
    ],
  ]
  it.each(cases)('%s ends the session by name', async (_name, misbehave, code, reason, why) => {
    const agent = connect()
    await agent.next('challenge')
    misbehave(agent)
    const end = await agent.closed
    expect(end.code).toBe(code)
    expect(end.reason).toMatch(reason)
    expect(rig.warnings).toEqual([
      why === undefined
        ? ['a session was ended: the agent broke the protocol', { agentId: null, code, reason: end.reason }]
        : ['a session broke', { agentId: null, why }],
    ])
    await until('the connection is forgotten', async () => rig.gateway.figures().connections === 0)
  })

  it('a client without the subprotocol is answered 400, one too many 503', async () => {
    const statusOf = (url: string, protocols: string[]) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url, protocols)
        socket.on('unexpected-response', (_request, { statusCode, headers }) =>
          resolve([statusCode, headers['retry-after']]),
        )
        socket.on('error', () => {})
      })
    expect(await statusOf(rig.url, [])).toEqual([400, undefined])
    const full = await startTestGateway(database.db, { maxConnections: 0 })
    expect(await statusOf(full.url, ['aloft.v1'])).toEqual([503, '2'])
    await full.stop()
  })
})

describe('an agent that does not read', () => {
  it('is cut off with 4005 when a few megabytes wait for it, and goes on where it was', async () => {
    const limits = { ...SESSION_LIMITS, framesPerSecond: 1e6, burstFrames: 1e6 }
    const generous = await startTestGateway(database.db, { limits })
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const deaf = new TestAgent(generous.url)
    await deaf.open(lb1)
    deaf.send({ kind: 'events', epoch: 'epoch-1', events: [link(1), link(2)] })
    await deaf.acked(2)
    let bytes = 0
    deaf.socket.on('message', (data) => {
      bytes += String(data).length
    })
    deaf.socket.pause()
    const beat = JSON.stringify({
      ...{ kind: 'heartbeat', sentWallMs: 1, spoolBacklog: 0, routerAlive: true, clock: null },
    })
    // Each is answered with a pong: more than may wait, and little more, for who was cut off has two seconds to read.
    for (let sent = 0; sent < 65_000; sent++) {
      if (sent % 1_000 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      deaf.sendText(beat)
    }
    deaf.socket.resume()
    expect(await deaf.closed).toEqual({ code: CloseCode.slowConsumer, reason: 'the agent does not read' })
    expect(bytes).toBeGreaterThan(3 * 1024 * 1024)
    expect(bytes).toBeLessThan(6 * 1024 * 1024)
    const again = new TestAgent(generous.url)
    expect(await again.open(lb1, { lastSeq: 3 })).toMatchObject({ resumeAfterSeq: 2 })
    again.send({ kind: 'events', epoch: 'epoch-1', events: [link(3)] })
    await again.acked(3)
    expect(await seqs()).toEqual([1, 2, 3])
    await again.close()
    await generous.stop()
  })
})

describe('the end of a replica', () => {
  it('says goaway, closes with 1012, and leaves nobody connected', async () => {
    const other = await startTestGateway(database.db)
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    const agent = new TestAgent(other.url)
    await agent.open(lb1)
    const stopped = other.stop()
    expect(await agent.next('goaway')).toMatchObject({ reconnectWithinMs: 2_000 })
    expect(await agent.closed).toMatchObject({ code: CloseCode.restart })
    await stopped
    expect((await sessionOf(lb1.agentId))?.['disconnected_at_ms']).not.toBeNull()
  })

  it('that was killed is noticed by another, which ends its sessions', async () => {
    const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
    await database.sql`insert into replicas values ('dead', 0, 9)`
    await database.sql`insert into agent_sessions (agent_id, session_id, generation, replica, boot_id, run_id,
      connected_at_ms, last_seen_at_ms) values (${lb1.agentId}, 's', 1, 'dead', 'b', 'r', 5, 7)`
    // Others have had the time to say that they live.
    await database.sql`update centre_watch set back_at_ms = 0`
    const { ran } = await tick({ db: database.db, duties: [replicaLeases], replica: rig.gateway.replica })
    expect(ran).toHaveLength(1)
    expect((await sessionOf(lb1.agentId))?.['disconnected_at_ms']).toBe(9)
    expect(await database.sql`select id from replicas`).toEqual([{ id: rig.gateway.replica }])
  })
})
