/**
 * What a session is, whatever carries its frames: the same clauses over a WebSocket and over HTTP requests. A file of
 * each transport calls `sessionContract` with its driver.
 */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { RouterState } from '@aloft/shared/protocol/frames'
import { FRAME_BYTES_MAX } from '@aloft/shared/protocol/version'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../database/client.ts'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { enrolNode, link, type ScriptedAgent, transition, until } from './test-agent.ts'

export interface ContractDriver {
  readonly name: string
  readonly heartbeatMs: number
  start(db: Database): Promise<ContractRig>
}

export interface ContractRig {
  /** A connection of an agent, before its hello. */
  connect(): ScriptedAgent
  stop(): Promise<void>
}

export function sessionContract(driver: ContractDriver): void {
  describe(`a session over ${driver.name}`, () => {
    let database: TestDatabase
    let rig: ContractRig

    beforeEach(async () => {
      database = await createTestDatabase()
      rig = await driver.start(database.db)
    })
    afterEach(async () => {
      await rig.stop()
      await database.close()
    })

    const connect = () => rig.connect()
    const held = () => database.sql`select seq::int, body from events order by agent_id, epoch, seq`
    const seqs = async () => (await held()).map((row) => row['seq'])
    const sessionOf = async (agentId: string) =>
      (await database.sql`select * from agent_sessions where agent_id = ${agentId}`)[0]

    describe('delivery', () => {
      it('acknowledges what is in the database, and not before', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const agent = connect()
        expect(await agent.open(lb1)).toMatchObject({
          resumeAfterSeq: 0,
          heartbeatMs: driver.heartbeatMs,
          spreadMs: 2_000,
        })
        agent.send({ kind: 'events', epoch: 'epoch-1', events: [link(1), link(2)] })
        expect(await agent.next('ack')).toEqual({ kind: 'ack', epoch: 'epoch-1', seq: 2 })
        expect(await seqs()).toEqual([1, 2])
      })

      it('takes each event once, however often it comes', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const agent = connect()
        await agent.open(lb1)
        const events = [link(1), link(2), link(3)]
        for (let i = 0; i < 3; i++) agent.send({ kind: 'events', epoch: 'epoch-1', events })
        agent.send({ kind: 'events', epoch: 'epoch-1', events: [...events.slice(1), link(4)] })
        await agent.acked(4)
        expect(await seqs()).toEqual([1, 2, 3, 4])
      })

      it('asks for what is missing when batches come out of order', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const agent = connect()
        await agent.open(lb1)
        agent.send({ kind: 'events', epoch: 'epoch-1', events: [link(3), link(4)] })
        expect(await agent.next('resume')).toEqual({ kind: 'resume', epoch: 'epoch-1', afterSeq: 0 })
        agent.send({ kind: 'events', epoch: 'epoch-1', events: [link(1), link(2)] })
        agent.send({ kind: 'events', epoch: 'epoch-1', events: [link(3), link(4)] })
        await agent.acked(4)
        expect(await seqs()).toEqual([1, 2, 3, 4])
      })

      it('goes on where it was when the acks were lost', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const first = connect()
        await first.open(lb1)
        first.send({ kind: 'events', epoch: 'epoch-1', events: [link(1), link(2)] })
        await until('the events are in', async () => (await seqs()).length === 2)
        await first.close()
        const second = connect()
        expect(await second.open(lb1, { lastSeq: 3 })).toMatchObject({ resumeAfterSeq: 2 })
        second.send({ kind: 'events', epoch: 'epoch-1', events: [link(3)] })
        await second.acked(3)
        expect(await seqs()).toEqual([1, 2, 3])
      })

      it('begins a new epoch at 1, and goes on behind what the agent no longer has', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const agent = connect()
        await agent.open(lb1, { epoch: 'epoch-2', firstSeq: 8, lastSeq: 9 })
        agent.send({ kind: 'events', epoch: 'epoch-2', events: [link(8), link(9)] })
        await agent.acked(9)
        expect(await seqs()).toEqual([8, 9])
      })

      it('marks as late what is old, and corrects the time by the clock offset', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const agent = connect()
        // The agent's clock is an hour slow; the event is two minutes old.
        const wallMs = Date.now() - 3_600_000
        await agent.open(lb1, { wallMs })
        const old = { ...link(1), at: { wallMs: wallMs - 120_000, monoMs: 1, bootId: 'boot-1' } }
        const fresh = { ...link(2), at: { wallMs, monoMs: 2, bootId: 'boot-1' } }
        agent.send({ kind: 'events', epoch: 'epoch-1', events: [old, fresh] })
        await agent.acked(2)
        const rows =
          await database.sql`select late, received_at_ms - occurred_at_ms as age, occurred_at_error_ms as error
          from events order by seq`
        expect(rows.map(({ late }) => late)).toEqual([true, false])
        expect(rows[0]?.['age']).toBeGreaterThan(119_000)
        expect(rows[0]?.['age']).toBeLessThan(123_000)
        expect(rows[1]?.['age']).toBeLessThan(3_000)
        expect(rows[1]?.['error']).toBeLessThan(1_000)
      })
    })

    describe('identity', () => {
      it('quarantines an agent that tells a held event differently, and overwrites nothing', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const agent = connect()
        await agent.open(lb1)
        agent.send({ kind: 'events', epoch: 'epoch-1', events: [link(1, true)] })
        await agent.acked(1)
        agent.send({ kind: 'events', epoch: 'epoch-1', events: [link(1, false), link(2)] })
        expect(await agent.closed).toEqual({
          code: CloseCode.quarantined,
          reason: 'event 1 is held with another content',
        })
        expect((await held()).map(({ body }) => body.up)).toEqual([true])
        const again = connect()
        await expect(again.hello(lb1, { lastSeq: 2 })).rejects.toThrow('4004')
      })

      it('quarantines an agent whose spool was rewound', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const agent = connect()
        await agent.open(lb1)
        agent.send({ kind: 'events', epoch: 'epoch-1', events: [link(1), link(2)] })
        await agent.acked(2)
        await agent.close()
        await expect(connect().hello(lb1, { lastSeq: 1 })).rejects.toThrow(
          'spool rewound: 2 events held, the agent has 1',
        )
      })

      it('refuses a signature by another key, and an agent nobody knows', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const other = await enrolNode(database.db, 'berlin', 'lb2')
        const forged = connect()
        await expect(forged.hello({ ...lb1, key: other.key })).rejects.toThrow('closed')
        expect(await forged.closed).toEqual({ code: 4001, reason: 'the signature does not verify' })
        const stranger = connect()
        await expect(stranger.hello({ ...lb1, agentId: 'nobody' })).rejects.toThrow('not enrolled here')
      })

      it('lets the newer of two sessions speak, and the end of the older changes nothing', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const older = connect()
        await older.open(lb1)
        const newer = connect()
        await newer.open(lb1)
        // Who has no socket hears of it with the next answer.
        older.send({ kind: 'heartbeat', sentWallMs: 1, spoolBacklog: 0, routerAlive: true, clock: null })
        expect(await older.closed).toMatchObject({ code: CloseCode.superseded })
        newer.send({ kind: 'events', epoch: 'epoch-1', events: [link(1)] })
        await newer.acked(1)
        await until('presence settles', async () => (await sessionOf(lb1.agentId))?.['synced'] === true)
        expect(await sessionOf(lb1.agentId)).toMatchObject({ generation: '2', disconnected_at_ms: null })
        await newer.close()
        await until(
          'the end is known',
          async () => (await sessionOf(lb1.agentId))?.['disconnected_at_ms'] !== null,
        )
      })
    })

    describe('what is known of routers', () => {
      const web: RouterState = {
        virtualRouter: 'web',
        vrid: 51,
        family: 'ipv4',
        interface: 'eth0',
        version: 3,
        role: 'active',
        sinceWallMs: 1_000,
        priority: 200,
        advertisementIntervalMs: 1_000,
        addresses: ['192.0.2.100/24'],
        active: null,
      }
      const members = () => database.sql`select v.name, m.role, m.as_of_seq::int as seq
        from virtual_router_members m join virtual_routers v on v.id = m.virtual_router_id order by v.name`

      it('a snapshot sets roles, and a backlog that comes after it does not turn them back', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const agent = connect()
        await agent.open(lb1, { lastSeq: 2 }, [web])
        agent.send({ kind: 'events', epoch: 'epoch-1', events: [transition(1)] })
        await agent.acked(1)
        // A snapshot is not acknowledged: whichever of the two is written first, it is the snapshot that holds.
        await until('the snapshot holds', async () => (await members())[0]?.['seq'] === 2)
        expect(await members()).toEqual([{ name: 'web', role: 'active', seq: 2 }])
        agent.send({
          kind: 'events',
          epoch: 'epoch-1',
          events: [transition(2, { from: 'backup', to: 'active' })],
        })
        await agent.acked(2)
        expect(await members()).toEqual([{ name: 'web', role: 'active', seq: 2 }])
        agent.send({
          kind: 'events',
          epoch: 'epoch-1',
          events: [transition(3, { from: 'active', to: 'fault', reason: 'interface-down' })],
        })
        await agent.acked(3)
        expect(await members()).toEqual([{ name: 'web', role: 'fault', seq: 3 }])
      })

      it('a router that a later snapshot no longer names is no longer a member', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const agent = connect()
        await agent.open(lb1, {}, [web, { ...web, virtualRouter: 'db', vrid: 52 }])
        await until('both are known', async () => (await members()).length === 2)
        agent.send({ kind: 'snapshot', asOfSeq: 0, routers: [web] })
        await until('one is left', async () => (await members()).length === 1)
        expect(await members()).toMatchObject([{ name: 'web' }])
      })
    })

    describe('bad input', () => {
      const cases: [string, (agent: ScriptedAgent) => void, number, RegExp][] = [
        [
          'a wrong field',
          (agent) => agent.sendText('{"kind":"hello","protocolVersion":"x"}'),
          1002,
          /^malformed frame: protocolVersion/,
        ],
        ['no object', (agent) => agent.sendText('7'), 1002, /^malformed frame: /],
        ['an unknown kind', (agent) => agent.sendText('{"kind":"surprise"}'), 4003, /^malformed frame: kind/],
        ['an oversized frame', (agent) => agent.sendText(`"${'x'.repeat(FRAME_BYTES_MAX + 1)}"`), 1009, /^/],
        [
          'events before hello',
          (agent) => agent.send({ kind: 'events', epoch: 'e', events: [link(1)] }),
          1002,
          /^events: a hello is due$/,
        ],
      ]
      it.each(cases)('%s ends the session by name', async (_name, misbehave, code, reason) => {
        const agent = connect()
        await agent.next('challenge')
        misbehave(agent)
        expect(await agent.closed).toMatchObject({ code, reason: expect.stringMatching(reason) })
      })

      it('a version we do not speak is named', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const agent = connect()
        await expect(agent.hello(lb1, { protocolVersion: 2 })).rejects.toThrow('4003')
        expect((await agent.closed).reason).toBe('this centre speaks protocol 1, not 2')
      })

      it('events before the snapshot, a second hello, and a hole inside a batch end the session by name', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const hasty = connect()
        await hasty.hello(lb1)
        hasty.send({ kind: 'events', epoch: 'epoch-1', events: [link(1)] })
        expect(await hasty.closed).toEqual({ code: 1002, reason: 'events: a snapshot is due' })
        const holey = connect()
        await holey.open(lb1)
        holey.send({ kind: 'events', epoch: 'epoch-1', events: [link(1), link(3)] })
        expect(await holey.closed).toEqual({
          code: 1002,
          reason: 'events: seq 3 does not follow the one before it',
        })
        expect(await seqs()).toEqual([])
      })

      it('more frames than may come end the session with 1013', async () => {
        const lb1 = await enrolNode(database.db, 'berlin', 'lb1')
        const agent = connect()
        await agent.open(lb1)
        for (let i = 0; i < 900; i++)
          agent.send({ kind: 'heartbeat', sentWallMs: i, spoolBacklog: 0, routerAlive: true, clock: null })
        expect(await agent.closed).toEqual({ code: 1013, reason: 'more than 100 frames a second' })
      })
    })
  })
}
