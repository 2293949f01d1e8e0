import { sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import type { SignInMethod } from '../database/schema/index.ts'

export interface SessionRow extends Record<string, unknown> {
  readonly id: string
  readonly method: SignInMethod
  readonly address: string | null
  readonly user_agent: string | null
  readonly created_at_ms: number
  readonly last_seen_at_ms: number
  readonly expires_at_ms: number
}

/** Whose sessions: a user's (those its tokens opened included), a token's without a user, or the one of a link. */
export type SessionsOf =
  | { readonly userId: string }
  | { readonly tokenId: string }
  | { readonly sessionId: string }

const whose = (of: SessionsOf) => {
  if ('userId' in of)
    return sql`(s.user_id = ${of.userId}::uuid or s.api_token_id in
      (select id from api_tokens where user_id = ${of.userId}::uuid))`
  if ('tokenId' in of) return sql`s.api_token_id = ${of.tokenId}::uuid`
  return sql`s.id = ${of.sessionId}::uuid`
}

/** Those that have not ended, newest first. Nobody has so many that they need pages; `limit` is a bound all the same. */
export async function selectSessions(
  db: Queryable,
  of: SessionsOf,
  at: { readonly nowMs: number; readonly seenSinceMs: number; readonly limit: number },
): Promise<readonly SessionRow[]> {
  return db.execute<SessionRow>(sql`
    select s.id, s.method, s.address, s.user_agent, s.created_at_ms, s.last_seen_at_ms, s.expires_at_ms
    from browser_sessions s
    where ${whose(of)} and s.expires_at_ms > ${at.nowMs}::float8 and s.last_seen_at_ms > ${at.seenSinceMs}::float8
    order by s.created_at_ms desc, s.id limit ${at.limit}::int`)
}

export async function selectHasPassword(db: Queryable, userId: string): Promise<boolean> {
  const [row] = await db.execute(
    sql`select 1 from users where id = ${userId}::uuid and password_hash is not null`,
  )
  return row !== undefined
}

export async function deleteSession(tx: Transaction, of: SessionsOf, id: string): Promise<boolean> {
  const rows = await tx.execute(
    sql`delete from browser_sessions s where ${whose(of)} and s.id = ${id}::uuid returning 1`,
  )
  return rows.length === 1
}
