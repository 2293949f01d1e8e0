import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Centre } from '../centre-keys/centre.ts'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { revokeEnrolmentToken } from '../enrolment-tokens/manage.ts'
import {
  enrolmentOf,
  newKey,
  newToken,
  startTestGateway,
  TEST_CALLER,
  TestAgent,
  testCentre,
} from '../gateway/test-agent.ts'
import { Conflict, Forbidden, Invalid, Unauthenticated } from '../problems.ts'
import { enrol } from './enrol.ts'

let database: TestDatabase
let centre: Centre
const logged: string[] = []
const log = { info: () => {}, warn: (_facts: object, message: string) => void logged.push(message) }

beforeAll(async () => {
  database = await createTestDatabase()
  centre = testCentre(database.db)
})
afterAll(() => database.close())

const post = (body: unknown, nowMs = Date.now()) => enrol({ db: database.db, centre, nowMs, log }, body)
const refusal = async (body: unknown, nowMs?: number) => {
  const error: unknown = await post(body, nowMs).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof Error)) throw new Error('it was not refused')
  return error
}

describe('a node enrols', () => {
  it('at the site of its token, and again with the same key when the answer was lost', async () => {
    const token = await newToken(database.db, { site: 'berlin' })
    const body = enrolmentOf(token, 'lb1', newKey())
    const first = await post(body)
    expect(first).toMatchObject({ site: 'berlin', node: 'lb1' })
    expect(await post(body)).toMatchObject({ agentId: first.agentId, site: 'berlin', node: 'lb1' })
    const later = await post(body, Date.now() + 7_200_000)
    expect(later.agentId, 'although the token has expired since').toBe(first.agentId)
    const [row] = await database.sql`select uses from enrolment_tokens where id =
      (select token_id from enrolment_token_uses where agent_id = ${first.agentId})`
    expect(row).toEqual({ uses: 1 })
  })

  it('at the same moment as it enrols again, and gets one identity', async () => {
    const body = enrolmentOf(await newToken(database.db, { site: 'berlin' }), 'lb-twice', newKey())
    const [one, two] = await Promise.all([post(body), post(body)])
    expect(one.agentId).toEqual(two.agentId)
  })

  it('as many nodes as its token has uses', async () => {
    const token = await newToken(database.db, { site: 'berlin', maxUses: 2 })
    await post(enrolmentOf(token, 'many1', newKey()))
    await post(enrolmentOf(token, 'many2', newKey()))
    const error = await refusal(enrolmentOf(token, 'many3', newKey()))
    expect(error).toBeInstanceOf(Conflict)
    expect(error.message).toContain('already used 2 times')
  })

  it('with a new key when it was reinstalled, unless a node of that name is connected', async () => {
    const keys = newKey()
    const { agentId } = await post(enrolmentOf(await newToken(database.db, { site: 'bonn' }), 'lb1', keys))
    const rig = await startTestGateway(database.db)
    const agent = new TestAgent(rig.url)
    await agent.open({ agentId, node: 'lb1', site: 'bonn', key: keys.key })
    const reinstalled = enrolmentOf(await newToken(database.db, { site: 'bonn' }), 'lb1', newKey())
    const error = await refusal(reinstalled)
    expect(error).toBeInstanceOf(Conflict)
    expect(error.message).toBe(
      'node lb1 of site bonn is connected with another key; give this node another name, or stop that agent first',
    )
    await rig.stop()
    expect(await post(reinstalled)).toMatchObject({ agentId, site: 'bonn', node: 'lb1' })
    expect(logged).toEqual(['a node that was enrolled took a new key'])
  })

  it('not under a second name with the same key', async () => {
    const keys = newKey()
    await post(enrolmentOf(await newToken(database.db, { site: 'ulm' }), 'lb1', keys))
    const error = await refusal(enrolmentOf(await newToken(database.db, { site: 'ulm' }), 'lb2', keys))
    expect(error).toBeInstanceOf(Conflict)
    expect(error.message).toContain('this key is enrolled as node lb1 of site ulm')
  })
})

describe('a token is refused', () => {
  it('that nobody made', async () => {
    const error = await refusal(enrolmentOf('aloft_enrol_wrong', 'lb1', newKey()))
    expect(error).toBeInstanceOf(Unauthenticated)
    expect(error.message).toContain('no such enrolment token')
  })

  it('that another centre made', async () => {
    const other = await createTestDatabase()
    const token = await newToken(other.db, { site: 'kiel' })
    await other.close()
    const error = await refusal(enrolmentOf(token, 'lb1', newKey()))
    expect(error).toBeInstanceOf(Unauthenticated)
    expect(error.message).toContain('from this centre')
  })

  it('that has expired, with the way to another', async () => {
    const token = await newToken(database.db, { site: 'kiel', ttlMs: 1_000 })
    const error = await refusal(enrolmentOf(token, 'lb1', newKey()), Date.now() + 1_001)
    expect(error).toBeInstanceOf(Forbidden)
    expect(error.message).toMatch(
      /^this enrolment token expired at 20.*Z; make a new one: aloft token create --site kiel$/,
    )
  })

  it('that another node has used', async () => {
    const token = await newToken(database.db, { site: 'kiel' })
    await post(enrolmentOf(token, 'lb1', newKey()))
    const error = await refusal(enrolmentOf(token, 'lb2', newKey()))
    expect(error).toBeInstanceOf(Conflict)
    expect(error.message).toContain('already used once')
  })

  it('that was revoked', async () => {
    const token = await newToken(database.db, { site: 'jena' })
    const [row] = await database.sql`select t.id from enrolment_tokens t join sites s on s.id = t.site_id
      where s.name = 'jena'`
    const named = { id: row?.['id'], reach: 'everywhere', nowMs: Date.now() } as const
    await revokeEnrolmentToken(database.db, TEST_CALLER, named)
    const error = await refusal(enrolmentOf(token, 'lb1', newKey()))
    expect(error).toBeInstanceOf(Forbidden)
    expect(error.message).toContain('was revoked')
  })
})

describe('a request is refused', () => {
  it('whose key did not sign it, or signed another name', async () => {
    const token = await newToken(database.db, { site: 'trier' })
    const error = await refusal({ ...enrolmentOf(token, 'lb1', newKey()), node: 'lb2' })
    expect(error).toBeInstanceOf(Invalid)
    expect(error).toMatchObject({ faults: [{ pointer: '/signature' }] })
  })

  it('whose key is no Ed25519 key', async () => {
    const body = { ...enrolmentOf('t', 'lb1', newKey()), publicKey: 'AAAA' }
    expect(await refusal(body)).toMatchObject({ name: 'Invalid', faults: [{ pointer: '/publicKey' }] })
  })

  it('that lacks something, naming it', async () => {
    expect(await refusal({ token: 't' })).toMatchObject({
      name: 'Invalid',
      faults: expect.arrayContaining([expect.objectContaining({ pointer: '/node' })]),
    })
    expect(await refusal(null)).toMatchObject({ name: 'Invalid' })
  })
})
