/** A small fleet with a history: two nodes at one site, one at another, a failover between the two. */
import type { TestDatabase } from '@aloft/control-plane/database/test-database'
import { transact } from '@aloft/control-plane/database/transact'
import { ingest } from '@aloft/control-plane/events/ingest'
import { enrolNode, newToken, transition } from '@aloft/control-plane/gateway/test-agent'

const T0 = Date.UTC(2026, 10, 22, 20)

export async function fleetOf(database: TestDatabase): Promise<void> {
  const { db, sql } = database
  const [lb1, lb2] = [await enrolNode(db, 'paris', 'lb1'), await enrolNode(db, 'paris', 'lb2')]
  await enrolNode(db, 'rome', 'lb1')
  await newToken(db, { site: 'rome', maxUses: 3 })
  const [site] = await sql`select id from sites where name = 'paris'`
  for (const { agentId } of [lb1, lb2]) await sql`insert into agent_epochs values (${agentId}, 'e', 0, ${T0})`
  const batch = (agentId: string, events: readonly ReturnType<typeof transition>[]) => {
    const clock = { offsetMs: 0, errorMs: 1 }
    const facts = {
      siteId: String(site?.['id']),
      epoch: 'e',
      clock,
      generation: null,
      liveAfterSeq: 0,
      receivedAtMs: T0 + 61_000,
    }
    return transact(db, (tx) => ingest(tx, [{ ...facts, agentId, events }], T0 + 61_000))
  }
  const became = { from: 'backup', to: 'active' } as const
  await batch(lb1.agentId, [transition(1, { ...became, reason: 'priority', priority: 200, atMs: T0 })])
  await batch(lb2.agentId, [
    transition(1, { from: 'initialize', to: 'backup', reason: 'startup', atMs: T0 + 1_000 }),
    transition(2, { ...became, reason: 'no-response', outageMs: 312, atMs: T0 + 60_000 }),
  ])
}
