import { FamilyName } from '@aloft/shared/protocol/events'
import { z } from '@hono/zod-openapi'
import { Invalid } from '../problems.ts'

function wholeNumber(minimum: number, maximum: number) {
  return z.coerce
    .number()
    .pipe(z.int().min(minimum).max(maximum))
    .openapi({ type: 'integer', minimum, maximum })
}

/** `true` or `false`; `z.coerce.boolean` would take `false` for true. */
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true')

/** Query parameters all lists share. */
export const paging = {
  limit: wholeNumber(1, 500).default(50).openapi({
    type: 'integer',
    minimum: 1,
    maximum: 500,
    default: 50,
    description: 'The most items one page holds. As NDJSON the list is whole unless this is given.',
  }),
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

export const nodeFilter = { node: z.string().min(1).optional().openapi({ description: 'Name of a node.' }) }

export const vridFilter = { vrid: wholeNumber(1, 255).optional() }

export const familyFilter = { family: FamilyName.optional() }

export const nameFilter = {
  name: z.string().min(1).optional().openapi({ description: 'Name of a virtual router.' }),
}

export const lateFilter = {
  late: flag.optional().openapi({
    type: 'boolean',
    description: 'Whether it arrived long after it happened, such as when a site was cut off.',
  }),
}

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

/** How many rows one read looks through while it searches for a page. */
const SEARCH_ROWS = 500

/**
 * A page of what only the code can tell from the rest (a state that is derived): reads on until the page is full or the
 * list ends, so that no page is short of what there is. `read` answers in the order of the cursor.
 */
export async function searchPage<T, C extends readonly (string | number)[]>(
  first: C | null,
  limit: number,
  search: {
    readonly read: (after: C | null, limit: number) => Promise<readonly T[]>
    readonly keysOf: (item: T) => C
    readonly isWanted: (item: T) => boolean
  },
): Promise<{ readonly items: T[]; readonly nextCursor: string | null }> {
  const items: T[] = []
  let after = first
  while (true) {
    const rows = await search.read(after, SEARCH_ROWS)
    items.push(...rows.filter(search.isWanted))
    // One more than the page says that there is a next one.
    const last = items.length > limit ? items[limit - 1] : undefined
    if (last !== undefined)
      return { items: items.slice(0, limit), nextCursor: encodeCursor(search.keysOf(last)) }
    const end = rows.at(-1)
    if (rows.length < SEARCH_ROWS || end === undefined) return { items, nextCursor: null }
    after = search.keysOf(end)
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Whether what somebody sent can be an id at all; PostgreSQL would call anything else an error. */
export function isId(text: string): boolean {
  return UUID.test(text)
}
