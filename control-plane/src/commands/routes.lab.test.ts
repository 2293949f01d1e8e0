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
    .sql`select actor, target_id, after, s.name as site from audit join sites s on s.id = site_id
      where action = 'command.give'`
  expect(entry).toMatchObject({
    target_id: command.id,
    site: 'rome',
    after: { agent: 'rome/lb1', kind: 'report' },
  })
  expect(entry?.['actor']).toBe(command.createdBy)
  const list = await (await app.fetch(`/api/v1/agents/${agentId}/commands`)).json()
  expect(list).toEqual({ items: [command], nextCursor: null })
})

it('is given and read within reach only, and by who may', async () => {
  const { id } = await (await post({ kind: 'report' })).json()
  await enrolNode(app.database.db, 'oslo', 'lb1')
  const [elsewhere, viewer] = [await app.token('admin', { sites: ['oslo'] }), await app.token('viewer')]
  const path = `/api/v1/agents/${agentId}/commands`
  const give = async (as: string) =>
    (
      await app.fetch(path, {
        ...{ method: 'POST', as, body: '{"kind":"report"}' },
        headers: { 'content-type': 'application/json' },
      })
    ).status
  const read = async (where: string, as: string) => (await app.fetch(where, { as })).status
  expect([
    await give(elsewhere),
    await read(path, elsewhere),
    await read(`${path}/${id}`, elsewhere),
  ]).toEqual([404, 404, 404])
  expect([await give(viewer), await read(path, viewer), await read(`${path}/${id}`, viewer)]).toEqual([
    403, 200, 200,
  ])
})

it('are listed a page at a time, each once', async () => {
  for (let i = 0; i < 3; i++) await post({ kind: 'report' }, otherId)
  const seen: string[] = []
  const sizes: number[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = cursor === '' ? '' : `&cursor=${cursor}`
    const page: { items: { id: string }[]; nextCursor: string | null } = await (
      await app.fetch(`/api/v1/agents/${otherId}/commands?limit=2${query}`)
    ).json()
    sizes.push(page.items.length)
    seen.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  }
  expect([sizes, new Set(seen).size]).toEqual([[2, 1], 3])
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
