import { type SQL, sql } from 'drizzle-orm'
import type { Queryable, Transaction } from '../database/client.ts'
import { type StoredGrant, users } from '../database/schema/index.ts'

export interface UserRow extends Record<string, unknown> {
  readonly id: string
  readonly name: string
  readonly grants: readonly StoredGrant[]
  readonly grants_from: 'admin' | 'provider'
  readonly has_password: boolean
  readonly providers: readonly string[]
  readonly created_at_ms: number
  readonly last_sign_in_at_ms: number | null
  readonly disabled_at_ms: number | null
  readonly revision: number
}

export interface UserFilter {
  readonly idOrName?: string
  readonly name?: string | undefined
  readonly disabled?: boolean | undefined
  readonly after?: string | null
  readonly limit: number
}

/** By name; at most `limit`. */
export async function selectUsers(db: Queryable, filter: UserFilter): Promise<readonly UserRow[]> {
  const conditions: SQL[] = [sql`true`]
  if (filter.idOrName !== undefined)
    conditions.push(sql`(u.id::text = ${filter.idOrName} or u.name = ${filter.idOrName})`)
  if (filter.name !== undefined) conditions.push(sql`u.name = ${filter.name}`)
  if (filter.disabled !== undefined) conditions.push(sql`(u.disabled_at_ms is not null) = ${filter.disabled}`)
  if (filter.after) conditions.push(sql`u.name > ${filter.after}`)
  return db.execute<UserRow>(sql`
    select u.id, u.name, u.grants, u.grants_from, u.password_hash is not null as has_password,
      coalesce((select jsonb_agg(i.issuer order by i.issuer) from user_identities i where i.user_id = u.id), '[]')
        as providers,
      u.created_at_ms, u.last_sign_in_at_ms, u.disabled_at_ms, u.revision
    from users u where ${sql.join(conditions, sql` and `)} order by u.name limit ${filter.limit}::int`)
}

/** Null when the name is taken. */
export async function insertUser(tx: Transaction, user: typeof users.$inferInsert): Promise<string | null> {
  const [row] = await tx
    .insert(users)
    .values(user)
    .onConflictDoNothing({ target: users.name })
    .returning({ id: users.id })
  return row?.id ?? null
}

export interface LockedUser extends Record<string, unknown> {
  readonly id: string
  readonly revision: number
}

/** Until the commit; null when there is none. */
export async function lockUser(tx: Transaction, idOrName: string): Promise<LockedUser | null> {
  const [row] = await tx.execute<LockedUser>(sql`
    select id, revision from users where id::text = ${idOrName} or name = ${idOrName} for no key update`)
  return row ?? null
}

export async function setGrants(tx: Transaction, id: string, grants: readonly StoredGrant[]): Promise<void> {
  await tx.execute(
    sql`update users set grants = ${JSON.stringify(grants)}::text::jsonb, revision = revision + 1
    where id = ${id}::uuid`,
  )
}

export async function setDisabled(tx: Transaction, id: string, disabledAtMs: number | null): Promise<void> {
  await tx.execute(sql`update users set disabled_at_ms = ${disabledAtMs}::float8, revision = revision + 1
    where id = ${id}::uuid`)
}
