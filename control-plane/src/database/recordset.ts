import { type SQL, sql } from 'drizzle-orm'

/**
 * Rows as one JSON parameter, to stand in FROM: one statement and one plan however many rows there are. `columns` is
 * SQL text of ours (`as r("agentId" uuid, …)`), never anything a caller was given.
 */
export function recordset(rows: readonly object[], columns: string): SQL {
  // Through text, because the driver would encode a string bound as jsonb once more.
  return sql`jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) ${sql.raw(columns)}`
}
