import { sql } from 'drizzle-orm'
import type { Queryable } from './client.ts'

/** Throws when the database does not answer within two seconds. */
export async function ping(db: Queryable): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the database did not answer within 2 s')), 2_000)
  })
  try {
    await Promise.race([db.execute(sql`select 1`), late])
  } finally {
    clearTimeout(timer)
  }
}
