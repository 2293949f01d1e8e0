import { type SQL, sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { apiTokens, type StoredGrant } from '../database/schema/index.ts'

export interface TokenRow extends Record<string, unknown> {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly grants: readonly StoredGrant[]
  readonly owner: string | null
  readonly created_at_ms: number
  readonly expires_at_ms: number | null
  readonly last_used_at_ms: number | null
}

/** Whose tokens: everybody's, or those of one user, or those made by what belongs to no user (and itself). */
export type TokensOf = 'everybody' | { readonly userId: string } | { readonly actor: string }

function whose(of: TokensOf): SQL {
  if (of === 'everybody') return sql`true`
  if ('userId' in of) return sql`k.user_id = ${of.userId}::uuid`
  return sql`(k.user_id is null and (k.created_by = ${of.actor} or 'token:' || k.id = ${of.actor}))`
}

/** Newest first, without revoked ones; at most `limit`. */
export async function selectTokens(
  db: Queryable,
  filter: {
    readonly of: TokensOf
    readonly id?: string
    readonly owner?: string | undefined
    readonly before?: readonly [createdAtMs: number, id: string] | null
    readonly limit: number
  },
): Promise<readonly TokenRow[]> {
  const conditions: SQL[] = [sql`k.revoked_at_ms is null`, whose(filter.of)]
  if (filter.id !== undefined) conditions.push(sql`k.id = ${filter.id}::uuid`)
  if (filter.owner !== undefined) conditions.push(sql`u.name = ${filter.owner}`)
  if (filter.before) {
    const [createdAtMs, id] = filter.before
    conditions.push(sql`(k.created_at_ms, k.id) < (${createdAtMs}::float8, ${id}::uuid)`)
  }
  return db.execute<TokenRow>(sql`
    select k.id, k.name, k.prefix, k.grants, u.name as owner, k.created_at_ms, k.expires_at_ms, k.last_used_at_ms
    from api_tokens k left join users u on u.id = k.user_id
    where ${sql.join(conditions, sql` and `)}
    order by k.created_at_ms desc, k.id desc limit ${filter.limit}::int`)
}

export async function insertToken(tx: Transaction, token: typeof apiTokens.$inferInsert): Promise<string> {
  const [row] = await tx.insert(apiTokens).values(token).returning({ id: apiTokens.id })
  if (row === undefined) throw new Error('an inserted token has an id')
  return row.id
}

/** False when it was revoked before. */
export async function revoke(tx: Transaction, id: string, nowMs: number): Promise<boolean> {
  const rows = await tx.execute(sql`update api_tokens set revoked_at_ms = ${nowMs}::float8
    where id = ${id}::uuid and revoked_at_ms is null returning 1`)
  return rows.length === 1
}
