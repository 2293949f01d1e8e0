import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createBus } from '../bus/bus.ts'
import { notifyCarrier } from '../bus/store-notify.ts'
import { ringAfterCommit } from '../database/after-commit.ts'
import { type OpenDatabase, openDatabase } from '../database/client.ts'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { transact } from '../database/transact.ts'
import {
  enrolNode,
  SILENT,
  startTestGateway,
  TestAgent,
  type TestGateway,
  type TestIdentity,
  until,
} from '../gateway/test-agent.ts'
import { finishCommand } from './deliver.ts'
import { getCommand, listCommands } from './read.ts'
import { deleteOlderThan, insertCommand, selectDue, setSent } from './store.ts'

let database: TestDatabase
let lb1: TestIdentity
const undo: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  database = await createTestDatabase()
  lb1 = await enrolNode(database.db, 'berlin', 'lb1')
})
afterEach(async () => {
  for (const end of undo.splice(0).reverse()) await end()
  await database.close()
})

/** A replica as a process of its own has it: its own pool, its own bus. */
async function startReplica(lookEveryMs = 60_000): Promise<TestGateway & { readonly opened: OpenDatabase }> {
  const opened = openDatabase(database.address, 4)
  const bus = createBus({ carrier: notifyCarrier(opened), log: SILENT, lookEveryMs })
  const rig = await startTestGateway(opened.db, { bus })
  await until('its bus is heard', async () => bus.figures().heard)
  undo.push(async () => {
    await rig.stop()
    await bus.stop()
    await opened.close()
  })
  ringAfterCommit(opened.db, bus.publish)
  return { ...rig, opened }
}

async function connect(replica: TestGateway, identity = lb1, obeys: string[] | undefined = ['report']) {
  const agent = new TestAgent(replica.url)
  undo.push(() => agent.close())
  await agent.open(identity, obeys === undefined ? {} : { obeys })
  await until('its session stands', async () => {
    const rows =
      await database.sql`select 1 from agent_sessions where agent_id = ${identity.agentId} and synced`
    return rows.length === 1
  })
  return agent
}

const give = (kind = 'report', ttlMs = 60_000, { db }: Pick<OpenDatabase, 'db'> = database) =>
  transact(db, (tx) =>
    insertCommand(tx, {
      agentId: lb1.agentId,
      kind,
      createdBy: 'test',
      createdAtMs: Date.now(),
      expiresAtMs: Date.now() + ttlMs,
    }),
  )
const stateOf = async (id: string, nowMs = Date.now()) =>
  (await getCommand(database.db, { reach: 'everywhere', agentId: lb1.agentId, id, nowMs })).state
const answer = (id: string) => ({ kind: 'command-result', id, outcome: 'done', detail: 'fine' }) as const

describe('a command', () => {
  it('reaches the agent whichever replica holds its session, and its result is stored', async () => {
    const [here, there] = [await startReplica(), await startReplica()]
    const agent = await connect(there)
    const { id, expiresAtMs } = await give('report', 60_000, here.opened)
    expect(await agent.next('command')).toEqual({
      kind: 'command',
      id,
      command: 'report',
      expiresAtWallMs: expiresAtMs,
    })
    await until('it is on record as sent', async () => (await stateOf(id)) === 'sent')
    agent.send(answer(id))
    await until('the result is in', async () => (await stateOf(id)) === 'done')
    const command = await getCommand(database.db, {
      reach: 'everywhere',
      agentId: lb1.agentId,
      id,
      nowMs: Date.now(),
    })
    expect(command).toMatchObject({ kind: 'report', detail: 'fine', createdBy: 'test' })
    expect(command.finishedAt).not.toBeNull()
  })

  it('reaches it within a second and a little without any bus', async () => {
    const replica = await startReplica(200)
    const agent = await connect(replica)
    // Inserted by somebody whose commit rings nowhere.
    const { id } = await give()
    expect(await agent.next('command')).toMatchObject({ id })
  })

  it('waits for an agent that is offline, and is sent when its session stands', async () => {
    const replica = await startReplica()
    const { id } = await give()
    expect(await stateOf(id)).toBe('waiting')
    const agent = await connect(replica)
    expect(await agent.next('command')).toMatchObject({ id })
  })

  it('is sent once in a session, and again in the next while there is no result', async () => {
    const replica = await startReplica(50)
    const first = await connect(replica)
    const { id } = await give()
    await first.next('command')
    const marker = await give()
    expect(await first.next('command')).toMatchObject({ id: marker.id })
    await first.close()
    const second = await connect(replica)
    expect(await second.next('command')).toMatchObject({ id })
    expect(await second.next('command')).toMatchObject({ id: marker.id })
    second.send(answer(id))
    second.send(answer(marker.id))
    await until('both are done', async () => (await stateOf(marker.id)) === 'done')
    const third = await connect(replica)
    const last = await give()
    expect(await third.next('command')).toMatchObject({ id: last.id })
  })

  it('is never sent after its deadline', async () => {
    const replica = await startReplica(50)
    const late = await give('report', 1)
    await until('it is over', async () => (await stateOf(late.id)) === 'expired')
    const agent = await connect(replica)
    const next = await give()
    expect(await agent.next('command')).toMatchObject({ id: next.id })
    expect(await stateOf(late.id)).toBe('expired')
  })

  it('that was sent and not answered is not called expired: whether it was done is not known', async () => {
    const replica = await startReplica()
    const agent = await connect(replica)
    const { id, expiresAtMs } = await give('report', 60_000, replica.opened)
    await agent.next('command')
    await until('it is on record as sent', async () => (await stateOf(id)) === 'sent')
    expect(await stateOf(id, expiresAtMs)).toBe('no-answer')
    agent.send(answer(id))
    await until('a late result counts', async () => (await stateOf(id, expiresAtMs)) === 'done')
  })

  it.each([[undefined], [['report']]])(
    'is not sent to an agent that knows only %j, and says so',
    async (obeys) => {
      const replica = await startReplica(50)
      const agent = await connect(replica, lb1, obeys)
      const { id } = await give('rotate-key')
      await until('it is refused', async () => (await stateOf(id)) === 'unsupported')
      await agent.close()
    },
  )

  it('has one result: what comes later, or from an old session, or of another agent changes nothing', async () => {
    const replica = await startReplica()
    const lb2 = await enrolNode(database.db, 'berlin', 'lb2')
    await connect(replica)
    await connect(replica)
    const { id } = await give()
    const say = (agentId: string, generation: number, outcome: 'done' | 'failed') =>
      finishCommand(
        database.db,
        { kind: 'command-result', id, outcome, detail: '' },
        {
          session: { agentId, generation },
          nowMs: Date.now(),
        },
      )
    await say(lb1.agentId, 1, 'failed')
    await say(lb2.agentId, 2, 'failed')
    await say(lb1.agentId, 3, 'failed')
    expect(['waiting', 'sent']).toContain(await stateOf(id))
    await say(lb1.agentId, 2, 'done')
    await say(lb1.agentId, 2, 'failed')
    expect(await stateOf(id)).toBe('done')
  })

  it('with a result of nonsense harms nobody', async () => {
    const replica = await startReplica()
    const agent = await connect(replica)
    agent.send(answer('no uuid'))
    agent.send(answer(randomUUID()))
    const { id } = await give('report', 60_000, replica.opened)
    expect(await agent.next('command')).toMatchObject({ id })
    agent.send({ ...answer(id), detail: 'a\0b' })
    await until('it is done', async () => (await stateOf(id)) === 'done')
  })
})

it('lists newest first, page by page, and forgets what is long over', async () => {
  const ids = []
  for (let i = 0; i < 3; i++) {
    ids.unshift((await give()).id)
    const givenMs = Date.now()
    await until('the next one is newer', async () => Date.now() > givenMs)
  }
  const input = { reach: 'everywhere', agentId: lb1.agentId, nowMs: Date.now() } as const
  const first = await listCommands(database.db, { ...input, limit: 2 })
  const rest = await listCommands(database.db, { ...input, limit: 2, cursor: first.nextCursor ?? '' })
  expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(ids)
  expect(rest.nextCursor).toBeNull()
  expect(await deleteOlderThan(database.db, Date.now())).toBe(0)
  expect(await deleteOlderThan(database.db, Date.now() + 61_000)).toBe(3)
})

it('is due in a session that is open, and what was sent in a newer one is not sent before', async () => {
  const replica = await startReplica()
  const agent = await connect(replica)
  const { id } = await give('unheard-of')
  const of = { agentId: lb1.agentId, generation: 1 }
  const due = async (generation = 1) =>
    (await selectDue(database.db, { of: { ...of, generation }, nowMs: Date.now(), limit: 9, again: true }))
      .length
  await database.sql`update commands set outcome = null, sent_generation = null`
  expect(await due()).toBe(1)
  const sentIn = async () =>
    Number(
      (await database.sql`select sent_generation from commands where id = ${id}`)[0]?.['sent_generation'],
    )
  for (const [generation, expected] of [
    [2, 2],
    [1, 2],
    [3, 3],
  ] as const) {
    await setSent(database.db, { id, generation, nowMs: Date.now() })
    expect(await sentIn()).toBe(expected)
  }
  await agent.close()
  await until('its session is over', async () => {
    const rows = await database.sql`select 1 from agent_sessions where disconnected_at_ms is not null`
    return rows.length === 1
  })
  expect(await due()).toBe(0)
})
