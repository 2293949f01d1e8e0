import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { appendToFeed } from '../feed/append.ts'
import { announce, ringAfterCommit } from './after-commit.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'
import { transact } from './transact.ts'

let database: TestDatabase
/** What was rung for, and how many feed rows somebody else saw at that instant. */
const rung: [topic: string, cursor: string][] = []
beforeAll(async () => {
  database = await createTestDatabase()
  ringAfterCommit(database.db, (topic, cursor) => void rung.push([topic, cursor]))
})
afterAll(() => database.close())
beforeEach(() => {
  rung.length = 0
})

it('rings once for a transaction, with the last cursor of each topic', async () => {
  await transact(database.db, async (tx) => {
    announce(tx, 'feed', '1')
    announce(tx, 'commands', 'c')
    announce(tx, 'feed', '2')
    await Promise.resolve()
    expect(rung).toEqual([])
  })
  expect(rung).toEqual([
    ['feed', '2'],
    ['commands', 'c'],
  ])
})

it('rings for nothing that was rolled back', async () => {
  const failing = transact(database.db, async (tx) => {
    announce(tx, 'feed', '1')
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(rung).toEqual([])
})

it('rings for what grew the feed when others can see it, and notifies nobody inside the transaction', async () => {
  const heard: string[] = []
  const { unlisten } = await database.sql.listen('aloft_bus', (payload) => void heard.push(payload))
  await transact(database.db, (tx) => appendToFeed(tx, [{ kind: 'agent', ref: 'a' }], 1))
  const [row] = await database.sql`select max(id)::text as id from feed`
  expect(rung).toEqual([['feed', row?.['id']]])
  await database.sql`notify aloft_bus, 'after'`
  while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(heard).toEqual(['after'])
  await unlisten()
})

it('tries a conflict again and rings for the attempt that committed', async () => {
  let attempts = 0
  await transact(database.db, async (tx) => {
    attempts += 1
    announce(tx, 'feed', String(attempts))
    if (attempts === 1) throw Object.assign(new Error('conflict'), { code: '40001' })
  })
  expect(rung).toEqual([['feed', '2']])
})
