import type { Grant } from '@aloft/shared/api/access'
import { and, eq, gt, sql } from 'drizzle-orm'
import { siteIdsOf } from '../access/store-grants.ts'
import type { Database, Transaction } from '../database/client.ts'
import { providerSignIns, type StoredGrant, userIdentities, users } from '../database/schema/index.ts'

/** Anybody may begin one. Beyond so many the oldest is forgotten: the newest is somebody's who is still there. */
const SIGN_INS_MAX = 10_000

/** Writes it down, and forgets those that are too many. */
export async function insertSignIn(db: Database, signIn: typeof providerSignIns.$inferInsert): Promise<void> {
  await db.insert(providerSignIns).values(signIn)
  // What another transaction takes out at this moment is left to it, so that none waits for another.
  await db.execute(sql`
    delete from provider_sign_ins where state_hash in (
      select state_hash from provider_sign_ins where state_hash in (
        select state_hash from provider_sign_ins order by expires_at_ms desc, state_hash
        offset ${SIGN_INS_MAX}::int)
      for update skip locked)`)
}

/** Takes the sign-in out; false when there is none (any more), so that of two takers one gets it. */
export async function takeSignIn(db: Database, stateHash: string, nowMs: number): Promise<boolean> {
  const taken = await db
    .delete(providerSignIns)
    .where(and(eq(providerSignIns.stateHash, stateHash), gt(providerSignIns.expiresAtMs, nowMs)))
    .returning({ stateHash: providerSignIns.stateHash })
  return taken.length === 1
}

export interface LinkedUser {
  readonly id: string
  readonly name: string
  readonly grants: readonly StoredGrant[]
  readonly grantsFrom: 'admin' | 'provider'
  readonly disabled: boolean
}

/** The user who is that to the provider, locked until the commit. */
export async function lockUserOf(
  tx: Transaction,
  issuer: string,
  subject: string,
): Promise<LinkedUser | null> {
  const [row] = await tx
    .select({
      id: users.id,
      name: users.name,
      grants: users.grants,
      grantsFrom: users.grantsFrom,
      disabled: sql<boolean>`${users.disabledAtMs} is not null`,
    })
    .from(userIdentities)
    .innerJoin(users, eq(users.id, userIdentities.userId))
    .where(and(eq(userIdentities.issuer, issuer), eq(userIdentities.subject, subject)))
    .for('no key update', { of: users })
  return row ?? null
}

/** Null when the name is taken. */
export async function insertProviderUser(
  tx: Transaction,
  user: {
    readonly name: string
    readonly grants: readonly StoredGrant[]
    readonly createdAtMs: number
  },
): Promise<string | null> {
  const [row] = await tx
    .insert(users)
    .values({ ...user, grantsFrom: 'provider' })
    .onConflictDoNothing({ target: users.name })
    .returning({ id: users.id })
  return row?.id ?? null
}

export async function insertIdentity(
  tx: Transaction,
  identity: typeof userIdentities.$inferInsert,
): Promise<void> {
  await tx.insert(userIdentities).values(identity)
}

export async function setProviderGrants(
  tx: Transaction,
  id: string,
  grants: readonly StoredGrant[],
): Promise<void> {
  await tx.update(users).set({ grants }).where(eq(users.id, id))
}

/** The grants without sites that are not there, and the names of those. */
export async function sitesThatExist(
  tx: Transaction,
  wanted: readonly Grant[],
): Promise<{ readonly grants: readonly Grant[]; readonly unknown: readonly string[] }> {
  const names = [...new Set(wanted.flatMap(({ sites }) => sites ?? []))]
  const ids = await siteIdsOf(tx, names)
  const grants = wanted.flatMap(({ role, sites }) => {
    const there = sites?.filter((name) => ids.has(name)) ?? null
    return there !== null && there.length === 0 ? [] : [{ role, sites: there }]
  })
  return { grants, unknown: names.filter((name) => !ids.has(name)) }
}
