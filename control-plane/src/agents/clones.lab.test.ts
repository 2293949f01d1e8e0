/** Two hosts with one identity are found out; one host that comes back in any way is not taken for two. */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { Hello } from '@aloft/shared/protocol/frames'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { SESSION_LIMITS } from '../gateway/machine.ts'
import {
  enrolNode,
  link,
  startTestGateway,
  TEST_CALLER,
  TestAgent,
  type TestGateway,
  type TestIdentity,
  until,
} from '../gateway/test-agent.ts'
import { getAgent } from './read.ts'
import { releaseAgent } from './release.ts'

let database: TestDatabase
let rigs: readonly [TestGateway, TestGateway]
let lb1: TestIdentity

let nodes = 0

beforeAll(async () => {
  database = await createTestDatabase()
  const limits = { ...SESSION_LIMITS, drainMs: 50, probeMs: 500 }
  rigs = [await startTestGateway(database.db, { limits }), await startTestGateway(database.db, { limits })]
})
beforeEach(async () => {
  lb1 = await enrolNode(database.db, 'berlin', `lb${++nodes}`)
})
afterAll(async () => {
  for (const rig of rigs) await rig.stop()
  await database.close()
})

const centreNonce = 'n'.repeat(32)
const HOST_A = { bootId: 'boot-a', machineId: 'machine-a', runId: 'run-a', centreNonce }
const HOST_B = { bootId: 'boot-b', machineId: 'machine-b', runId: 'run-b', centreNonce }

async function open(facts: Partial<Hello>, at = rigs[0]): Promise<TestAgent> {
  const agent = new TestAgent(at.url)
  await agent.open(lb1, facts)
  return agent
}

async function knock(facts: Partial<Hello>): Promise<{ readonly code: number; readonly reason: string }> {
  const agent = new TestAgent(rigs[0].url)
  await agent.hello(lb1, facts).catch(() => {})
  return agent.closed
}

/** What a superseded session says of itself in its next heartbeat: its replica then learns of the newer one. */
function beat(agent: TestAgent): void {
  const sentWallMs = Date.now()
  agent.send({ kind: 'heartbeat', sentWallMs, spoolBacklog: 0, routerAlive: true, clock: null })
}

async function answer(agent: TestAgent): Promise<void> {
  const { nonce } = await agent.next('probe')
  agent.send({ kind: 'alive', nonce })
}

const agentNow = async () => (await getAgent(database.db, 'everywhere', lb1.agentId)).value
const quarantined = { code: CloseCode.quarantined, reason: expect.stringContaining('cloned: ') }

describe('one identity on two hosts', () => {
  it('quarantines both, and says so to people, in the feed and on the record', async () => {
    const older = await open(HOST_A)
    const newer = await open(HOST_B)
    await answer(older)
    expect(await older.closed).toEqual(quarantined)
    expect(await newer.closed).toEqual(quarantined)
    expect(await knock(HOST_A)).toEqual(quarantined)
    expect(await knock(HOST_B)).toEqual(quarantined)
    expect(await agentNow()).toMatchObject({
      state: 'quarantined',
      reason:
        'cloned: one identity on two hosts (boot boot-a of machine machine- and boot boot-b of machine machine-)',
    })
    const audit = await database.sql`select actor, action, after from audit
      where action = 'agent.quarantine' and target_id = ${lb1.agentId}`
    expect(audit).toEqual([
      {
        actor: 'system:gateway',
        action: 'agent.quarantine',
        after: { quarantinedReason: expect.stringContaining('cloned') },
      },
    ])
    const [last] = await database.sql`select kind, ref from feed order by id desc limit 1`
    expect(last).toEqual({ kind: 'agent', ref: lb1.agentId })
    expect(rigs[0].warnings.map(([message]) => message)).toContain('an agent was quarantined')
  })

  it('is found out across replicas too', async () => {
    const older = await open(HOST_A, rigs[0])
    const newer = await open(HOST_B, rigs[1])
    beat(older)
    await answer(older)
    expect(await older.closed).toEqual(quarantined)
    expect(await newer.closed).toEqual(quarantined)
  })

  it('is found out on one host with two machines, which have one boot id', async () => {
    const older = await open(HOST_A)
    const newer = await open({ ...HOST_B, bootId: HOST_A.bootId })
    await answer(older)
    expect(await older.closed).toEqual(quarantined)
    expect(await newer.closed).toEqual(quarantined)
  })

  it('comes in again when it was released, and is found out again when the copy lives on', async () => {
    const older = await open(HOST_A)
    await open(HOST_B)
    await answer(older)
    await older.closed
    const nowMs = Date.now()
    await releaseAgent(database.db, { caller: TEST_CALLER, reach: 'everywhere', id: lb1.agentId, nowMs })
    const again = await open(HOST_A)
    expect((await agentNow()).state).toBe('connected')
    await open(HOST_B)
    await answer(again)
    expect(await again.closed).toEqual(quarantined)
  })
})

describe('one host is not taken for two', () => {
  const stays = async (newer: TestAgent) => {
    beat(newer)
    await newer.next('pong')
    expect(await agentNow()).toMatchObject({ state: 'connected', reason: null })
  }
  const superseded = { code: CloseCode.superseded, reason: 'a newer session of this agent took over' }

  it('when it reboots and its old session looks alive: nobody answers there', async () => {
    const older = await open(HOST_A)
    const newer = await open({ ...HOST_A, bootId: 'boot-after', runId: 'run-after' })
    await older.next('probe')
    expect(await older.closed).toEqual(superseded)
    await stays(newer)
  })

  it('when it rebooted, and frames it sent before only arrive now', async () => {
    const older = await open(HOST_A)
    const newer = await open({ ...HOST_A, bootId: 'boot-after', runId: 'run-after' })
    await older.next('probe')
    beat(older)
    older.send({ kind: 'events', epoch: 'epoch-1', events: [link(1)] })
    older.send({ kind: 'alive', nonce: 'a guess' })
    expect(await older.closed).toEqual(superseded)
    await stays(newer)
    expect(
      await database.sql`select 1 from events where agent_id = ${lb1.agentId}`,
      'what a superseded session says is not taken',
    ).toEqual([])
  })

  it('when its steward restarts, however long the one before lives beside it: it is not even asked', async () => {
    const older = await open(HOST_A)
    answer(older).catch(() => {})
    const newer = await open({ ...HOST_A, runId: 'run-after' })
    expect(await older.closed).toEqual(superseded)
    await stays(newer)
  })

  it('when its network changed and the old session is half open', async () => {
    const older = await open(HOST_A)
    older.socket.pause()
    const newer = await open(HOST_A)
    await stays(newer)
    older.socket.resume()
    expect(await older.closed).toEqual(superseded)
  })

  it('when it comes back through another replica', async () => {
    const older = await open(HOST_A, rigs[0])
    const newer = await open(HOST_A, rigs[1])
    beat(older)
    expect(await older.closed).toEqual(superseded)
    await stays(newer)
  })

  it('when it rebooted and comes back through another replica', async () => {
    const older = await open(HOST_A, rigs[0])
    const newer = await open({ ...HOST_A, bootId: 'boot-after' }, rigs[1])
    beat(older)
    await older.next('probe')
    expect(await older.closed).toEqual(superseded)
    await stays(newer)
  })

  it('when it is restored from a snapshot of before anything happened', async () => {
    const first = await open(HOST_A)
    await first.close()
    const second = await open({ ...HOST_A, bootId: 'boot-after' })
    const third = await open(HOST_A)
    await second.next('probe')
    expect(await second.closed).toEqual(superseded)
    await stays(third)
  })

  it('when it is restored from a snapshot after things happened: that is a rewound spool, and said to be', async () => {
    const first = await open(HOST_A)
    await first.close()
    const second = await open({ ...HOST_A, bootId: 'boot-after' })
    second.send({ kind: 'events', epoch: 'epoch-1', events: [link(1), link(2)] })
    await second.acked(2)
    expect(await knock({ ...HOST_A, lastSeq: 1 })).toEqual({
      code: CloseCode.quarantined,
      reason: expect.stringContaining('spool rewound: 2 events held, the agent has 1'),
    })
  })

  it('when its software knows no probes', async () => {
    const { centreNonce: _, ...old } = HOST_A
    const older = await open(old)
    const newer = await open({ ...HOST_B, centreNonce })
    expect(await older.closed).toEqual(superseded)
    await stays(newer)
  })
})

it('an older session that answers after the newer one ended accuses nobody twice', async () => {
  const older = await open(HOST_A)
  const newer = await open(HOST_B)
  const { nonce } = await older.next('probe')
  await newer.close()
  older.send({ kind: 'alive', nonce })
  expect(await older.closed).toEqual(quarantined)
  older.send({ kind: 'alive', nonce })
  await until('it is on record once', async () => {
    const rows = await database.sql`select 1 from audit
      where action = 'agent.quarantine' and target_id = ${lb1.agentId}`
    return rows.length === 1
  })
})
