import { eq, sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { isOpen } from '../database/live-session.ts'
import { agents, type Standing, sites } from '../database/schema/index.ts'

export async function agentOfKey(
  tx: Transaction,
  publicKey: string,
): Promise<{
  readonly id: string
  readonly siteId: string
  readonly site: string
  readonly node: string
  readonly standing: Standing
} | null> {
  const [row] = await tx
    .select({
      id: agents.id,
      siteId: agents.siteId,
      site: sites.name,
      node: agents.node,
      standing: agents.standing,
    })
    .from(agents)
    .innerJoin(sites, eq(sites.id, agents.siteId))
    .where(eq(agents.publicKey, publicKey))
  return row ?? null
}

/** Locked until the commit. `connected`: its session is open on a replica that lives. */
export async function agentOfNode(
  tx: Transaction,
  siteId: string,
  node: string,
): Promise<{ readonly id: string; readonly publicKey: string; readonly connected: boolean } | null> {
  const [row] = await tx.execute<{ id: string; public_key: string; connected: boolean }>(sql`
    select a.id, a.public_key,
      exists (select 1 from agent_sessions s where s.agent_id = a.id and ${isOpen(sql`s`)}) as connected
    from agents a where a.site_id = ${siteId}::uuid and a.node = ${node} for no key update of a`)
  if (row === undefined) return null
  return { id: row.id, publicKey: row.public_key, connected: row.connected }
}

export async function insertAgent(tx: Transaction, agent: typeof agents.$inferInsert): Promise<string> {
  const [row] = await tx.insert(agents).values(agent).returning({ id: agents.id })
  if (row === undefined) throw new Error('an inserted agent has an id')
  return row.id
}

/**
 * The node goes on under the same id with its history; what it was quarantined or revoked for belongs to the old identity,
 * and so do the credential and whatever was under way with it.
 */
export async function replaceKey(
  tx: Transaction,
  id: string,
  identity: Partial<typeof agents.$inferInsert>,
): Promise<void> {
  await tx
    .update(agents)
    .set({
      ...identity,
      standingReason: null,
      quarantinedReason: null,
      credentialSerial: null,
      credentialExpiresAtMs: null,
      candidateKey: null,
      rotateRequestedAtMs: null,
    })
    .where(eq(agents.id, id))
}
