import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { type Reach, withinReach } from '../database/reach.ts'
import { sites } from '../database/schema/index.ts'

export interface LockedSite {
  readonly id: string
  readonly name: string
  readonly revision: number
}

/** The new site's id; null when the name is taken. */
export async function insertSite(tx: Transaction, name: string, nowMs: number): Promise<string | null> {
  const [site] = await tx
    .insert(sites)
    .values({ name, createdAtMs: nowMs })
    .onConflictDoNothing({ target: sites.name })
    .returning({ id: sites.id })
  return site?.id ?? null
}

/** By id or by name, until the commit; null when there is none within reach. */
export async function lockSite(tx: Transaction, reach: Reach, idOrName: string): Promise<LockedSite | null> {
  const isIt: SQL = sql`(${sites.id}::text = ${idOrName} or ${sites.name} = ${idOrName})`
  const [site] = await tx
    .select({ id: sites.id, name: sites.name, revision: sites.revision })
    .from(sites)
    .where(and(isIt, withinReach(reach, sql`${sites.id}`)))
    .for('update')
  return site ?? null
}

export async function findSiteNamed(db: Queryable, name: string): Promise<string | null> {
  const [site] = await db.select({ id: sites.id }).from(sites).where(eq(sites.name, name))
  return site?.id ?? null
}

/** The new revision. */
export async function setName(tx: Transaction, site: LockedSite, name: string): Promise<number> {
  const revision = site.revision + 1
  await tx.update(sites).set({ name, revision }).where(eq(sites.id, site.id))
  return revision
}

/** What there still is of a site: nodes, and virtual routers with their history. */
export async function countContents(
  tx: Transaction,
  siteId: string,
): Promise<{ readonly agents: number; readonly routers: number }> {
  const [row] = await tx.execute<{ agents: number; routers: number }>(sql`
    select (select count(*) from agents where site_id = ${siteId}::uuid)::int as agents,
      (select count(*) from virtual_routers where site_id = ${siteId}::uuid)::int as routers`)
  return row ?? { agents: 0, routers: 0 }
}

/** Its enrolment tokens, which no node has used, or it would be there; how many. */
export async function deleteTokens(tx: Transaction, siteId: string): Promise<number> {
  const gone = await tx.execute(
    sql`delete from enrolment_tokens where site_id = ${siteId}::uuid returning id`,
  )
  return gone.length
}

export async function deleteSite(tx: Transaction, siteId: string): Promise<void> {
  await tx.delete(sites).where(eq(sites.id, siteId))
}
