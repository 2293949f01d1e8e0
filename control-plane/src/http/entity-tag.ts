import { createHash } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { Invalid, PreconditionFailed } from '../problems.ts'
import type { RequestVariables } from './request-context.ts'

/**
 * Every JSON answer to a read gets an `ETag`, and 304 when the caller has it already. What may be changed by the caller
 * begins with its revision (`"7.k3…"`), which is what `If-Match` is compared by: a node that connects meanwhile changes
 * what is shown of a site, and is no reason to refuse its new name.
 */
export const entityTags: MiddlewareHandler<{ Variables: RequestVariables }> = async (c, next) => {
  await next()
  const type = c.res.headers.get('content-type') ?? ''
  if (!isRead(c) || c.res.status !== 200 || !type.startsWith('application/json')) return
  const body = new Uint8Array(await c.res.arrayBuffer())
  const revision = c.get('revision')
  const etag = revision === undefined ? `"${hashOf(body)}"` : tagOf(revision, body)
  const headers = new Headers(c.res.headers)
  headers.set('etag', etag)
  // To be kept by its reader alone, and asked about each time.
  headers.set('cache-control', 'private, no-cache')
  headers.append('vary', 'accept, authorization, cookie')
  const isKnown = tagsOf(c.req.header('if-none-match')).some((tag) => tag === '*' || weak(tag) === weak(etag))
  if (isKnown) for (const name of ['content-type', 'content-length']) headers.delete(name)
  c.res = undefined
  c.res = isKnown ? new Response(null, { status: 304, headers }) : new Response(body, { headers })
}

/** For the description of a route that changes what has a revision. */
export const IF_MATCH = z.object({
  'if-match': z.string().optional().openapi({
    description:
      'The `ETag` of a read: refused with 412 when somebody changed it since. Without it the last one wins.',
  }),
})

/**
 * Counted, or a digest of what people decide upon; a read's `ETag` begins with it. Letters, digits, `-` and `_`.
 */
export type Revision = number | string

/** Something that may be changed by whoever has read it. */
export interface Revised<T> {
  readonly value: T
  readonly revision: Revision
}

/** Says of what is answered which revision it is. */
export function ofRevision(c: Context<{ Variables: RequestVariables }>, revision: Revision): void {
  c.set('revision', revision)
}

/** What an answer to a change says beside it: the `ETag` that a read at `path` would have now, for the next change. */
export function asChanged<T>(c: Context, path: string, { value, revision }: Revised<T>): T {
  c.header('etag', etagOf({ value, revision }))
  c.header('content-location', path)
  return value
}

/** The revision `If-Match` demands, or null when anything goes. Throws `Invalid` on what is no ETag of ours. */
export function demandedRevision(c: Context): string | null {
  const header = c.req.header('if-match')
  if (header === undefined || header.trim() === '*') return null
  const [tag, ...more] = tagsOf(header)
  const revision = /^"([\w-]{1,22})\./.exec(tag ?? '')?.[1]
  if (revision !== undefined && more.length === 0) return revision
  const message = 'send one ETag, as a read of this very object answered it'
  throw new Invalid(`If-Match: ${message}`, [{ pointer: '/if-match', message }])
}

/**
 * To be called under the lock of the row that is about to be changed; `current` reads what is there. Throws
 * `PreconditionFailed`, with the `ETag` of that.
 */
export async function requireRevision(
  demanded: string | null,
  actual: Revision,
  current: () => Promise<Revised<unknown>>,
): Promise<void> {
  if (demanded === null || demanded === String(actual)) return
  throw new PreconditionFailed(
    `it was changed meanwhile: If-Match names revision ${demanded}, and this is ${actual}`,
    etagOf(await current()),
  )
}

/** As a read answers it, which is `JSON.stringify` of the same. */
function etagOf({ value, revision }: Revised<unknown>): string {
  return tagOf(revision, new TextEncoder().encode(JSON.stringify(value)))
}

function tagOf(revision: Revision, body: Uint8Array): string {
  return `"${revision}.${hashOf(body)}"`
}

function hashOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, 22)
}

function isRead(c: Context): boolean {
  return c.req.method === 'GET' || c.req.method === 'HEAD'
}

function tagsOf(header: string | undefined): readonly string[] {
  return header === undefined ? [] : header.split(',').map((tag) => tag.trim())
}

function weak(tag: string): string {
  return tag.replace(/^W\//, '')
}
