import { z } from '@hono/zod-openapi'
import { authenticate } from '../access/authenticate.ts'
import type { Database } from '../database/client.ts'
import { credentialOf } from '../http/credentials.ts'
import { type ApiRouter, apiRoute, newRouter, PROBLEMS, reachFor } from '../http/router.ts'
import { Forbidden, Invalid, Unauthenticated } from '../problems.ts'
import type { FeedReader } from './feed-reader.ts'
import { follow } from './follow.ts'
import { type Position, parsePosition } from './position.ts'

export interface StreamOptions {
  readonly db: Database
  readonly reader: FeedReader
  readonly now: () => number
  readonly keepAliveMs: number
}

const stream = apiRoute({
  permission: 'fleet.read',
  method: 'get',
  path: '/stream',
  summary: 'Everything as it happens (Server-Sent Events)',
  description:
    'First `hello` with `{resumed, requested}`, then `event`, `failover`, `virtual-router` and `agent`, each with the ' +
    'object as its own endpoint would return it now. Send `Last-Event-ID` to get what was missed, without holes or ' +
    'doubles; `resumed: false` says that was not possible and lists should be read again.',
  request: {
    query: z.strictObject({}),
    headers: z.object({ 'last-event-id': z.string().optional() }),
  },
  responses: {
    200: { description: 'The stream.', content: { 'text/event-stream': { schema: z.string() } } },
    ...PROBLEMS,
  },
})

export function streamRoutes(options: StreamOptions): ApiRouter {
  const { db, reader, now, keepAliveMs } = options
  return newRouter().openapi(stream, (c) => {
    const credential = credentialOf(c)
    if (credential === null) throw new Unauthenticated('sign in first')
    const reachNow = async () => {
      try {
        const caller = await authenticate(db, credential, { nowMs: now(), requestId: null })
        return reachFor(caller, 'fleet.read')
      } catch (error) {
        if (error instanceof Unauthenticated || error instanceof Forbidden) return null
        throw error
      }
    }
    const headers = {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    }
    // Nobody would read it, or end it.
    if (c.req.method === 'HEAD') return new Response(null, { headers })
    const after = positionOf(c.req.valid('header')['last-event-id'])
    const body = follow({ db, reader, after, reach: c.get('reach'), reachNow, keepAliveMs })
    return new Response(body, { headers })
  })
}

function positionOf(header: string | undefined): Position | null {
  if (header === undefined || header === '') return null
  const position = parsePosition(header)
  if (position !== null) return position
  const message = 'not an id of this stream'
  throw new Invalid(`Last-Event-ID: ${message}`, [{ pointer: '/last-event-id', message }])
}
