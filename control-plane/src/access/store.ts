import { and, eq, gt, isNull, or } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { apiTokens, browserSessions, type StoredGrant, signInCodes } from '../database/schema/index.ts'

export interface StoredCredential {
  readonly id: string
  readonly name: string
  readonly grants: readonly StoredGrant[]
}

export async function findApiToken(
  db: Queryable,
  hash: string,
  nowMs: number,
): Promise<StoredCredential | null> {
  const [row] = await db
    .select({ id: apiTokens.id, name: apiTokens.name, grants: apiTokens.grants })
    .from(apiTokens)
    .where(
      and(
        eq(apiTokens.hash, hash),
        isNull(apiTokens.revokedAtMs),
        or(isNull(apiTokens.expiresAtMs), gt(apiTokens.expiresAtMs, nowMs)),
      ),
    )
  return row ?? null
}

export async function insertApiToken(db: Queryable, token: typeof apiTokens.$inferInsert): Promise<void> {
  await db.insert(apiTokens).values(token).onConflictDoNothing({ target: apiTokens.hash })
}

export async function findBrowserSession(
  db: Queryable,
  hash: string,
  nowMs: number,
): Promise<StoredCredential | null> {
  const [row] = await db
    .select({ id: browserSessions.id, grants: browserSessions.grants })
    .from(browserSessions)
    .where(and(eq(browserSessions.hash, hash), gt(browserSessions.expiresAtMs, nowMs)))
  return row === undefined ? null : { ...row, name: 'a browser session' }
}

export async function insertBrowserSession(
  db: Queryable,
  session: typeof browserSessions.$inferInsert,
): Promise<void> {
  await db.insert(browserSessions).values(session)
}

export async function deleteBrowserSession(db: Queryable, hash: string): Promise<void> {
  await db.delete(browserSessions).where(eq(browserSessions.hash, hash))
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
