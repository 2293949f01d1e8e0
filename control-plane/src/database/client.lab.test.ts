import { expect, test } from 'vitest'
import { sites } from './schema/index.ts'
import { createTestDatabase } from './test-database.ts'
import { transact, violatedConstraint } from './transact.ts'

test('a test database is migrated, empty and its own', async () => {
  const first = await createTestDatabase()
  const second = await createTestDatabase()
  await first.db.insert(sites).values({ name: 'paris', createdAtMs: 1.5 })
  expect(await first.db.select().from(sites)).toMatchObject([{ name: 'paris', createdAtMs: 1.5 }])
  expect(await second.db.select().from(sites)).toEqual([])
  await first.close()
  await second.close()
})

test('a unique index names itself, and nothing of the transaction stays', async () => {
  const { db, close } = await createTestDatabase()
  const failed = transact(db, async (tx) => {
    await tx.insert(sites).values({ name: 'paris', createdAtMs: 1 })
    await tx.insert(sites).values({ name: 'paris', createdAtMs: 2 })
  })
  const error = await failed.catch((cause: unknown) => cause)
  expect(violatedConstraint(error)).toBe('sites_name_unique')
  expect(await db.select().from(sites)).toEqual([])
  await close()
})
