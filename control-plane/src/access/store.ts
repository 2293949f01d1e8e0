import { and, eq, gt, isNull, sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { apiTokens, browserSessions, type StoredGrant, signInCodes } from '../database/schema/index.ts'

/** A credential that holds: neither expired nor revoked, and nobody it depends on is disabled. */
export interface StoredCredential extends Record<string, unknown> {
  readonly id: string
  /** Of the session or the token. */
  readonly expires_at_ms: number | null
  readonly used_at_ms: number | null
  readonly user_id: string | null
  readonly user_name: string | null
  readonly user_grants: readonly StoredGrant[] | null
  readonly token_id: string | null
  readonly token_name: string | null
  readonly token_expires_at_ms: number | null
  readonly token_grants: readonly StoredGrant[] | null
  /** Of a session that belongs to nobody. */
  readonly own_grants: readonly StoredGrant[] | null
}

const tokenHolds = (nowMs: number) =>
  sql`t.revoked_at_ms is null and (t.expires_at_ms is null or t.expires_at_ms > ${nowMs}::float8)`

export async function findApiToken(
  db: Queryable,
  hash: string,
  at: { readonly nowMs: number },
): Promise<StoredCredential | null> {
  const [row] = await db.execute<StoredCredential>(sql`
    select t.id, t.expires_at_ms, t.last_used_at_ms as used_at_ms, t.user_id, u.name as user_name,
      u.grants as user_grants, t.id as token_id, t.name as token_name, t.grants as token_grants,
      t.expires_at_ms as token_expires_at_ms, null as own_grants
    from api_tokens t left join users u on u.id = t.user_id
    where t.hash = ${hash} and ${tokenHolds(at.nowMs)} and u.disabled_at_ms is null`)
  return row ?? null
}

/** The id of the new token; null when it is known already. */
export async function insertApiToken(
  tx: Transaction,
  token: typeof apiTokens.$inferInsert,
): Promise<string | null> {
  const [row] = await tx
    .insert(apiTokens)
    .values(token)
    .onConflictDoNothing({ target: apiTokens.hash })
    .returning({ id: apiTokens.id })
  return row?.id ?? null
}

/** `seenSinceMs`: a session nobody used since then has ended. */
export async function findBrowserSession(
  db: Queryable,
  hash: string,
  at: { readonly nowMs: number; readonly seenSinceMs: number },
): Promise<StoredCredential | null> {
  const [row] = await db.execute<StoredCredential>(sql`
    select s.id, s.expires_at_ms, s.last_seen_at_ms as used_at_ms, coalesce(s.user_id, t.user_id) as user_id,
      u.name as user_name, u.grants as user_grants, t.id as token_id, t.name as token_name,
      t.grants as token_grants, t.expires_at_ms as token_expires_at_ms, s.grants as own_grants
    from browser_sessions s left join api_tokens t on t.id = s.api_token_id
    left join users u on u.id = coalesce(s.user_id, t.user_id)
    where s.hash = ${hash} and s.expires_at_ms > ${at.nowMs}::float8 and s.last_seen_at_ms > ${at.seenSinceMs}::float8
      and (t.id is null or ${tokenHolds(at.nowMs)}) and u.disabled_at_ms is null`)
  return row ?? null
}

/** Only when nobody noted a use in the last `sinceMs`: of many requests at once, one writes. */
export async function noteTokenUse(db: Queryable, id: string, nowMs: number, sinceMs: number): Promise<void> {
  await db.execute(sql`update api_tokens set last_used_at_ms = ${nowMs}::float8
    where id = ${id}::uuid and coalesce(last_used_at_ms, 0) <= ${sinceMs}::float8`)
}

export async function noteSessionUse(
  db: Queryable,
  id: string,
  nowMs: number,
  sinceMs: number,
): Promise<void> {
  await db.execute(sql`update browser_sessions set last_seen_at_ms = ${nowMs}::float8
    where id = ${id}::uuid and last_seen_at_ms <= ${sinceMs}::float8`)
}

export async function insertBrowserSession(
  tx: Transaction,
  session: typeof browserSessions.$inferInsert,
): Promise<string> {
  const [row] = await tx.insert(browserSessions).values(session).returning({ id: browserSessions.id })
  if (row === undefined) throw new Error('an inserted session has an id')
  return row.id
}

/** The id of the session that ended; null when there was none. */
export async function deleteBrowserSession(tx: Transaction, hash: string): Promise<string | null> {
  const [row] = await tx
    .delete(browserSessions)
    .where(eq(browserSessions.hash, hash))
    .returning({ id: browserSessions.id })
  return row?.id ?? null
}

export async function insertSignInCode(db: Queryable, code: typeof signInCodes.$inferInsert): Promise<void> {
  await db.insert(signInCodes).values(code)
}

/** Marks an unused, unexpired code as used; false when there is none, so that of two takers one gets it. */
export async function takeSignInCode(db: Queryable, hash: string, nowMs: number): Promise<boolean> {
  const taken = await db
    .update(signInCodes)
    .set({ usedAtMs: nowMs })
    .where(and(eq(signInCodes.hash, hash), isNull(signInCodes.usedAtMs), gt(signInCodes.expiresAtMs, nowMs)))
    .returning({ hash: signInCodes.hash })
  return taken.length === 1
}
