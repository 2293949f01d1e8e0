import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { sumUp } from '@aloft/control-plane/availability/sum-up'
import { type OpenDatabase, openDatabase } from '@aloft/control-plane/database/client'
import { startEmbeddedServer } from '@aloft/control-plane/database/embedded-server'
import { migrateDatabase } from '@aloft/control-plane/database/migrate'
import { transact } from '@aloft/control-plane/database/transact'
import { makeDays } from '@aloft/control-plane/events/partitions'
import { questionsOf } from './history-questions.ts'
import { DAYS, type HistorySize, loadHistory } from './history-rows.ts'
import type { BenchOptions, BenchResult } from './main.ts'

const FULL: HistorySize = { sites: 200, routersPerSite: 5, events: 10_000_000 }
const QUICK: HistorySize = { sites: 40, routersPerSite: 5, events: 300_000 }
const P95_MS_MAX = 100
const DAY_MS = 86_400_000

/** Ninety days of a fleet's history in PostgreSQL, and how long the questions take that people ask of it. */
export async function benchHistory({ quick, runs, say }: BenchOptions): Promise<BenchResult> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-bench-history-'))
  chmodSync(folder, 0o711)
  const server = await startEmbeddedServer({ dataDir: folder, settings: ['max_wal_size=4GB'] })
  try {
    await migrateDatabase(server.address)
    const database = openDatabase(server.address)
    const figures = await measure(database, {
      size: quick ? QUICK : FULL,
      runs: runs ?? (quick ? 20 : 60),
      say,
    })
    await database.close()
    const ok = Object.values(figures.p95Ms).every((ms) => ms <= P95_MS_MAX)
    return { bench: 'history', ok, figures, peer: { p95MsMax: P95_MS_MAX } }
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(
  database: OpenDatabase,
  {
    size,
    runs,
    say,
  }: { readonly size: HistorySize; readonly runs: number; readonly say: (line: string) => void },
) {
  const nowMs = Date.now()
  const startedAt = performance.now()
  const loaded = await prepareHistory(database, size, nowMs)
  const { events, failovers, routers, loadedAt } = loaded
  say(`loaded ${events} events, ${failovers} failovers in ${seconds(loadedAt - startedAt)} s`)
  say(`summed up ${routers.length} virtual routers in ${seconds(performance.now() - loadedAt)} s`)
  const p95Ms: Record<string, number> = {}
  for (const [name, ask] of Object.entries(questionsOf(database.db, { routers, sites: size.sites, nowMs }))) {
    const times: number[] = []
    for (let i = 0; i < runs; i++) {
      const askedAt = performance.now()
      await ask(i)
      times.push(performance.now() - askedAt)
    }
    times.sort((left, right) => left - right)
    p95Ms[name] = Math.round((times[Math.ceil(runs * 0.95) - 1] ?? 0) * 10) / 10
    say(`${name}: p95 ${p95Ms[name]} ms`)
  }
  const loadSeconds = Number(seconds(loadedAt - startedAt))
  return { events, failovers, sites: size.sites, loadSeconds, p95Ms }
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
