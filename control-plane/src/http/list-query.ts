import { z } from '@hono/zod-openapi'
import { Invalid } from '../problems.ts'

/** Query parameters all lists share. */
export const paging = {
  limit: z.coerce
    .number()
    .pipe(z.int().min(1).max(500))
    .default(50)
    .openapi({ description: 'The most items one answer holds.' }),
  cursor: z.string().min(1).optional().openapi({ description: '`nextCursor` of the page before.' }),
}

const instant = z
  .string()
  .pipe(z.iso.datetime({ offset: true, error: 'an ISO 8601 instant such as 2026-11-22T21:00:00Z' }))
  .transform((text) => Date.parse(text))

/** Corrected time; `from` is part of the span, `to` is not. */
export const timeSpan = {
  from: instant.optional().openapi({ type: 'string', format: 'date-time' }),
  to: instant.optional().openapi({ type: 'string', format: 'date-time' }),
}

export const siteFilter = { site: z.string().min(1).optional().openapi({ description: 'Name of a site.' }) }

export const vridFilter = { vrid: z.coerce.number().pipe(z.int().min(1).max(255)).optional() }

/** A page's last keys, opaque to clients. */
export function encodeCursor(keys: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url')
}

/** Reads a cursor of the list whose keys `schema` describes. Throws `Invalid`. */
export function decodeCursor<T>(cursor: string | undefined, schema: z.ZodType<T>): T | null {
  if (cursor === undefined) return null
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    const message = 'not a cursor of this list'
    throw new Invalid(`?cursor: ${message}`, [{ pointer: '?cursor', message }])
  }
}

/** Cuts rows that were asked for with `limit + 1` into a page. */
export function toPage<T>(
  rows: readonly T[],
  limit: number,
  keysOf: (row: T) => readonly (string | number)[],
): { readonly items: T[]; readonly nextCursor: string | null } {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? encodeCursor(keysOf(last)) : null }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Whether what somebody sent can be an id at all; PostgreSQL would call anything else an error. */
export function isId(text: string): boolean {
  return UUID.test(text)
}
