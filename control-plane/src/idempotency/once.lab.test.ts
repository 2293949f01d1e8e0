import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'
import { forgetKeys } from './store.ts'

let app: TestApplication
beforeAll(async () => {
  app = await startTestApplication()
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
})

interface Sent {
  readonly key: string
  readonly body: object | string
  readonly as?: string
}

function create({ key, body, as = app.admin }: Sent): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const headers = { 'content-type': 'application/json', 'idempotency-key': key }
  return app.fetch('/api/v1/enrolment-tokens', { method: 'POST', as, headers, body: text })
}

const tokens = async () => (await app.database.sql`select id from enrolment_tokens`).length
const kept = async () => (await app.database.sql`select key from idempotency_keys`).length

describe('an Idempotency-Key', () => {
  it('is done once and answered the same', async () => {
    const before = await tokens()
    const first = await create({ key: 'a', body: { site: 'paris' } })
    const again = await create({ key: 'a', body: { site: 'paris' } })
    expect([first.status, again.status]).toEqual([201, 201])
    expect([first.headers.get('idempotency-replayed'), again.headers.get('idempotency-replayed')]).toEqual([
      null,
      'true',
    ])
    const text = await first.text()
    expect(await again.text()).toBe(text)
    expect(JSON.parse(text).token).toMatch(/^aloft_enrol_/)
    expect(again.headers.get('content-type')).toBe('application/json')
    expect(await tokens()).toBe(before + 1)
  })

  it('keeps no secret that the database can show', async () => {
    const { token } = await (await create({ key: 'secret', body: { site: 'paris' } })).json()
    const [row] = await app.database.sql`select answer from idempotency_keys where key = 'secret'`
    expect(row?.['answer'].length).toBeGreaterThan(100)
    expect(Buffer.from(row?.['answer'], 'base64url').toString('latin1')).not.toContain(token)
  })

  it('is one for all who come at once, whoever is first', async () => {
    const before = await tokens()
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => create({ key: 'crowd', body: { site: 'paris' } })),
    )
    const bodies = new Set(await Promise.all(answers.map((answer) => answer.text())))
    expect([bodies.size, new Set(answers.map(({ status }) => status))]).toEqual([1, new Set([201])])
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1)
    expect(await tokens()).toBe(before + 1)
  })

  it('with another body, query or path is refused, and nothing is done', async () => {
    await create({ key: 'b', body: { site: 'paris' } })
    const before = await tokens()
    const other = await create({ key: 'b', body: { site: 'paris', maxUses: 2 } })
    expect([other.status, (await other.json()).type]).toEqual([409, 'urn:aloft:problem:key-reused'])
    expect(await tokens()).toBe(before)
  })

  it('of somebody else is another key', async () => {
    const first = await (await create({ key: 'c', body: { site: 'paris' } })).json()
    const as = await app.token('admin')
    const other = await create({ key: 'c', body: { site: 'paris' }, as })
    expect([other.status, (await other.json()).id === first.id]).toEqual([201, false])
  })

  it('is not used up by a request that was refused', async () => {
    const before = await kept()
    expect((await create({ key: 'd', body: { site: 'NOT A NAME' } })).status).toBe(400)
    expect((await create({ key: 'd', body: '{' })).status).toBe(400)
    expect(await kept()).toBe(before)
    expect((await create({ key: 'd', body: { site: 'paris' } })).status).toBe(201)
  })

  it('is forgotten after a day, and cleared away', async () => {
    const first = await (await create({ key: 'e', body: { site: 'paris' } })).json()
    app.clock.nowMs += 24 * 3_600_000 + 1
    const next = await (await create({ key: 'e', body: { site: 'paris' } })).json()
    expect(next.id).not.toBe(first.id)
    const others = await kept()
    expect(await forgetKeys(app.database.db, app.clock.nowMs - 1_000, 3)).toBe(3)
    while ((await forgetKeys(app.database.db, app.clock.nowMs - 1_000, 3)) > 0)
      expect(others).toBeGreaterThan(1)
    expect(await kept()).toBe(1)
  })

  it.each(['', 'x'.repeat(201), 'with space', 'ünicode'])('`%s` is none', async (key) => {
    const encoded = Buffer.from(key, 'utf8').toString('latin1')
    expect((await create({ key: encoded, body: { site: 'paris' } })).status).toBe(400)
  })

  it('does what it does in one transaction with its answer', async () => {
    const before = [await tokens(), await kept()]
    await app.database.sql.unsafe(`create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'no room'; end $$;
      create trigger refuse before update on idempotency_keys for each row execute function refuse()`)
    expect((await create({ key: 'f', body: { site: 'paris' } })).status).toBe(500)
    await app.database.sql.unsafe('drop trigger refuse on idempotency_keys; drop function refuse')
    expect(app.faults.splice(0)).toHaveLength(1)
    expect([await tokens(), await kept()]).toEqual(before)
    expect((await create({ key: 'f', body: { site: 'paris' } })).status).toBe(201)
  })
})
