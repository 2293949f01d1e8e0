import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { readAvailability } from '@aloft/control-plane/availability/read'
import { sumUp } from '@aloft/control-plane/availability/sum-up'
import { readTimeline } from '@aloft/control-plane/availability/timeline'
import { type OpenDatabase, openDatabase } from '@aloft/control-plane/database/client'
import { startEmbeddedServer } from '@aloft/control-plane/database/embedded-server'
import { migrateDatabase } from '@aloft/control-plane/database/migrate'
import { transact } from '@aloft/control-plane/database/transact'
import { makeDays } from '@aloft/control-plane/events/partitions'
import { listFailovers } from '@aloft/control-plane/failovers/read'
import { DAYS, type HistorySize, loadHistory } from './history-rows.ts'
import type { BenchOptions, BenchResult } from './main.ts'

const FULL: HistorySize = { sites: 200, routersPerSite: 5, events: 10_000_000 }
const QUICK: HistorySize = { sites: 40, routersPerSite: 5, events: 300_000 }
const P95_MS_MAX = 100
const DAY_MS = 86_400_000

/** Ninety days of a fleet's history in PostgreSQL, and how long the three questions take that people ask of it. */
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
  { db, sql }: OpenDatabase,
  {
    size,
    runs,
    say,
  }: { readonly size: HistorySize; readonly runs: number; readonly say: (line: string) => void },
) {
  const nowMs = Date.now()
  const startedAt = performance.now()
  const loaded = await loadHistory(sql, size, nowMs)
  const tx = { db, nowMs, transact: <T>(work: Parameters<typeof transact<T>>[1]) => transact(db, work) }
  await makeDays({ ...tx, keepMs: DAYS * DAY_MS })
  const loadedAt = performance.now()
  say(`loaded ${loaded.events} events, ${loaded.failovers} failovers in ${seconds(loadedAt - startedAt)} s`)
  await sumUp(tx)
  await sql`vacuum analyze`
  say(`summed up ${loaded.routers.length} virtual routers in ${seconds(performance.now() - loadedAt)} s`)
  const someRouter = (i: number) => loaded.routers[(i * 37) % loaded.routers.length] ?? ''
  const reach = 'everywhere'
  const from = nowMs - DAYS * DAY_MS
  const questions: Record<string, (i: number) => Promise<unknown>> = {
    failovers: () => listFailovers(db, { reach, limit: 50 }),
    failoversOfSite: (i) => listFailovers(db, { reach, site: `site-${1 + (i % size.sites)}`, limit: 50 }),
    timelineOfDay: (i) => readTimeline(db, { reach, id: someRouter(i) }, nowMs),
    timelineOf90Days: (i) => readTimeline(db, { reach, id: someRouter(i), from }, nowMs),
    availabilityOf90Days: () => readAvailability(db, { reach, from, limit: 50 }, nowMs),
  }
  const p95Ms: Record<string, number> = {}
  for (const [name, ask] of Object.entries(questions)) {
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
  return { events: loaded.events, failovers: loaded.failovers, sites: size.sites, loadSeconds, p95Ms }
}

const seconds = (ms: number) => (ms / 1_000).toFixed(1)
