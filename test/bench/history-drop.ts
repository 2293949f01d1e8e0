import { randomUUID } from 'node:crypto'
import type { OpenDatabase } from '@aloft/control-plane/database/client'
import { transact } from '@aloft/control-plane/database/transact'
import { DAY_MS, dayOf, partitionName } from '@aloft/control-plane/events/days'
import { ingest } from '@aloft/control-plane/events/ingest'
import { dropDays } from '@aloft/control-plane/events/partitions'
import type { SpooledEvent } from '@aloft/shared/protocol/events'
import { DAYS } from './history-rows.ts'

export const DROP_MS_MAX = 1_000
const BATCH = 100
const BATCHES_BEFORE = 100
/** A batch that waited for the drop would have taken as long as it; one of a busy machine may take this long by itself. */
const INSERT_MS_MAX = 250

/**
 * Drops a day as `event-days-over` does while one agent's events are taken as ever. The day is a copy of a loaded one,
 * two days before it and so older than all of them: the loaded history is the same afterwards, and `--data-dir` may be used again.
 */
export async function dropDay(database: OpenDatabase, nowMs: number) {
  const day = dayOf(nowMs) - DAYS - 1
  const rows = await copyDay(database.sql, day + 2, day)
  const inserting = await startInserting(database, nowMs)
  try {
    const beforeMaxMs = await inserting.longestOf(BATCHES_BEFORE)
    const startedAt = performance.now()
    const { emptied, removed } = await drop(database, day)
    const dropMs = performance.now() - startedAt
    const { maxMs, batches } = await inserting.stop()
    // What was in use is left to the next run of the duty, and so here.
    if (removed.length === 0) await drop(database, day)
    const ok =
      rows > 0 &&
      emptied.includes(day) &&
      dropMs <= DROP_MS_MAX &&
      batches > 0 &&
      maxMs <= Math.max(INSERT_MS_MAX, 3 * beforeMaxMs)
    const figures = {
      dropMs: tenths(dropMs),
      insertMaxMs: tenths(maxMs),
      insertBeforeMaxMs: tenths(beforeMaxMs),
    }
    return { ok, rows, ...figures, batches, removedAtOnce: removed.length > 0 }
  } finally {
    await inserting.stop()
    await inserting.forget()
  }
}

function drop({ db }: OpenDatabase, day: number) {
  const facts = { nowMs: (day + 1 + DAYS) * DAY_MS, keepMs: DAYS * DAY_MS }
  return dropDays({ db, transact: (work) => transact(db, work), ...facts })
}

async function copyDay(sql: OpenDatabase['sql'], from: number, to: number): Promise<number> {
  const [source, copy, shiftMs] = [partitionName(from), partitionName(to), (from - to) * DAY_MS]
  await sql.unsafe(`drop table if exists ${copy};
    create table ${copy} partition of events (primary key (agent_id, epoch, seq))
      for values from (${to * DAY_MS}) to (${(to + 1) * DAY_MS});
    insert into ${copy} (agent_id, epoch, seq, site_id, wall_ms, mono_ms, boot_id, occurred_at_ms, occurred_at_error_ms,
      received_at_ms, late, kind, virtual_router, vrid, family, body, content_hash)
      select agent_id, 'copy', row_number() over (), site_id, wall_ms - ${shiftMs}, mono_ms, boot_id, occurred_at_ms - ${shiftMs},
        occurred_at_error_ms, wall_ms - ${shiftMs}, late, kind, virtual_router, vrid, family, body, content_hash from ${source};
    analyze ${copy}`)
  const [counted] = await sql.unsafe(`select count(*)::int as rows from ${copy}`)
  return Number(counted?.['rows'])
}

/** One agent's batches, one after the other, and how long each took. */
async function startInserting({ db, sql }: OpenDatabase, nowMs: number) {
  const epoch = `dropping-${randomUUID()}`
  const [agent] = await sql`select id, site_id from agents order by id limit 1`
  const [agentId, siteId] = [String(agent?.['id']), String(agent?.['site_id'])]
  await sql`insert into agent_epochs (agent_id, epoch, seq, started_at_ms) values (${agentId}, ${epoch}, 0, ${nowMs})`
  const facts = {
    agentId,
    siteId,
    epoch,
    generation: null,
    clock: null,
    liveAfterSeq: 0,
    receivedAtMs: nowMs,
  }
  const times: number[] = []
  let isOver = false
  const done = (async () => {
    for (let seq = 0; !isOver; seq += BATCH) {
      const startedAt = performance.now()
      const events = linksAfter(seq, nowMs)
      const [outcome] = await transact(db, (tx) => ingest(tx, [{ ...facts, events }], nowMs))
      if (outcome?.kind !== 'held') throw new Error(`a batch was not taken: ${outcome?.kind}`)
      times.push(performance.now() - startedAt)
    }
  })()
  const taken = () => ({ maxMs: Math.max(0, ...times), batches: times.length })
  return {
    longestOf: async (batches: number): Promise<number> => {
      while (times.length < batches) await Promise.race([done, new Promise((wake) => setTimeout(wake, 5))])
      const { maxMs } = taken()
      times.length = 0
      return maxMs
    },
    stop: async () => {
      isOver = true
      await done
      return taken()
    },
    forget: async () => {
      await sql`delete from events where agent_id = ${agentId} and epoch = ${epoch}`
      await sql`delete from feed where epoch = ${epoch}`
      await sql`delete from agent_epochs where agent_id = ${agentId} and epoch = ${epoch}`
    },
  }
}

function linksAfter(seq: number, nowMs: number): SpooledEvent[] {
  return Array.from({ length: BATCH }, (_, i) => ({
    seq: seq + i + 1,
    at: { wallMs: nowMs - 1, monoMs: seq + i, bootId: 'boot' },
    body: { kind: 'link', interface: 'eth0', up: i % 2 === 0 },
  }))
}

const tenths = (ms: number) => Math.round(ms * 10) / 10
