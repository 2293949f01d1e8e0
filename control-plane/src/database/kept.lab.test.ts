import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from './client.ts'
import { executeKept } from './kept.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'
import { transact } from './transact.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

/** How often each was run of those that this connection keeps. */
async function kept({ sql: plain }: Pick<TestDatabase, 'sql'>): Promise<readonly number[]> {
  const rows = await plain`
    select generic_plans + custom_plans as runs from pg_prepared_statements
    where starts_with(statement, 'select $1::int * 2')`
  return rows.map((row) => Number(row['runs']))
}

const double = (n: number) => sql`select ${n}::int * 2 as doubled`

describe('a kept statement', () => {
  it('is prepared once on a connection, in and out of transactions', async () => {
    const { db, sql: plain, close } = openDatabase(database.address, 1)
    expect(await executeKept(db, double(4))).toEqual([{ doubled: 8 }])
    expect(await transact(db, (tx) => executeKept(tx, double(5)))).toEqual([{ doubled: 10 }])
    expect(await kept({ sql: plain })).toEqual([2])
    await close()
  })

  it('asked side by side is answered in the order of asking', async () => {
    const { db, close } = openDatabase(database.address, 1)
    await db.execute(sql`create temp table steps (n int)`)
    const add = (n: number) =>
      sql`insert into steps values (${n}::int) returning (select count(*) from steps)::int as before`
    const rounds = Array.from({ length: 3 }, (_, round) =>
      transact(db, (tx) =>
        Promise.all([1, 2, 3, 4].map((n) => executeKept<{ before: number }>(tx, add(n)))).then((all) => ({
          round,
          all,
        })),
      ),
    )
    for (const { round, all } of await Promise.all(rounds))
      expect(all.map(([row]) => row?.before)).toEqual([0, 1, 2, 3].map((n) => round * 4 + n))
    await close()
  })

  it('is tried again when a pooler gave the connection to a server that does not know it, and nothing is kept any more', async () => {
    const { db, sql: plain, close } = openDatabase(database.address, 1)
    await transact(db, (tx) => executeKept(tx, double(1)))
    await plain.unsafe('deallocate all')
    let attempts = 0
    const work = transact(db, (tx) => {
      attempts += 1
      return executeKept(tx, double(2))
    })
    expect(await work).toEqual([{ doubled: 4 }])
    expect(attempts).toBe(2)
    await transact(db, (tx) => executeKept(tx, double(3)))
    expect(await kept({ sql: plain })).toEqual([])
    await close()
  })

  it('is answered with its own rows when such a server is met outside of transactions, with others behind it', async () => {
    const { db, sql: plain, close } = openDatabase(database.address, 1)
    const ask = (n: number) =>
      executeKept(db, n % 2 ? sql`select ${n}::int as odd` : sql`select ${n}::int as even, 'x' as x`)
    await Promise.all([ask(1), ask(2)])
    await plain.unsafe('deallocate all')
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => ask(n)))
    expect(answers).toEqual(Array.from({ length: 40 }, (_, n) => [n % 2 ? { odd: n } : { even: n, x: 'x' }]))
    await close()
  })

  it('is not kept at all where the URL says so', async () => {
    if (!('socketFolder' in database.address)) throw new Error('the test database has no socket')
    const { socketFolder, user, database: name } = database.address
    process.env['PGHOST'] = socketFolder
    process.env['PGUSER'] = user
    const { db, sql: plain, close } = openDatabase({ url: `postgres:///${name}?prepare=false` }, 1)
    delete process.env['PGHOST']
    delete process.env['PGUSER']
    await executeKept(db, double(6))
    expect(await executeKept(db, double(7))).toEqual([{ doubled: 14 }])
    expect(await kept({ sql: plain })).toEqual([])
    await close()
  })

  it('is made anew when a migration has changed what it reads', async () => {
    const { db, close } = openDatabase(database.address, 1)
    await db.execute(sql`create temp table changing (a int)`)
    const all = sql`select * from changing`
    expect(await transact(db, (tx) => executeKept(tx, all))).toEqual([])
    await db.execute(sql`alter table changing add column b int`)
    await db.execute(sql`insert into changing values (1, 2)`)
    expect(await transact(db, (tx) => executeKept(tx, all))).toEqual([{ a: 1, b: 2 }])
    await close()
  })
})

it('what fails among several asked at once leaves nothing behind, and the connection is good for others', async () => {
  const { db, close } = openDatabase(database.address, 1)
  const site = (name: string) =>
    sql`insert into sites (name, created_at_ms) values (${name}, 1) returning name`
  const asksOn = async (tx: Parameters<Parameters<typeof transact>[1]>[0]) => {
    await executeKept(tx, site('asked-before'))
    await executeKept(tx, site('asked-on'))
  }
  // Once to have them prepared, so that all travel at once the second time.
  for (const attempt of [1, 2]) {
    const failing = transact(db, (tx) =>
      Promise.all([executeKept(tx, site('twice')), executeKept(tx, site('twice')), asksOn(tx)]),
    )
    await expect(failing, `attempt ${attempt}`).rejects.toThrow()
    expect(await transact(db, (tx) => executeKept(tx, sql`select name from sites`))).toEqual([])
  }
  await close()
})

it('a transaction is committed by a server that was told of no statement before, as behind a pooler', async () => {
  const { db, close } = openDatabase(database.address, 1)
  const site = (name: string) => sql`insert into sites (name, created_at_ms) values (${name}, 1)`
  for (const name of ['first', 'second']) {
    await transact(db, async (tx) => {
      await tx.execute(site(name))
      await tx.execute(sql`deallocate all`)
    })
  }
  // The same for a savepoint that is given up.
  await transact(db, async (tx) => {
    await tx.execute(site('third'))
    await tx
      .transaction(async (savepoint) => {
        await savepoint.execute(site('given up'))
        await savepoint.execute(sql`deallocate all`)
        throw new Error('given up')
      })
      .catch(() => {})
  })
  const there = await db.execute<{ name: string }>(sql`select name from sites order by name`)
  expect(there.map(({ name }) => name)).toEqual(['first', 'second', 'third'])
  await db.execute(sql`delete from sites`)
  await close()
})
