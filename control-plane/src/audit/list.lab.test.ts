import type { AuditEntry } from '@aloft/shared/api/audit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { transact } from '../database/transact.ts'
import { startTestApplication, type TestApplication } from '../http/test-application.ts'
import { recordAudit } from './record.ts'

const T0 = Date.UTC(2026, 10, 22, 20)
const ENTRIES = 520

let app: TestApplication
const siteIds: Record<string, string> = {}

/** By ann or bob, of a site or an agent, at paris, rome or nowhere, one a second: each filter has its own measure. */
beforeAll(async () => {
  app = await startTestApplication()
  for (const name of ['paris', 'rome']) {
    const [row] = await app.database
      .sql`insert into sites (name, created_at_ms) values (${name}, 1) returning id`
    siteIds[name] = row?.['id']
  }
  await transact(app.database.db, async (tx) => {
    for (let i = 0; i < ENTRIES; i++) {
      const name = i % 2 === 0 ? 'ann' : 'bob'
      const actor = { id: `user:${name}-id`, name, credential: null, requestId: `r${i}` }
      const [action, kind] =
        i % 3 === 0 ? (['site.rename', 'site'] as const) : (['agent.revoke', 'agent'] as const)
      const siteId = siteIds[['paris', 'rome', 'none'][i % 5] ?? 'none'] ?? null
      const change = { action, target: { kind, id: `t${i % 7}` }, siteId, before: null, after: { i } }
      await recordAudit(tx, actor, change, T0 + i * 1_000)
    }
  })
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
})

async function list(query: string, as = app.admin) {
  const answer = await app.fetch(`/api/v1/audit?${query}`, { as })
  expect(answer.status).toBe(200)
  const page: { items: AuditEntry[]; nextCursor: string | null } = await answer.json()
  return page
}

/** Every page of it. */
async function all(query: string, as = app.admin): Promise<AuditEntry[]> {
  const items: AuditEntry[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page = await list(`${query}&limit=500${cursor === '' ? '' : `&cursor=${cursor}`}`, as)
    items.push(...page.items)
    cursor = page.nextCursor
  }
  return items
}

async function lines(query: string, as = app.admin) {
  const answer = await app.fetch(`/api/v1/audit?${query}`, {
    as,
    headers: { accept: 'application/x-ndjson' },
  })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson'])
  return (await answer.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** Numbers of the entries that are wanted, oldest first. */
const numbers = (wanted: (i: number) => boolean) =>
  Array.from({ length: ENTRIES }, (_, i) => i).filter(wanted)
const of = (entries: readonly AuditEntry[]) => entries.map(({ after }) => Object(after).i)
const at = (i: number) => new Date(T0 + i * 1_000).toISOString()

describe('a filter', () => {
  it.each<[string, (i: number) => boolean]>([
    ['', () => true],
    ['actor=ann', (i) => i % 2 === 0],
    ['actor=user:bob-id', (i) => i % 2 === 1],
    ['actor=an', () => false],
    ['action=site.rename', (i) => i % 3 === 0],
    ['targetKind=agent', (i) => i % 3 !== 0],
    ['target=t5', (i) => i % 7 === 5],
    ['site=paris', (i) => i % 5 === 0],
    ['site=atlantis', () => false],
    [`from=${at(10)}`, (i) => i >= 10],
    [`to=${at(10)}`, (i) => i < 10],
    [
      `actor=ann&targetKind=site&site=rome&from=${at(100)}&to=${at(400)}`,
      (i) => i % 30 === 6 && i >= 100 && i < 400,
    ],
  ])('%s', async (query, wanted) => {
    const expected = numbers(wanted)
    expect(of(await all(`order=asc&${query}`))).toEqual(expected)
    expect(of(await all(query))).toEqual(expected.toReversed())
  })

  it.each(['from=yesterday', 'order=sideways', 'limit=0', 'who=ann', 'cursor=x'])(
    '%s is refused',
    async (query) => {
      const answer = await app.fetch(`/api/v1/audit?${query}`)
      expect([answer.status, (await answer.json()).errors[0].pointer]).toEqual([
        400,
        `?${query.split('=')[0]}`,
      ])
    },
  )

  it('of the other order’s cursor is refused, for it would leave entries out', async () => {
    const { nextCursor } = await list('order=asc&limit=10')
    expect((await app.fetch(`/api/v1/audit?order=desc&cursor=${nextCursor}`)).status).toBe(400)
    expect(of((await list(`order=asc&limit=2&cursor=${nextCursor}`)).items)).toEqual([10, 11])
  })
})

describe('as NDJSON', () => {
  it('it is every entry once, as the pages have it, with an end', async () => {
    const exported = await lines('order=asc')
    expect(exported.at(-1)).toEqual({ end: { items: ENTRIES, nextCursor: null } })
    expect(exported.slice(0, -1)).toEqual(await all('order=asc'))
  })

  it('filters hold, and so does reach', async () => {
    const exported = await lines('order=asc&actor=ann&site=paris')
    expect(of(exported.slice(0, -1))).toEqual(numbers((i) => i % 10 === 0))
    const token = await app.token('approver', { sites: ['rome'] })
    expect(of((await lines('order=asc', token)).slice(0, -1))).toEqual(numbers((i) => i % 5 === 1))
  })
})

it('who reads it at one site sees that site’s, and neither another’s nor what is of none', async () => {
  const token = await app.token('approver', { sites: ['paris'] })
  expect(of(await all('order=asc', token))).toEqual(numbers((i) => i % 5 === 0))
  expect(of(await all('site=rome', token))).toEqual([])
  expect((await app.fetch('/api/v1/audit', { as: await app.token('viewer') })).status).toBe(403)
})
