import { ExportEnd, ExportFailed, type Problem, page } from '@aloft/shared/api/schemas'
import { z } from '@hono/zod-openapi'
import type { TypedResponse } from 'hono'
import { NDJSON } from './negotiation.ts'
import { problemOf } from './problem-answer.ts'
import type { RequestContext } from './request-context.ts'

interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
}

interface Export<T> {
  /** The page after a cursor; undefined begins. */
  readonly page: (cursor: string | undefined, limit: number) => Promise<Page<T>>
  readonly cursor: string | undefined
  /** The most items; null is all there are. */
  readonly limit: number | null
  /** What failed when it is too late for a status. */
  readonly failed: (error: unknown) => Problem
}

const ROWS_PER_READ = 500

/** The description of a list that is answered in pages, or whole as NDJSON. */
export const jsonOrLines = <T extends z.ZodType>(item: T, description: string) => ({
  description: `${description} With \`Accept: ${NDJSON}\` the whole list, an item a line, and a last line that says so.`,
  content: {
    'application/json': { schema: page(item) },
    [NDJSON]: { schema: z.union([item, ExportEnd, ExportFailed]) },
  },
})

/** The list that `read` reads as lines, from `query.cursor` on, up to the limit that was asked for if one was. */
export function exportLines<Q extends { readonly cursor?: string | undefined; readonly limit: number }, T>(
  c: RequestContext,
  query: Q,
  read: (query: Q) => Promise<Page<T>>,
): Promise<Response & TypedResponse<never, 200, 'json'>> {
  const answer = linesAnswer({
    page: (cursor, limit) => read({ ...query, cursor, limit }),
    cursor: query.cursor,
    limit: c.req.query('limit') === undefined ? null : query.limit,
    failed: (error) => problemOf(error, c.get('report')),
  })
  // The router's types know one form an answer; what lines hold is in the description, and the client's types have it.
  return answer as Promise<Response & TypedResponse<never, 200, 'json'>>
}

/**
 * A list as NDJSON: an item a line, read page by page as fast as the reader takes it, so that neither memory nor a
 * snapshot grows with the export. The last line says that it is the last (`{"end":…}`) or why it breaks off
 * (`{"failed":…}`): an export without one was cut on its way. The first page is read before the answer begins, so
 * that what is refused has a status.
 */
export async function linesAnswer<T>(wanted: Export<T>): Promise<Response> {
  const first = await wanted.page(wanted.cursor, rowsOf(wanted, 0))
  const encoder = new TextEncoder()
  const rows = linesOf(wanted, first)
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await rows.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
      cancel: async () => {
        await rows.return(undefined)
      },
    },
    { highWaterMark: 1 },
  )
  const headers = {
    'content-type': NDJSON,
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  }
  return new Response(body, { headers })
}

/** One text a page. */
async function* linesOf<T>(wanted: Export<T>, first: Page<T>): AsyncGenerator<string, undefined> {
  let count = 0
  let page = first
  try {
    while (true) {
      count += page.items.length
      const text = page.items.map((item) => `${JSON.stringify(item)}\n`).join('')
      if (page.nextCursor === null || rowsOf(wanted, count) === 0) {
        yield text + lastLine({ end: { items: count, nextCursor: page.nextCursor } })
        return undefined
      }
      yield text
      page = await wanted.page(page.nextCursor, rowsOf(wanted, count))
    }
  } catch (error) {
    yield lastLine({ failed: wanted.failed(error) })
    return undefined
  }
}

function rowsOf<T>({ limit }: Export<T>, count: number): number {
  return limit === null ? ROWS_PER_READ : Math.min(ROWS_PER_READ, limit - count)
}

function lastLine(line: ExportEnd | ExportFailed): string {
  return `${JSON.stringify(line)}\n`
}
