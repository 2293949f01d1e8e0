import { sql } from 'drizzle-orm'
import type { Queryable } from '../database/client.ts'
import { recordset } from '../database/recordset.ts'

export async function siteIdsOf(
  db: Queryable,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map()
  const rows = await db.execute<{ id: string; name: string }>(sql`
    select t.id, t.name from ${recordset(
      names.map((name) => ({ name })),
      'as i(name text)',
    )} join sites t on t.name = i.name`)
  return new Map(rows.map(({ id, name }) => [name, id]))
}

export async function siteNamesOf(
  db: Queryable,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await db.execute<{ id: string; name: string }>(sql`
    select t.id, t.name from ${recordset(
      ids.map((id) => ({ id })),
      'as i(id uuid)',
    )} join sites t on t.id = i.id`)
  return new Map(rows.map(({ id, name }) => [id, name]))
}
