import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Database } from '../database/client.ts'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { appendToFeed } from '../feed/append.ts'
import { grouped } from './grouped.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

const wallMs = () => 1_000
const feedOf = async (prefix: string) =>
  (await database.sql`select ref from feed where ref like ${`${prefix}%`} order by id`).map(({ ref }) => ref)

/** Counts transactions; otherwise the database itself. */
function counted(): { readonly db: Database; readonly count: () => number } {
  let count = 0
  const transaction = (work: Parameters<Database['transaction']>[0]) => {
    count += 1
    return database.db.transaction(work)
  }
  // Only `transaction` is used here.
  return { db: { transaction } as unknown as Database, count: () => count }
}

it('what waits is committed together, each is given its own answer, and the feed has them all', async () => {
  const { db, count } = counted()
  const run = grouped(db, wallMs)
  const answers = await Promise.all(
    Array.from({ length: 21 }, (_, i) =>
      run(`agent-${i}`, async (tx) => {
        await appendToFeed(tx, [{ kind: 'agent', ref: `a-${i}` }], wallMs())
        const [row] = await tx.execute<{ n: number }>(sql`select ${i}::int as n`)
        return row?.n
      }),
    ),
  )
  expect(answers).toEqual(Array.from({ length: 21 }, (_, i) => i))
  // The first went alone; the others waited for it and went together.
  expect(count()).toBe(2)
  expect((await feedOf('a-')).length).toBe(21)
})

it('one that fails is refused alone, and leaves nothing behind', async () => {
  const run = grouped(database.db, wallMs)
  const work = (ref: string, fails: boolean) =>
    run(ref, async (tx) => {
      await appendToFeed(tx, [{ kind: 'agent', ref }], wallMs())
      await tx.execute(fails ? sql`select 1 / 0` : sql`select 1`)
      return ref
    })
  const results = await Promise.allSettled([
    work('b-first', false),
    work('b-one', false),
    work('b-bad', true),
    work('b-two', false),
  ])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  expect([...(await feedOf('b-'))].sort()).toEqual(['b-first', 'b-one', 'b-two'])
})

it('two works of one agent keep their order, in two transactions', async () => {
  const { db, count } = counted()
  const run = grouped(db, wallMs)
  const order: number[] = []
  const work = (i: number) =>
    run('same', async (tx) => {
      await tx.execute(sql`select pg_sleep(${i === 1 ? 0.05 : 0})`)
      order.push(i)
    })
  await Promise.all([work(0), work(1), work(2)])
  expect(order).toEqual([0, 1, 2])
  expect(count()).toBe(3)
})

it("the feed's lock is not held while works still run", async () => {
  const run = grouped(database.db, wallMs)
  let appended = false
  const held: unknown[] = []
  const waits = Promise.all([
    run('c-first', async () => {}),
    run('c-appends', async (tx) => {
      await appendToFeed(tx, [{ kind: 'agent', ref: 'c-appends' }], wallMs())
      appended = true
    }),
    run('c-slow', async (tx) => {
      while (!appended) await new Promise((resolve) => setTimeout(resolve, 5))
      const [row] = await database.sql`
        select count(*)::int as n from pg_locks where locktype = 'advisory' and objid = ${0x66656564} and granted`
      held.push(row?.['n'])
      await tx.execute(sql`select 1`)
    }),
  ])
  await waits
  expect(held).toEqual([0])
  expect(await feedOf('c-')).toEqual(['c-appends'])
})
