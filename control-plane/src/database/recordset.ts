import { type SQL, sql } from 'drizzle-orm'

/**
 * Rows as one JSON parameter, to stand in FROM: one statement and one plan however many rows there are. `columns` is
 * SQL text of ours (`as r("agentId" uuid, …)`), never anything a caller was given.
 */
export function recordset(rows: readonly object[], columns: string): SQL {
  // Through text, because the driver would encode a string bound as jsonb once more.
  return sql`jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) ${sql.raw(columns)}`
}

/**
 * The rows of a table with these keys, to stand in FROM: each by its key, however many there are and whatever the table's size
 * was when this was planned. `table` and `type` are SQL text of ours.
 */
export function rowsWithIds(table: string, type: 'text' | 'uuid', ids: readonly string[]): SQL {
  const wanted = [...new Set(ids)].map((id) => ({ id }))
  return sql`(select found.* from ${recordset(wanted, `as i(id ${type})`)}
    cross join lateral (select * from ${sql.raw(table)} where id = i.id offset 0) found)`
}
