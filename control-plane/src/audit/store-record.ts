import { desc, sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { audit } from '../database/schema/index.ts'

/** Any number will do, as long as every replica takes the same. */
const AUDIT_LOCK = 0x61756469

/** The end of the chain, which nobody else can add to until this transaction ends; null when there is no entry. */
export async function lockChain(
  tx: Transaction,
): Promise<{ readonly id: number; readonly hash: string } | null> {
  await tx.execute(sql`select pg_advisory_xact_lock(${AUDIT_LOCK})`)
  const [row] = await tx
    .select({ id: audit.id, hash: audit.hash })
    .from(audit)
    .orderBy(desc(audit.id))
    .limit(1)
  return row ?? null
}

export async function insertEntry(tx: Transaction, entry: typeof audit.$inferInsert): Promise<void> {
  await tx.insert(audit).values(entry)
}
