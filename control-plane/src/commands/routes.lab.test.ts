import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { enrolNode } from '../gateway/test-agent.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'

let app: TestApplication
let agentId = ''
let otherId = ''
beforeAll(async () => {
  app = await startTestApplication()
  agentId = (await enrolNode(app.database.db, 'rome', 'lb1')).agentId
  otherId = (await enrolNode(app.database.db, 'rome', 'lb2')).agentId
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
})

const post = (body: unknown, id = agentId) =>
  app.fetch(`/api/v1/agents/${id}/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

it('a command is given, put on record, and found again under its agent alone', async () => {
  const answer = await post({ kind: 'report' })
  const command = await answer.json()
  expect([answer.status, command]).toMatchObject([
    202,
    { agentId, kind: 'report', state: 'waiting', sentAt: null },
  ])
  expect(Date.parse(command.expiresAt) - Date.parse(command.createdAt)).toBe(60_000)
  const found = await app.fetch(`/api/v1/agents/${agentId}/commands/${command.id}`)
  expect(await found.json()).toEqual(command)
  expect((await app.fetch(`/api/v1/agents/${otherId}/commands/${command.id}`)).status).toBe(404)
  const [entry] = await app.database
    .sql`select actor, target_id, after from audit where action = 'command.give'`
  expect(entry).toMatchObject({ target_id: command.id, after: { agent: 'rome/lb1', kind: 'report' } })
  expect(entry?.['actor']).toBe(command.createdBy)
  const list = await (await app.fetch(`/api/v1/agents/${agentId}/commands`)).json()
  expect(list).toEqual({ items: [command], nextCursor: null })
})

it.each([
  [{ kind: 'dance' }, '/kind'],
  [{}, '/kind'],
  [{ kind: 'report', ttlMs: 10 }, '/ttlMs'],
  [{ kind: 'report', more: 1 }, '/more'],
])('%j is refused at %s', async (body, pointer) => {
  const answer = await post(body)
  expect([answer.status, (await answer.json()).errors[0].pointer]).toEqual([400, pointer])
})

it('there is no command of an agent there is not', async () => {
  expect((await post({ kind: 'report' }, randomUUID())).status).toBe(404)
  expect((await app.fetch(`/api/v1/agents/${randomUUID()}/commands`)).status).toBe(404)
  expect((await app.fetch(`/api/v1/agents/${agentId}/commands/nothing`)).status).toBe(404)
})
