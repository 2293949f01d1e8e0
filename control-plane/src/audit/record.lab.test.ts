import { createHash } from 'node:crypto'
import { AUDIT_GENESIS, auditText } from '@aloft/shared/api/audit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { databaseErrorCode, transact } from '../database/transact.ts'
import { recordAudit, systemActor } from './record.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

const renamed = (i: number) =>
  ({
    action: 'site.rename',
    target: { kind: 'site', id: `s${i}` },
    siteId: null,
    before: { name: 'a', nested: { b: [1.5, null], a: 'ü "quoted"' } },
    after: { name: `b${i}`, big: 1e21, small: 1e-7, 7: 'seven' },
  }) as const

const entries = () => database.sql`select * from audit order by id`

it('chains entries of many transactions at once, without a hole, each with the hash of the one before', async () => {
  await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      transact(database.db, (tx) =>
        recordAudit(tx, systemActor('test'), renamed(i), 1_795_000_000_000.25 + i),
      ),
    ),
  )
  const rows = await entries()
  expect(rows.map(({ id }) => Number(id))).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
  let previous = AUDIT_GENESIS
  for (const row of rows) {
    expect(row['previous_hash']).toBe(previous)
    const text = auditText({
      id: Number(row['id']),
      atMs: row['at_ms'],
      actor: row['actor'],
      actorName: row['actor_name'],
      credential: row['credential'],
      requestId: row['request_id'],
      action: row['action'],
      targetKind: row['target_kind'],
      targetId: row['target_id'],
      siteId: row['site_id'],
      before: row['before'],
      after: row['after'],
      previousHash: previous,
    })
    previous = createHash('sha256').update(text).digest('hex')
    expect(row['hash']).toBe(previous)
  }
  expect(new Set(rows.map((row) => row['target_id'])).size).toBe(40)
})

it('leaves nothing of a transaction that fails, and no hole either', async () => {
  const before = (await entries()).length
  await expect(
    transact(database.db, async (tx) => {
      await recordAudit(tx, systemActor('test'), renamed(1), 1)
      throw new Error('changed its mind')
    }),
  ).rejects.toThrow('changed its mind')
  await transact(database.db, (tx) => recordAudit(tx, systemActor('test'), renamed(2), 2))
  expect((await entries()).map(({ id }) => Number(id)).at(-1)).toBe(before + 1)
})

it.each(['update audit set actor = $$x$$ where id = 1', 'delete from audit where id = 1', 'truncate audit'])(
  'refuses: %s',
  async (statement) => {
    const before = await entries()
    const error = await database.sql.unsafe(statement).then(
      () => null,
      (reason: unknown) => reason,
    )
    expect(databaseErrorCode(error)).toBe('42501')
    expect(await entries()).toEqual(before)
  },
)
