import { and, eq, isNull, ne, sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { browserSessions, type StoredGrant, users } from '../database/schema/index.ts'

/** What signing in needs to know of a user. */
export interface SigningIn {
  readonly id: string
  readonly name: string
  readonly passwordHash: string | null
  readonly grants: readonly StoredGrant[]
}

const COLUMNS = {
  id: users.id,
  name: users.name,
  passwordHash: users.passwordHash,
  grants: users.grants,
}

export async function findUserByName(db: Queryable, name: string): Promise<SigningIn | null> {
  const [row] = await db
    .select(COLUMNS)
    .from(users)
    .where(and(eq(users.name, name), isNull(users.disabledAtMs)))
  return row ?? null
}

/** Locked until the commit, so that nobody is signed in while being disabled; null when disabled or not there. */
export async function lockEnabledUser(tx: Transaction, id: string): Promise<SigningIn | null> {
  const [row] = await tx
    .select(COLUMNS)
    .from(users)
    .where(and(eq(users.id, id), isNull(users.disabledAtMs)))
    .for('no key update')
  return row ?? null
}

export async function noteSignIn(tx: Transaction, id: string, nowMs: number): Promise<void> {
  await tx.update(users).set({ lastSignInAtMs: nowMs }).where(eq(users.id, id))
}

export async function setPassword(tx: Transaction, id: string, passwordHash: string): Promise<void> {
  await tx.update(users).set({ passwordHash }).where(eq(users.id, id))
}

/** Ends every session of a user, and those that its tokens opened; all but one if that is given. How many. */
export async function endSessionsOf(
  tx: Transaction,
  userId: string,
  exceptId: string | null = null,
): Promise<number> {
  const ended = await tx
    .delete(browserSessions)
    .where(
      and(
        sql`(${browserSessions.userId} = ${userId}::uuid or ${browserSessions.apiTokenId} in
          (select id from api_tokens where user_id = ${userId}::uuid))`,
        exceptId === null ? undefined : ne(browserSessions.id, exceptId),
      ),
    )
    .returning({ id: browserSessions.id })
  return ended.length
}
