import type { User } from '@aloft/shared/api/access'
import { z } from 'zod'
import { grantNames } from '../access/grants.ts'
import type { Queryable } from '../database/client.ts'
import type { Revised } from '../http/entity-tag.ts'
import { isoInstant, isoInstantOrNull } from '../http/instant.ts'
import { decodeCursor, toPage } from '../http/list-query.ts'
import { NotFound } from '../problems.ts'
import { selectUsers, type UserRow } from './store.ts'

export interface ListUsers {
  readonly name?: string | undefined
  readonly disabled?: boolean | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

const Cursor = z.tuple([z.string()])

export async function listUsers(db: Queryable, { cursor, limit, ...filter }: ListUsers) {
  const after = decodeCursor(cursor, Cursor)?.[0] ?? null
  const rows = await selectUsers(db, { ...filter, after, limit: limit + 1 })
  const page = toPage(rows, limit, (row) => [row.name])
  return { items: await toUsers(db, page.items), nextCursor: page.nextCursor }
}

/** By id or by name: both are unique, and people know the name. */
export async function getUser(db: Queryable, idOrName: string): Promise<Revised<User>> {
  const [row] = await selectUsers(db, { idOrName, limit: 1 })
  const [user] = row === undefined ? [] : await toUsers(db, [row])
  if (row === undefined || user === undefined) throw new NotFound(`there is no user ${idOrName}`)
  return { value: user, revision: row.revision }
}

async function toUsers(db: Queryable, rows: readonly UserRow[]): Promise<User[]> {
  const named = await grantNames(
    db,
    rows.map(({ grants }) => grants),
  )
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    grants: named(row.grants),
    grantsFrom: row.grants_from,
    hasPassword: row.has_password,
    providers: [...row.providers],
    createdAt: isoInstant(row.created_at_ms),
    lastSignInAt: isoInstantOrNull(row.last_sign_in_at_ms),
    disabledAt: isoInstantOrNull(row.disabled_at_ms),
  }))
}
