import { sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'

export interface KeyRow {
  readonly id: string
  /** Base64. */
  readonly key: string
  readonly createdAtMs: number
}

/** Newest first. */
export async function selectKeys(db: Queryable): Promise<readonly KeyRow[]> {
  const rows = await db.execute<{ id: string; key: string; created_at_ms: number }>(
    sql`select id, key, created_at_ms from exchange_keys order by created_at_ms desc, id`,
  )
  return rows.map(({ id, key, created_at_ms }) => ({ id, key, createdAtMs: created_at_ms }))
}

/** Two replicas that find none at once would each make one: the table is locked against that. */
export async function lockKeys(tx: Transaction): Promise<void> {
  await tx.execute(sql`lock table exchange_keys in share row exclusive mode`)
}

export async function insertKey(tx: Transaction, { id, key, createdAtMs }: KeyRow): Promise<void> {
  await tx.execute(
    sql`insert into exchange_keys (id, key, created_at_ms) values (${id}, ${key}, ${createdAtMs})`,
  )
}

export async function deleteKeysBefore(tx: Transaction, createdAtMs: number): Promise<void> {
  await tx.execute(sql`delete from exchange_keys where created_at_ms < ${createdAtMs}`)
}
