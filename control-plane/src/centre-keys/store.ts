import { asc, eq, sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { centreKeys } from '../database/schema/index.ts'

export type CentreKeyRow = typeof centreKeys.$inferSelect

/** Any number will do, as long as every replica takes the same. */
const CENTRE_KEYS_LOCK = 0x6b657973

/** Until the commit nobody else makes a key. */
export async function lockKeys(tx: Transaction): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${CENTRE_KEYS_LOCK})`)
}

/** The oldest first. */
export async function selectKeys(db: Queryable): Promise<readonly CentreKeyRow[]> {
  return db.select().from(centreKeys).orderBy(asc(centreKeys.createdAtMs), asc(centreKeys.publicKey))
}

export async function insertKey(tx: Transaction, row: CentreKeyRow): Promise<void> {
  await tx.insert(centreKeys).values(row)
}

export async function setPrivateKey(
  tx: Transaction,
  publicKey: string,
  to: { readonly privateKey: string | null; readonly sealed: boolean },
): Promise<void> {
  await tx.update(centreKeys).set(to).where(eq(centreKeys.publicKey, publicKey))
}
