import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { sumUp } from '@aloft/control-plane/availability/sum-up'
import { type OpenDatabase, openDatabase } from '@aloft/control-plane/database/client'
import { startEmbeddedServer } from '@aloft/control-plane/database/embedded-server'
import { migrateDatabase } from '@aloft/control-plane/database/migrate'
import { transact } from '@aloft/control-plane/database/transact'
import { makeDays } from '@aloft/control-plane/events/partitions'
import { DROP_MS_MAX, dropDay } from './history-drop.ts'
import { QUESTIONS, questionsOf } from './history-questions.ts'
import { DAYS, type HistorySize, loadHistory, readHistory } from './history-rows.ts'
import type { BenchOptions, BenchResult } from './main.ts'
import { plansOf } from './plans.ts'

const FULL: HistorySize = { sites: 200, routersPerSite: 5, events: 10_000_000 }
const QUICK: HistorySize = { sites: 40, routersPerSite: 5, events: 300_000 }
const P95_MS_MAX = 100
const DAY_MS = 86_400_000

/**
 * Ninety days of a fleet's history in PostgreSQL, how long the questions take that people ask of it, and whether they
 * are answered as the goldens in `plans/` say; then how long it takes to drop a day of it. What is loaded into `--data-dir` stays there, and is not loaded again.
 */
export async function benchHistory(options: BenchOptions): Promise<BenchResult> {
  const { dataDir } = options
  const folder = dataDir ?? mkdtempSync(path.join(os.tmpdir(), 'aloft-bench-history-'))
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o711)
  const server = await startEmbeddedServer({ dataDir: folder, settings: ['max_wal_size=4GB'] })
  try {
    await migrateDatabase(server.address)
    const database = openDatabase(server.address)
    const figures = await measure(database, options)
    await database.close()
    const areQuick = Object.values(figures.p95Ms).every((ms) => ms <= P95_MS_MAX)
    const ok = areQuick && figures.otherPlans.length === 0 && figures.droppedDay.ok
    return { bench: 'history', ok, figures, peer: { p95MsMax: P95_MS_MAX, dropMsMax: DROP_MS_MAX } }
  } finally {
    await server.stop()
    if (dataDir === null) rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(database: OpenDatabase, { quick, runs, say }: BenchOptions) {
  const size = quick ? QUICK : FULL
  const { events, failovers, routers, nowMs, loadSeconds } = await loaded(database, size, say)
  const questions = questionsOf(database.db, { routers, sites: size.sites, nowMs })
  const p95Ms: Record<string, number> = {}
  const otherPlans: string[] = []
  for (const name of QUESTIONS) {
    const ask = questions[name]
    p95Ms[name] = await p95Of(ask, runs ?? (quick ? 20 : 60))
    say(`${name}: p95 ${p95Ms[name]} ms`)
    const [plans, golden] = [await plansOf(database, () => ask(0)), goldenOf(name)]
    if (plans === golden) continue
    otherPlans.push(name)
    say(`${name} is not answered as its golden says, but so:\n${plans}`)
  }
  const droppedDay = await dropDay(database, nowMs)
  const { rows, dropMs, insertMaxMs, insertBeforeMaxMs } = droppedDay
  say(
    `a day of ${rows} events dropped in ${dropMs} ms; longest insert ${insertMaxMs} ms, before ${insertBeforeMaxMs} ms`,
  )
  return { events, failovers, sites: size.sites, loadSeconds, p95Ms, otherPlans, droppedDay }
}

async function p95Of(ask: (i: number) => Promise<unknown>, runs: number): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    const askedAt = performance.now()
    await ask(i)
    times.push(performance.now() - askedAt)
  }
  times.sort((left, right) => left - right)
  return Math.round((times[Math.ceil(runs * 0.95) - 1] ?? 0) * 10) / 10
}

/** The golden of a question; `test/bench/history.test.ts` keeps them. */
export const goldenFile = (name: string) => path.join(import.meta.dirname, 'plans', `${name}.txt`)

function goldenOf(name: string): string {
  return readFileSync(goldenFile(name), 'utf8')
}

/** What is there from another run, as of when that was loaded; or a new history. */
async function loaded(database: OpenDatabase, size: HistorySize, say: (line: string) => void) {
  const kept = await readHistory(database.sql)
  if (kept !== null) {
    say(`${kept.events} events, ${kept.failovers} failovers are there`)
    return { ...kept, loadSeconds: null }
  }
  const [nowMs, startedAt] = [Date.now(), performance.now()]
  const { loadedAt, ...history } = await prepareHistory(database, size, nowMs)
  const { events, failovers, routers } = history
  const loadSeconds = Number(seconds(loadedAt - startedAt))
  say(`loaded ${events} events, ${failovers} failovers in ${loadSeconds} s`)
  say(`summed up ${routers.length} virtual routers in ${seconds(performance.now() - loadedAt)} s`)
  return { ...history, nowMs, loadSeconds }
}

/** A history that is summed up and analyzed: the state in which people ask. */
export async function prepareHistory({ db, sql }: OpenDatabase, size: HistorySize, nowMs: number) {
  const loaded = await loadHistory(sql, size, nowMs)
  const tx = { db, nowMs, transact: <T>(work: Parameters<typeof transact<T>>[1]) => transact(db, work) }
  await makeDays({ ...tx, keepMs: DAYS * DAY_MS })
  const loadedAt = performance.now()
  await sumUp(tx)
  await sql`vacuum analyze`
  return { ...loaded, loadedAt }
}

const seconds = (ms: number) => (ms / 1_000).toFixed(1)
