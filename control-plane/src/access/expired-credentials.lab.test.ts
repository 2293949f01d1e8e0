import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { transact } from '../database/transact.ts'
import { tick } from '../duties/tick.ts'
import { expiredCredentials } from './expired-credentials.ts'
import { countTrial } from './store-trials.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(() => database.close())

const NOW = Date.now()
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

it('what let people in once is kept for a day after its end, what keeps them out for as long as it does', async () => {
  const { sql } = database
  const ends = { young: NOW + HOUR_MS, over: NOW - HOUR_MS, old: NOW - 25 * HOUR_MS }
  for (const [name, endMs] of Object.entries(ends)) {
    await sql`insert into sign_in_codes values (${name}, 0, ${endMs}, null)`
    await sql`insert into browser_sessions (hash, created_at_ms, expires_at_ms, last_seen_at_ms, method, grants)
      values (${name}, 0, ${endMs}, 0, 'link', '[]')`
    await sql`insert into provider_sign_ins (state_hash, expires_at_ms) values (${name}, ${endMs})`
    // Forgotten an hour after the last of them, unless somebody must wait for longer.
    await sql`insert into sign_in_failures values (${name}, 9, ${endMs - HOUR_MS}, 0)`
  }
  await sql`insert into sign_in_failures values ('blocked', 99, ${ends.old}, ${NOW + 1})`
  const { failed } = await tick({ db: database.db, duties: [expiredCredentials], replica: 'r', nowMs: NOW })
  expect(failed).toEqual([])
  expect((await sql`select hash from sign_in_codes order by 1`).flatMap(Object.values)).toEqual([
    'over',
    'young',
  ])
  expect((await sql`select hash from browser_sessions order by 1`).flatMap(Object.values)).toEqual([
    'over',
    'young',
  ])
  expect((await sql`select state_hash from provider_sign_ins`).flatMap(Object.values)).toEqual(['young'])
  expect((await sql`select key from sign_in_failures order by 1`).flatMap(Object.values)).toEqual([
    'blocked',
    'young',
  ])
})

it('who guesses waits a quarter of an hour at most, and after an hour of peace begins anew', async () => {
  let nowMs = NOW
  const guess = () => transact(database.db, (tx) => countTrial(tx, { key: 'k', free: 5, nowMs }))
  const waits: number[] = []
  for (let i = 0; i < 4; i++) expect(await guess()).toBeNull()
  for (let i = 0; i < 14; i++) {
    expect(await guess()).toBeNull()
    const untilMs = await guess()
    waits.push((untilMs ?? 0) - nowMs)
    nowMs = untilMs ?? 0
  }
  expect(waits.map((ms) => ms / 1_000)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900])
  // Counted from the last guess, which is a quarter of an hour ago.
  nowMs += 45 * MINUTE_MS + 1
  for (let i = 0; i < 5; i++) expect(await guess()).toBeNull()
  expect(await guess()).toBe(nowMs + 1_000)
})
