/** Who is let in, and who says so: over the API, as seen by people, and at the door, as seen by agents. */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  enrolmentOf,
  newKey,
  SILENT,
  startTestGateway,
  TestAgent,
  type TestGateway,
  type TestIdentity,
  testCentre,
} from '../gateway/test-agent.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'
import { enrol } from './enrol.ts'

let app: TestApplication
let rig: TestGateway
let nodes = 0

beforeAll(async () => {
  app = await startTestApplication()
  rig = await startTestGateway(app.database.db)
})
afterAll(async () => {
  await rig.stop()
  await app.close()
})

const centreNonce = 'n'.repeat(32)

async function tokenOf(request: object): Promise<string> {
  const answer = await app.fetch('/api/v1/enrolment-tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ site: 'berlin', ...request }),
  })
  expect(answer.status).toBe(201)
  return (await answer.json()).token
}

async function post(token: string, keys = newKey(), node = `lb${++nodes}`) {
  const centre = testCentre(app.database.db)
  const context = { db: app.database.db, centre, nowMs: app.clock.nowMs, log: SILENT }
  const answer = await enrol(context, enrolmentOf(token, node, keys))
  return { answer, identity: { agentId: answer.agentId, node, site: answer.site, key: keys.key } }
}

const enrolled = async (request: object = {}) => post(await tokenOf(request))

async function knock(identity: TestIdentity) {
  const agent = new TestAgent(rig.url)
  const welcome = await agent.open(identity, { centreNonce }).catch(() => null)
  return welcome === null ? { ...(await agent.closed), welcome } : { agent, welcome }
}

async function verb(name: string, id: string, body?: object, as?: string) {
  const init = body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}
  const answer = await app.fetch(`/api/v1/agents/${id}/${name}`, {
    method: 'POST',
    ...init,
    ...(as && { as }),
  })
  return { status: answer.status, body: await answer.json() }
}

/** What whoever follows the stream was told to read again since then. */
async function toldSince(feedId: number): Promise<readonly string[]> {
  const rows = await app.database
    .sql`select ref from feed where id > ${feedId} and kind = 'agent' order by id`
  return rows.map((row) => row['ref'])
}
const lastTold = async () =>
  Number((await app.database.sql`select coalesce(max(id), 0) as id from feed`)[0]?.['id'])

const audited = async (id: string) =>
  (await app.database.sql`select action from audit where target_id = ${id} order by id`).map(
    (row) => row['action'],
  )

describe('an agent whose token asks for approval', () => {
  it('is told to wait, and how it ends; approved, it is let in and given its credential', async () => {
    const { answer, identity } = await enrolled({ needsApproval: true })
    expect(answer).toMatchObject({ pending: true, centre: { endorsements: [] } })
    expect(answer).not.toHaveProperty('credential')
    const { agentId } = identity
    expect(await knock(identity)).toMatchObject({
      code: CloseCode.pending,
      reason: `waits for approval: aloft agents approve ${agentId}`,
    })
    expect((await (await app.fetch(`/api/v1/agents/${agentId}`)).json()).state).toBe('pending')
    const before = await lastTold()
    expect(await verb('approve', agentId)).toMatchObject({
      status: 200,
      body: { state: 'enrolled', reason: null },
    })
    expect(await toldSince(before)).toEqual([agentId])
    expect((await knock(identity)).welcome).toMatchObject({ credential: { agentId } })
    expect(await verb('approve', agentId), 'asked again, nothing happens again').toMatchObject({
      status: 200,
    })
    expect(await audited(agentId)).toEqual(['agent.enrol', 'agent.approve'])
  })

  it('is shut out for good when it is rejected', async () => {
    const { identity } = await enrolled({ needsApproval: true })
    const { agentId } = identity
    const rejected = { state: 'revoked', reason: 'not one of ours' }
    expect(await verb('reject', agentId, { reason: 'not one of ours' })).toMatchObject({ body: rejected })
    expect(await knock(identity)).toMatchObject({
      code: CloseCode.unauthorised,
      reason: 'revoked: not one of ours',
    })
    expect((await verb('approve', agentId)).status).toBe(409)
  })

  it('still waits when its answer was lost and it asks again', async () => {
    const token = await tokenOf({ needsApproval: true })
    const keys = newKey()
    const first = await post(token, keys, 'again')
    expect((await post(token, keys, 'again')).answer).toEqual(first.answer)
  })
})

describe('an agent', () => {
  it('has the labels of its token, and is found by them', async () => {
    const { identity } = await enrolled({ site: 'ulm', labels: { rack: '7', role: 'edge' } })
    await enrolled({ site: 'ulm', labels: { rack: '8', role: 'edge' } })
    const found = async (query: string) => {
      const answer = await app.fetch(`/api/v1/agents?site=ulm&${query}`)
      return answer.status === 200
        ? (await answer.json()).items.map((agent: { labels: object }) => agent.labels)
        : answer.status
    }
    expect(await found('label=rack%3D7')).toEqual([{ rack: '7', role: 'edge' }])
    expect(await found('label=role%3Dedge')).toHaveLength(2)
    expect(await found('label=role%3Dedge&label=rack%3D8')).toEqual([{ rack: '8', role: 'edge' }])
    expect(await found('label=rack%3D9')).toEqual([])
    expect(await found('label=rack')).toBe(400)
    expect(await audited(identity.agentId)).toEqual(['agent.enrol'])
  })

  it.each([{ Rack: '7' }, { rack: '' }, { rack: 'a b' }, { 'a=b': 'c' }])(
    'cannot be labelled %j',
    async (labels) => {
      const body = JSON.stringify({ site: 'ulm', labels })
      const headers = { 'content-type': 'application/json' }
      expect((await app.fetch('/api/v1/enrolment-tokens', { method: 'POST', headers, body })).status).toBe(
        400,
      )
    },
  )

  it('that was revoked cannot enrol again with its key, and can with a new one and a new token', async () => {
    const keys = newKey()
    const { identity } = await post(await tokenOf({}), keys, 'stolen')
    await verb('revoke', identity.agentId, { reason: 'stolen' })
    await expect(post(await tokenOf({}), keys, 'stolen')).rejects.toThrow('this key was revoked')
    const again = await post(await tokenOf({}), newKey(), 'stolen')
    expect(again.identity.agentId).toBe(identity.agentId)
    expect((await knock(again.identity)).welcome).not.toBeNull()
  })

  it('that enrols anew with another key leaves behind all that was of the old one', async () => {
    const { identity } = await enrolled()
    const { agentId, node } = identity
    const candidate = newKey()
    await app.database
      .sql`update agents set quarantined_reason = 'cloned', candidate_key = ${candidate.publicKey},
      rotate_requested_at_ms = 1 where id = ${agentId}`
    await post(await tokenOf({ needsApproval: true }), newKey(), node)
    const shown = await (await app.fetch(`/api/v1/agents/${agentId}`)).json()
    expect(shown).toMatchObject({ state: 'pending', reason: null, keyRotationAsked: false })
    expect(shown.credentialExpiresAt).toBeNull()
    await verb('approve', agentId)
    for (const { key } of [identity, candidate])
      expect(await knock({ ...identity, key })).toMatchObject({
        code: CloseCode.unauthorised,
        reason: 'the signature does not verify',
      })
  })

  it('is released from quarantine; when nothing holds it, nothing happens', async () => {
    const { identity } = await enrolled()
    const { agentId } = identity
    await app.database.sql`update agents set quarantined_reason = 'cloned' where id = ${agentId}`
    expect(await knock(identity)).toMatchObject({ code: CloseCode.quarantined, reason: 'cloned' })
    expect(await verb('release', agentId)).toMatchObject({
      status: 200,
      body: { state: 'enrolled', reason: null },
    })
    expect((await verb('release', agentId)).status).toBe(200)
    expect((await knock(identity)).welcome).not.toBeNull()
    expect(await audited(agentId)).toEqual(['agent.enrol', 'agent.release'])
  })

  it('is asked for a new key with its next welcome, until it has one', async () => {
    const { identity } = await enrolled()
    expect(await verb('rotate-key', identity.agentId)).toMatchObject({ body: { keyRotationAsked: true } })
    expect((await knock(identity)).welcome).toMatchObject({ rotateKey: true })
    expect((await knock(identity)).welcome).toMatchObject({ rotateKey: true })
    await verb('revoke', identity.agentId)
    expect((await verb('rotate-key', identity.agentId)).status).toBe(409)
  })

  it('can be rejected only while it waits', async () => {
    const { identity } = await enrolled()
    expect((await verb('reject', identity.agentId)).status).toBe(409)
  })
})

describe('a verb about an agent', () => {
  it.each(['approve', 'reject', 'revoke', 'release', 'rotate-key'])(
    '%s finds it within reach only, and needs the right to',
    async (name) => {
      const { identity } = await enrolled()
      await enrolled({ site: 'jena' })
      const nobody = { status: 404 }
      expect(await verb(name, 'no-id')).toMatchObject(nobody)
      expect(await verb(name, '00000000-0000-4000-8000-000000000000')).toMatchObject(nobody)
      expect(
        await verb(name, identity.agentId, {}, await app.token('admin', { sites: ['jena'] })),
      ).toMatchObject(nobody)
      expect(await verb(name, identity.agentId, {}, await app.token('viewer'))).toMatchObject({ status: 403 })
      expect(await verb(name, identity.agentId, { reason: '' })).toMatchObject({ status: 400 })
      expect(await verb(name, identity.agentId, { why: 'x' })).toMatchObject({ status: 400 })
      expect(await audited(identity.agentId)).toEqual(['agent.enrol'])
    },
  )
})
