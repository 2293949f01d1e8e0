/** The limit ingest is held against: the rows of the fleet's events, inserted by one client that does nothing else. */
import { randomUUID } from 'node:crypto'
import type { SpooledEvent } from '@aloft/shared/protocol/events'
import { type DatabaseAddress, openDatabase } from '../../control-plane/src/database/client.ts'
import { GeneratedSpool } from '../fleet/generated-spool.ts'

/** As many rows a statement as made it quickest here. */
const ROWS = 1_000

/** Rows a second, each statement its own transaction, durable like ours. */
export async function bareInserts(address: DatabaseAddress, total: number): Promise<number> {
  const { sql, close } = openDatabase(address, 1)
  const agentId = randomUUID()
  const siteId = randomUUID()
  const spool = new GeneratedSpool({ bootId: randomUUID(), vrid: 7, isFirst: true })
  spool.grow(total)
  try {
    await sql`select 1`
    // Made before the clock starts: to make them is not what is measured.
    const statements: string[] = []
    for (let seq = 0; seq < total; seq += ROWS) {
      const events = await spool.read(seq, { countMax: ROWS })
      statements.push(
        JSON.stringify(events.map((event) => rowOf(event, { agentId, siteId, epoch: spool.epoch }))),
      )
    }
    const beganMs = performance.now()
    for (const rows of statements) {
      await sql`
        insert into events (agent_id, epoch, seq, site_id, wall_ms, mono_ms, boot_id, occurred_at_ms,
          occurred_at_error_ms, received_at_ms, late, kind, virtual_router, vrid, family, body, content_hash)
        select * from jsonb_to_recordset(${rows}::text::jsonb) as r("agentId" uuid, epoch text, seq bigint,
          "siteId" uuid, "wallMs" float8, "monoMs" float8, "bootId" text, "occurredAtMs" float8,
          "occurredAtErrorMs" float8, "receivedAtMs" float8, late boolean, kind text, "virtualRouter" text,
          vrid integer, family text, body jsonb, "contentHash" text)`
    }
    return (total * 1_000) / (performance.now() - beganMs)
  } finally {
    await close()
  }
}

function rowOf(
  { seq, at, body }: SpooledEvent,
  spool: { readonly agentId: string; readonly siteId: string; readonly epoch: string },
): object {
  const router = 'virtualRouter' in body ? body : null
  return {
    ...spool,
    seq,
    ...at,
    occurredAtMs: at.wallMs,
    occurredAtErrorMs: 0.5,
    receivedAtMs: at.wallMs,
    late: false,
    kind: body.kind,
    virtualRouter: router?.virtualRouter ?? null,
    vrid: router !== null && 'vrid' in router ? router.vrid : null,
    family: router !== null && 'family' in router ? router.family : null,
    body,
    contentHash: 'f'.repeat(64),
  }
}
