import { type SQL, sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { enrolmentTokens, sites } from '../database/schema/index.ts'

export interface TokenRow extends Record<string, unknown> {
  readonly id: string
  readonly site: string
  readonly created_at_ms: number
  readonly expires_at_ms: number
  readonly max_uses: number
  readonly uses: number
  readonly request_hash: string
}

const COLUMNS = sql`k.id, t.name as site, k.created_at_ms, k.expires_at_ms, k.max_uses, k.uses, k.request_hash`

/** The site's id; made if nobody named it before. */
export async function ensureSite(tx: Transaction, name: string, nowMs: number): Promise<string> {
  const [site] = await tx
    .insert(sites)
    .values({ name, createdAtMs: nowMs })
    .onConflictDoUpdate({ target: sites.name, set: { name } })
    .returning({ id: sites.id })
  if (site === undefined) throw new Error('an upsert returned no row')
  return site.id
}

/** Null when the same caller used the same idempotency key before. */
export async function insertToken(
  tx: Transaction,
  token: typeof enrolmentTokens.$inferInsert,
): Promise<string | null> {
  const [row] = await tx
    .insert(enrolmentTokens)
    .values(token)
    .onConflictDoNothing({ target: [enrolmentTokens.createdBy, enrolmentTokens.idempotencyKey] })
    .returning({ id: enrolmentTokens.id })
  return row?.id ?? null
}

export async function selectByIdempotencyKey(
  db: Queryable,
  createdBy: string,
  key: string,
): Promise<TokenRow | null> {
  const [row] = await db.execute<TokenRow>(sql`
    select ${COLUMNS} from enrolment_tokens k join sites t on t.id = k.site_id
    where k.created_by = ${createdBy} and k.idempotency_key = ${key}`)
  return row ?? null
}

/** Newest first, without revoked ones; at most `limit`. */
export async function selectTokens(
  db: Queryable,
  filter: {
    readonly site?: string | undefined
    readonly before: readonly [createdAtMs: number, id: string] | null
    readonly limit: number
  },
): Promise<readonly TokenRow[]> {
  const conditions: SQL[] = [sql`k.revoked_at_ms is null`]
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

/** False when there is no such token, or it was revoked before. */
export async function revoke(db: Queryable, id: string, nowMs: number): Promise<boolean> {
  const rows = await db.execute(sql`
    update enrolment_tokens set revoked_at_ms = ${nowMs}::float8
    where id = ${id}::uuid and revoked_at_ms is null returning id`)
  return rows.length === 1
}
