import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mintSecret } from '../access/secrets.ts'
import { type OpenDatabase, openDatabase } from '../database/client.ts'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { until } from '../gateway/test-agent.ts'
import { startTestApplication } from '../http/test-application.ts'
import { ALL_DUTIES } from './all.ts'
import type { Duty, DutyContext } from './duty.ts'
import { tickRoute } from './routes.ts'
import { type TickOptions, tick } from './tick.ts'
import { startTicker } from './ticker.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
  await database.sql`create table written (by text)`
})
afterEach(() => database.close())

const duty = (run: (context: DutyContext) => Promise<void>, everyMs = 60_000, name = 'sweep'): Duty => ({
  name,
  everyMs,
  run,
})
const tickOf = (duties: readonly Duty[], more: Partial<TickOptions> = {}) =>
  tick({ db: database.db, duties, replica: 'here', ...more })
const rowOf = async (name = 'sweep') => {
  const [row] = await database.sql`select fence, outcome, problem, failures from duties where name = ${name}`
  return row && { ...row, fence: Number(row['fence']) }
}
const written = async () => (await database.sql`select by from written`).map((row) => row['by'])
const writeAs = (context: DutyContext, by: string) =>
  context.fence.transact(async (tx) => {
    await tx.execute(`insert into written values ('${by}')`)
  })

describe('what is due', () => {
  test('runs once, however many replicas tick at the same time', async () => {
    let running = 0
    let most = 0
    let runs = 0
    const sweep = duty(async () => {
      runs++
      most = Math.max(most, ++running)
      await sleep(100)
      running--
    })
    const reports = await Promise.all(Array.from({ length: 5 }, () => tickOf([sweep])))
    expect([runs, most]).toEqual([1, 1])
    expect(reports.flatMap(({ ran }) => ran.map(({ name }) => name))).toEqual(['sweep'])
    expect(reports.flatMap(({ failed }) => failed)).toEqual([])
  })

  test('is due again after its time and not before, and after a clock was set back', async () => {
    const sweep = duty(async () => {})
    const ranAt = async (nowMs: number) => (await tickOf([sweep], { nowMs })).ran.length === 1
    expect(await ranAt(1_000_000)).toBe(true)
    expect(await ranAt(1_059_999)).toBe(false)
    expect(await ranAt(1_060_000)).toBe(true)
    expect(await ranAt(1_000_000)).toBe(true)
  })

  test('after a failure, or a run that was cut off, comes sooner, and each time later', async () => {
    const sweep = duty(async () => {
      throw new Error('the disk is full')
    }, 3_600_000)
    const outcomeAt = async (nowMs: number) => (await tickOf([sweep], { nowMs })).failed.map((f) => f.problem)
    expect(await outcomeAt(1_000_000)).toEqual(['the disk is full'])
    expect(await rowOf()).toMatchObject({ outcome: 'failed', problem: 'the disk is full', failures: 1 })
    expect(await outcomeAt(1_009_999)).toEqual([])
    expect(await outcomeAt(1_010_000)).toEqual(['the disk is full'])
    expect(await outcomeAt(1_029_999)).toEqual([])
    expect(await outcomeAt(1_030_000)).toEqual(['the disk is full'])
    await database.sql`update duties set outcome = null, failures = 0`
    expect(await outcomeAt(1_035_000)).toEqual(['the disk is full'])
    const mended = await tickOf([duty(async () => {}, 3_600_000)], { nowMs: 5_000_000 })
    expect(mended.ran).toHaveLength(1)
    expect(await rowOf()).toMatchObject({ outcome: 'done', problem: null, failures: 0 })
  })

  test('is told the time of the database, whatever the clock of the replica says', async () => {
    let toldMs = 0
    await tickOf([
      duty(async ({ nowMs }) => {
        toldMs = nowMs
      }),
    ])
    const [row] = await database.sql`select extract(epoch from clock_timestamp()) * 1000 as ms`
    expect(Math.abs(Number(row?.['ms']) - toldMs)).toBeLessThan(5_000)
  })

  test('one that fails does not keep the others from running', async () => {
    const broken = duty(async () => Promise.reject(new Error('broken')), 1_000, 'broken')
    const report = await tickOf([broken, duty(async () => {}, 1_000, 'well')])
    expect(report.failed).toEqual([{ name: 'broken', problem: 'broken' }])
    expect(report.ran.map(({ name }) => name)).toEqual(['well'])
  })
})

describe('the fence', () => {
  /** Another replica, whose connections the tests cut. */
  let holder: OpenDatabase
  beforeEach(() => {
    holder = openDatabase(database.address, 4)
  })
  afterEach(() => holder.sql.end({ timeout: 0 }))

  /** And waits until it is gone, its lock with it: who looks for the lock before finds it taken, and leaves. */
  const killLockHolder = () => database.sql`
    select pg_terminate_backend(l.pid, 5000) from pg_locks l join pg_database d on d.oid = l.database
    where l.locktype = 'advisory' and d.datname = current_database()`

  test('refuses the writes of a run that lost its lock to another', async () => {
    let refused: unknown
    let second: Promise<unknown> = Promise.resolve()
    const first = duty(async (context) => {
      await killLockHolder()
      second = tickOf([duty((again) => writeAs(again, 'second'), 1)])
      await second
      refused = await writeAs(context, 'first').catch((error: unknown) => error)
      throw refused
    }, 1)
    await tickOf([first], { db: holder.db })
    expect(refused).toMatchObject({ name: 'LostFence' })
    expect(await written()).toEqual(['second'])
    // Nor does its end touch what the other run left.
    expect(await rowOf()).toMatchObject({ fence: 2, outcome: 'done' })
  })

  test('lets a transaction under way end before the next run begins', async () => {
    let second: Promise<unknown> = Promise.resolve()
    const first = duty(async (context) => {
      await context.fence.transact(async (tx) => {
        await killLockHolder()
        second = tickOf([duty((again) => writeAs(again, 'second'), 1)])
        await sleep(300)
        await tx.execute(`insert into written values ('first')`)
      })
    }, 1)
    await tickOf([first], { db: holder.db })
    await second
    expect(await written()).toEqual(['first', 'second'])
  })

  test('a process that stands still loses its lock', async () => {
    let refused: unknown
    const frozen = duty(async (context) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 900)
      // The lock is free: its connection was thrown out while this process stood still.
      await until('the other run has written', async () => {
        await tickOf([duty((again) => writeAs(again, 'other'), 1)])
        return (await written()).length > 0
      })
      refused = await context.fence.check().catch((error: unknown) => error)
    }, 1)
    await tickOf([frozen], { db: holder.db, patienceMs: 300 })
    expect(refused).toMatchObject({ name: 'LostFence' })
    expect(await written()).toContain('other')
  })

  test('a run that takes long but does not stand still keeps its lock', async () => {
    const slow = duty(async () => sleep(700), 1)
    const slowly = tickOf([slow], { patienceMs: 300 })
    await sleep(600)
    const meanwhile = await tickOf([duty(async () => {}, 1)])
    expect(meanwhile.busy).toEqual(['sweep'])
    expect((await slowly).ran).toHaveLength(1)
  })
})

describe('POST /internal/tick', () => {
  const post = (bearer?: string) => ({
    method: 'POST',
    as: null,
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
  })

  test('is refused without its own token, with another, and with that of an administrator', async () => {
    const app = await startTestApplication({ tickToken: 'the-tick-token' })
    expect((await app.fetch('/internal/tick', post())).status).toBe(401)
    expect((await app.fetch('/internal/tick', post('the-tick-toke'))).status).toBe(401)
    expect((await app.fetch('/internal/tick', post(app.admin))).status).toBe(401)
    expect(await app.database.sql`select 1 from duties`).toHaveLength(0)
    await app.close()
  })

  test('is refused to everybody when no token is set', async () => {
    const app = await startTestApplication()
    expect((await app.fetch('/internal/tick', post('undefined'))).status).toBe(401)
    expect((await app.fetch('/internal/tick', post('null'))).status).toBe(401)
    await app.close()
  })

  test('runs what is due and says so', async () => {
    const app = await startTestApplication({ tickToken: 'the-tick-token' })
    const nowMs = Date.now()
    const expiring = (hash: string, expiresAtMs: number) =>
      app.database
        .sql`insert into sign_in_codes (hash, created_at_ms, expires_at_ms) values (${hash}, 0, ${expiresAtMs})`
    await expiring('long ago', nowMs - 90_000_000)
    await expiring('a moment ago', nowMs - 1_000)
    const answer = await app.fetch('/internal/tick', post('the-tick-token'))
    expect(answer.status).toBe(200)
    const report = (await answer.json()) as { ran: { name: string }[] }
    expect(report.ran.map(({ name }) => name).sort()).toEqual(ALL_DUTIES.map(({ name }) => name).sort())
    expect(report).toMatchObject({ failed: [], busy: [] })
    expect(await app.database.sql`select hash from sign_in_codes`).toEqual([{ hash: 'a moment ago' }])
    const again = await app.fetch('/internal/tick', post('the-tick-token'))
    expect(await again.json()).toEqual({ ran: [], failed: [], busy: [] })
    await app.close()
  })

  test('answers 500 with the same report when something failed', async () => {
    const tickToken = mintSecret('api')
    const broken = duty(async () => Promise.reject(new Error('no space left')))
    const app = tickRoute({
      db: database.db,
      duties: [broken],
      replica: 'here',
      tickToken,
      onTick: async () => {},
    })
    const answer = await app.request('/internal/tick', post(tickToken))
    expect(answer.status).toBe(500)
    expect(await answer.json()).toEqual({
      ran: [],
      failed: [{ name: 'sweep', problem: 'no space left' }],
      busy: [],
    })
  })
})

test('a replica with a clock ticks by itself, and says once why a duty fails', async () => {
  const warnings: object[] = []
  let runs = 0
  const broken = duty(async () => Promise.reject(new Error('broken')), 1, 'broken')
  const well = duty(async () => void runs++, 1, 'well')
  const log = { warn: (facts: object) => void warnings.push(facts) }
  const ticker = startTicker({ db: database.db, duties: [broken, well], replica: 'here', log })
  await until('it ticked three times', async () => runs >= 3)
  await ticker.stop()
  const after = runs
  await sleep(1_200)
  expect(runs).toBe(after)
  expect(warnings).toEqual([{ duty: 'broken', problem: 'broken' }])
})
