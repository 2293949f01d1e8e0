/** What agents show and are given at the door of a real gateway, good and hostile. */
import { sign, verify } from 'node:crypto'
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { challengeText, type Hello } from '@aloft/shared/protocol/frames'
import {
  type Credential,
  candidateText,
  centreProofText,
  credentialText,
} from '@aloft/shared/protocol/identity'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import {
  enrolmentOf,
  newKey,
  newToken,
  SILENT,
  startTestGateway,
  TEST_CALLER,
  TestAgent,
  type TestGateway,
  type TestIdentity,
  testCentre,
} from '../gateway/test-agent.ts'
import { approveAgent } from './approve.ts'
import { WAY_BACK_MS } from './credential.ts'
import { enrol } from './enrol.ts'
import { getAgent } from './read.ts'
import { revokeAgent } from './revoke.ts'
import { rotateAgentKey } from './rotate-key.ts'

type Known = TestIdentity & { readonly publicKey: string; readonly credential: Credential | undefined }

let database: TestDatabase
let rig: TestGateway
let lb1: Known

let nodes = 0

beforeAll(async () => {
  database = await createTestDatabase()
  rig = await startTestGateway(database.db)
})
beforeEach(async () => {
  lb1 = await enrolAs()
})
afterAll(async () => {
  await rig.stop()
  await database.close()
})

const centreNonce = 'n'.repeat(32)

async function enrolAs(db = database.db): Promise<Known> {
  const node = `lb${++nodes}`
  const keys = newKey()
  const body = enrolmentOf(await newToken(db, { site: 'berlin' }), node, keys)
  const { agentId, credential } = await enrol(
    { db, centre: testCentre(db), nowMs: Date.now(), log: SILENT },
    body,
  )
  return { agentId, node, site: 'berlin', ...keys, credential }
}

async function open(identity: TestIdentity, facts: Partial<Hello> = {}) {
  const agent = new TestAgent(rig.url)
  const welcome = await agent.open(identity, { centreNonce, ...facts })
  return { agent, welcome }
}

async function knock(identity: TestIdentity, facts: Partial<Hello> = {}) {
  const agent = new TestAgent(rig.url)
  await agent.hello(identity, { centreNonce, ...facts }).catch(() => {})
  return agent.closed
}

/** As this centre signs it. */
async function signed(over: Partial<Credential>): Promise<Credential> {
  const keys = await testCentre(database.db).keys()
  const { signature: _, ...unsigned } = { ...(lb1.credential as Credential), ...over }
  return { ...unsigned, signature: keys.sign(credentialText(unsigned)) }
}

const order = () => ({
  caller: TEST_CALLER,
  reach: 'everywhere' as const,
  id: lb1.agentId,
  nowMs: Date.now(),
})
const agentNow = async () => (await getAgent(database.db, 'everywhere', lb1.agentId)).value
const unauthorised = (why: string) => ({
  code: CloseCode.unauthorised,
  reason: `the credential does not hold: ${why}`,
})

describe('the centre', () => {
  it('names its key at the enrolment, in its challenge, and proves it in its welcome', async () => {
    const agent = new TestAgent(rig.url)
    const { nonce, centre } = await agent.next('challenge')
    const text = challengeText(nonce, lb1.agentId)
    const signature = sign(null, Buffer.from(text), lb1.key).toString('base64')
    const who = { kind: 'hello', protocolVersion: 1, agentId: lb1.agentId, signature, centreNonce } as const
    const what = { node: 'lb1', software: 't', bootId: 'b', runId: 'r', epoch: 'e', wallMs: 0 }
    agent.send({ ...who, ...what, firstSeq: 1, lastSeq: 0 })
    const { proof = '', sessionId } = await agent.next('welcome')
    const key = { key: Buffer.from(centre?.key ?? '', 'base64'), format: 'der', type: 'spki' } as const
    const proven = centreProofText({ agentId: lb1.agentId, nonce, centreNonce, sessionId })
    expect(verify(null, Buffer.from(proven), key, Buffer.from(proof, 'base64'))).toBe(true)
    expect(centre?.key).toBe(lb1.credential?.issuer)
    expect((await testCentre(database.db).keys()).name).toEqual(centre)
  })
})

describe('an agent', () => {
  it('comes in with what its enrolment gave it, and is given nothing new', async () => {
    const { welcome } = await open(lb1, { credential: lb1.credential })
    expect(welcome).not.toHaveProperty('credential')
  })

  it('that enrolled before there were credentials comes in, and is given one', async () => {
    await database.sql`update agents set credential_serial = null, credential_expires_at_ms = null, key_since_ms = null where id = ${lb1.agentId}`
    const { welcome } = await open(lb1)
    expect(welcome.credential).toMatchObject({ agentId: lb1.agentId, publicKey: lb1.publicKey })
    const [row] = await database.sql`select credential_serial from agents where id = ${lb1.agentId}`
    expect(row).toEqual({ credential_serial: welcome.credential?.serial })
  })

  it('with software from before comes in as ever, and hears nothing it does not know', async () => {
    const agent = new TestAgent(rig.url)
    const welcome = await agent.open(lb1)
    expect(Object.keys(welcome).sort()).toEqual([
      'heartbeatMs',
      'kind',
      'resumeAfterSeq',
      'sessionId',
      'spreadMs',
    ])
  })

  it('is given the next one over the session', async () => {
    const { agent } = await open(lb1, { credential: lb1.credential })
    agent.send({ kind: 'renew', candidate: null })
    const { credential, candidate } = await agent.next('credential')
    expect(candidate).toBe(false)
    expect(credential.serial).not.toBe(lb1.credential?.serial)
    await open(lb1, { credential })
    expect((await agentNow()).credentialExpiresAt).toBe(new Date(credential.expiresMs).toISOString())
  })

  it('whose credential lapsed comes in by its key, and is given another', async () => {
    const credential = await signed({ issuedMs: 0, expiresMs: Date.now() - 1_000 })
    const { welcome } = await open(lb1, { credential })
    expect(welcome.credential?.expiresMs).toBeGreaterThan(Date.now())
  })

  it('whose credential lapsed too long ago waits until somebody approves it again', async () => {
    const lapsedMs = Date.now() - WAY_BACK_MS - 60_000
    await database.sql`update agents set credential_expires_at_ms = ${lapsedMs} where id = ${lb1.agentId}`
    const credential = await signed({ issuedMs: 0, expiresMs: lapsedMs })
    const day = new Date(lapsedMs).toISOString().slice(0, 10)
    const pending = {
      code: CloseCode.pending,
      reason: `its credential lapsed on ${day}: aloft agents approve ${lb1.agentId}`,
    }
    expect(await knock(lb1, { credential })).toEqual(pending)
    expect(await knock(lb1), 'nor without it').toEqual(pending)
    expect(await agentNow()).toMatchObject({ state: 'pending', reason: `its credential lapsed on ${day}` })
    await approveAgent(database.db, order())
    expect((await open(lb1, { credential })).welcome.credential).toBeDefined()
  })
})

describe('a hostile credential is refused at the door', () => {
  it('of another centre', async () => {
    const other = await createTestDatabase()
    const theirs = await enrolAs(other.db)
    await other.close()
    const credential = {
      ...(theirs.credential as Credential),
      agentId: lb1.agentId,
      publicKey: lb1.publicKey,
    }
    expect(await knock(lb1, { credential })).toEqual(unauthorised('it is of another centre'))
  })

  it('of another agent of this centre', async () => {
    const lb2 = await enrolAs()
    expect(await knock(lb1, { credential: lb2.credential })).toEqual(unauthorised('it is of another agent'))
    const swapped = { ...(lb2.credential as Credential), agentId: lb1.agentId }
    expect(await knock(lb1, { credential: swapped })).toEqual(unauthorised('its signature does not verify'))
  })

  it('without the key it is for', async () => {
    const thief = { ...lb1, key: newKey().key }
    expect(await knock(thief, { credential: lb1.credential })).toEqual({
      code: CloseCode.unauthorised,
      reason: 'the signature does not verify',
    })
  })

  it('with a word of nonsense, as a frame that is none', async () => {
    for (const serial of ['', 'a b', 'x'.repeat(201)]) {
      const credential = { ...(lb1.credential as Credential), serial }
      expect((await knock(lb1, { credential })).code).toBe(CloseCode.protocolError)
    }
  })

  it('and the agent is let in without it: its key proves itself', async () => {
    expect((await open(lb1)).welcome.credential).toMatchObject({ publicKey: lb1.publicKey })
  })
})

describe('a revoked agent', () => {
  it('is out at once on whatever replica it is, and stays out with all it has', async () => {
    const elsewhere = await startTestGateway(database.db)
    const agent = new TestAgent(elsewhere.url)
    await agent.open(lb1, { centreNonce, credential: lb1.credential })
    const { code } = await (async () => {
      const askedAtMs = performance.now()
      expect(await revokeAgent(database.db, { ...order(), reason: 'stolen' })).toMatchObject({
        value: { state: 'revoked', reason: 'stolen' },
      })
      const closed = await agent.closed
      expect(performance.now() - askedAtMs).toBeLessThan(5_000)
      expect(closed.reason).toBe('revoked: stolen')
      return closed
    })()
    expect(code).toBe(CloseCode.unauthorised)
    const out = { code: CloseCode.unauthorised, reason: 'revoked: stolen' }
    expect(await knock(lb1, { credential: lb1.credential })).toEqual(out)
    expect(await knock(lb1)).toEqual(out)
    await elsewhere.stop()
  })

  it('does not become alive again by what its session still says', async () => {
    const { agent } = await open(lb1)
    await revokeAgent(database.db, order())
    const beat = { kind: 'heartbeat', spoolBacklog: 0, routerAlive: true, clock: null } as const
    agent.send({ ...beat, sentWallMs: Date.now() })
    agent.send({ kind: 'renew', candidate: null })
    expect((await agent.closed).code).toBe(CloseCode.unauthorised)
    const [row] = await database.sql`select disconnected_at_ms is null as live from agent_sessions
      where agent_id = ${lb1.agentId}`
    expect(row).toEqual({ live: false })
  })
})

describe('a new key', () => {
  async function candidateOf(agent: TestAgent, sessionId: string, next = newKey()) {
    const text = candidateText(lb1.agentId, sessionId, next.publicKey)
    const signature = sign(null, Buffer.from(text), next.key).toString('base64')
    agent.send({ kind: 'renew', candidate: { publicKey: next.publicKey, signature } })
    return next
  }

  it('is tried on a second connection, and then the old one is nobody’s; the session goes on', async () => {
    await rotateAgentKey(database.db, order())
    const { agent, welcome } = await open(lb1, { credential: lb1.credential })
    expect(welcome.rotateKey).toBe(true)
    const next = await candidateOf(agent, welcome.sessionId)
    const { credential, candidate } = await agent.next('credential')
    expect([candidate, credential.publicKey]).toEqual([true, next.publicKey])
    const renewed = { ...lb1, key: next.key }
    const trial = new TestAgent(rig.url)
    await trial.hello(renewed, { centreNonce, credential, trial: true })
    expect(await trial.closed).toEqual({ code: CloseCode.normal, reason: 'the key holds' })
    agent.send({ kind: 'heartbeat', sentWallMs: 1, spoolBacklog: 0, routerAlive: true, clock: null })
    expect((await agent.next('pong')).agentSentWallMs).toBe(1)
    expect(await knock(lb1, { credential: lb1.credential })).toMatchObject({ code: CloseCode.unauthorised })
    expect((await open(renewed, { credential })).welcome).not.toHaveProperty('rotateKey')
    expect(await agentNow()).toMatchObject({ keyRotationAsked: false })
  })

  it('that was tried in vain changes nothing', async () => {
    const { agent, welcome } = await open(lb1)
    await candidateOf(agent, welcome.sessionId)
    const { credential } = await agent.next('credential')
    const liar = { ...lb1, key: newKey().key }
    expect(await knock(liar, { credential, trial: true })).toMatchObject({ code: CloseCode.unauthorised })
    await open(lb1, { credential: lb1.credential })
  })

  it('is the agent’s also when the trial’s answer was lost: the next hello by it is no trial', async () => {
    const { agent, welcome } = await open(lb1)
    const next = await candidateOf(agent, welcome.sessionId)
    await agent.next('credential')
    await open({ ...lb1, key: next.key })
    expect(await knock(lb1)).toMatchObject({ code: CloseCode.unauthorised })
  })

  it('must prove itself, for this session, and be nobody else’s', async () => {
    const lb2 = await enrolAs()
    const { agent, welcome } = await open(lb1)
    await candidateOf(agent, 'another session')
    expect(await agent.closed).toMatchObject({ code: CloseCode.protocolError })
    const { agent: again } = await open(lb1)
    await candidateOf(again, welcome.sessionId, lb2)
    expect(await again.closed).toMatchObject({ code: CloseCode.protocolError })
    const third = await open(lb1)
    await candidateOf(third.agent, third.welcome.sessionId, lb2)
    expect(await third.agent.closed).toMatchObject({ reason: 'renew: that key is in use already' })
  })

  it('is asked for when the old one is ninety days old', async () => {
    await database.sql`update agents set key_since_ms = ${Date.now() - 90 * 86_400_000 - 1} where id = ${lb1.agentId}`
    expect((await open(lb1)).welcome.rotateKey).toBe(true)
    await database.sql`update agents set key_since_ms = ${Date.now() - 89 * 86_400_000} where id = ${lb1.agentId}`
    expect((await open(lb1)).welcome).not.toHaveProperty('rotateKey')
  })
})
