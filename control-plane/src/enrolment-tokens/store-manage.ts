import { eq, type SQL, sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { type Reach, withinReach } from '../database/reach.ts'
import { enrolmentTokens, type Labels, sites } from '../database/schema/index.ts'

export interface TokenRow extends Record<string, unknown> {
  readonly id: string
  readonly site: string
  readonly created_at_ms: number
  readonly expires_at_ms: number
  readonly max_uses: number
  readonly uses: number
  readonly labels: Labels
  readonly needs_approval: boolean
}

const COLUMNS = sql`k.id, t.name as site, k.created_at_ms, k.expires_at_ms, k.max_uses, k.uses,
  k.labels, k.needs_approval`

export async function findSite(tx: Transaction, name: string): Promise<string | null> {
  const [site] = await tx.select({ id: sites.id }).from(sites).where(eq(sites.name, name))
  return site?.id ?? null
}

/** The new site's id; null when somebody made it in the meantime. */
export async function insertSite(tx: Transaction, name: string, nowMs: number): Promise<string | null> {
  const [site] = await tx
    .insert(sites)
    .values({ name, createdAtMs: nowMs })
    .onConflictDoNothing({ target: sites.name })
    .returning({ id: sites.id })
  return site?.id ?? null
}

export async function insertToken(
  tx: Transaction,
  token: typeof enrolmentTokens.$inferInsert,
): Promise<string> {
  const [row] = await tx.insert(enrolmentTokens).values(token).returning({ id: enrolmentTokens.id })
  if (row === undefined) throw new Error('an insert returned no row')
  return row.id
}

/** Newest first, without revoked ones; at most `limit`. */
export async function selectTokens(
  db: Queryable,
  filter: {
    readonly reach: Reach
    readonly site?: string | undefined
    readonly before: readonly [createdAtMs: number, id: string] | null
    readonly limit: number
  },
): Promise<readonly TokenRow[]> {
  const conditions: SQL[] = [sql`k.revoked_at_ms is null`, withinReach(filter.reach, sql`k.site_id`)]
  if (filter.site !== undefined) conditions.push(sql`t.name = ${filter.site}`)
  if (filter.before) {
    const [createdAtMs, id] = filter.before
    conditions.push(sql`(k.created_at_ms, k.id) < (${createdAtMs}::float8, ${id}::uuid)`)
  }
  return db.execute<TokenRow>(sql`
    select ${COLUMNS} from enrolment_tokens k join sites t on t.id = k.site_id
    where ${sql.join(conditions, sql` and `)}
    order by k.created_at_ms desc, k.id desc limit ${filter.limit}::int`)
}

/** The token as it was; null when there is none within reach, or it was revoked before. */
export async function revoke(
  tx: Transaction,
  token: { readonly id: string; readonly reach: Reach; readonly nowMs: number },
): Promise<(TokenRow & { readonly site_id: string }) | null> {
  const [row] = await tx.execute<TokenRow & { readonly site_id: string }>(sql`
    update enrolment_tokens k set revoked_at_ms = ${token.nowMs}::float8 from sites t
    where k.id = ${token.id}::uuid and k.revoked_at_ms is null and t.id = k.site_id
      and ${withinReach(token.reach, sql`k.site_id`)}
    returning ${COLUMNS}, k.site_id`)
  return row ?? null
}
