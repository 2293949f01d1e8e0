import type { Observed, ResumedBody, TransitionBody } from '@aloft/shared/protocol/events'
import { sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { executeKept } from '../database/kept.ts'
import { recordset } from '../database/recordset.ts'
import type { EventKey } from '../database/schema/index.ts'

export interface TransitionRow extends EventKey {
  readonly virtualRouterId: string
  readonly at: Observed
  readonly occurredAtMs: number
  readonly occurredAtErrorMs: number | null
  readonly receivedAtMs: number
  readonly late: boolean
  readonly body: TransitionBody | ResumedBody
}

export async function insertTransitions(tx: Transaction, rows: readonly TransitionRow[]): Promise<void> {
  const flat = rows.map(({ agentId, epoch, seq, virtualRouterId, at, body, ...row }) => {
    const { occurredAtMs, occurredAtErrorMs, receivedAtMs, late } = row
    const times = { ...at, occurredAtMs, occurredAtErrorMs, receivedAtMs, late }
    return { agentId, epoch, seq, virtualRouterId, ...times, body }
  })
  await executeKept(
    tx,
    sql`
    insert into transitions (agent_id, epoch, seq, virtual_router_id, wall_ms, mono_ms, boot_id, occurred_at_ms,
      occurred_at_error_ms, received_at_ms, late, body)
    select * from ${recordset(
      flat,
      `as r("agentId" uuid, epoch text, seq bigint, "virtualRouterId" uuid, "wallMs" float8, "monoMs" float8,
        "bootId" text, "occurredAtMs" float8, "occurredAtErrorMs" float8, "receivedAtMs" float8, late boolean,
        body jsonb)`,
    )}
    on conflict (agent_id, epoch, seq) do nothing`,
  )
}
