import type { BlockList } from 'node:net'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import type { Database } from '../database/client.ts'
import { onceByKey } from '../idempotency/once.ts'
import { Unavailable } from '../problems.ts'
import { apiDocument, routesOf } from './api-document.ts'
import { requireCaller } from './credentials.ts'
import { entityTags } from './entity-tag.ts'
import { answersOptions, type RouteOfPath, refusesTheRest, refusesVainIfMatch, routeOf } from './methods.ts'
import { acceptable, jsonBodies } from './negotiation.ts'
import { limitAddress, limitCaller, type RateLimits } from './rate-limit.ts'
import type { RequestVariables } from './request-context.ts'

type App = OpenAPIHono<{ Variables: RequestVariables }>

export interface ApiRules {
  readonly db: Database
  readonly now: () => number
  /** Null limits nobody. */
  readonly rateLimits: RateLimits | null
  readonly trustedProxies: BlockList
}

/** A handler that takes longer is given up: the caller gets 503 and may ask again, with the same `Idempotency-Key`. */
const ANSWER_WITHIN_MS = 30_000

/**
 * What holds for every route under `/api`, in this order: who floods is turned away before anything is looked up; nobody
 * is told anything before he is known; what cannot be answered is refused before anything is done.
 */
export function applyRules(app: App, { db, now, rateLimits, trustedProxies }: ApiRules): void {
  const routes = oncePerApp(() => routesOf(apiDocument(app)))
  if (rateLimits !== null) app.use('/api/*', limitAddress(rateLimits.address, trustedProxies))
  app.use('/api/*', requireCaller(db, now))
  if (rateLimits !== null) app.use('/api/*', limitCaller(rateLimits.caller))
  app.use('/api/*', notStored)
  app.use('/api/*', answersOptions(routes))
  app.use(
    '/api/*',
    acceptable((path) => routeOf(routes(), path)?.forms ?? []),
  )
  app.use('/api/*', jsonBodies)
  app.use('/api/*', refusesVainIfMatch(routes))
  app.use('/api/*', entityTags)
  app.use('/api/*', answersInTime)
  app.use('/api/*', onceByKey(db, now))
}

/** To be mounted after every route. */
export function refuseTheRest(app: App): void {
  app.all('/api/*', refusesTheRest(oncePerApp(() => routesOf(apiDocument(app)))))
}

/** The routes do not change once they are mounted, and the document costs some milliseconds. */
function oncePerApp(make: () => readonly RouteOfPath[]): () => readonly RouteOfPath[] {
  let made: readonly RouteOfPath[] | null = null
  return () => {
    made ??= make()
    return made
  }
}

const notStored: MiddlewareHandler = async (c, next) => {
  await next()
  if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store')
}

const answersInTime: MiddlewareHandler = async (_, next) => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Unavailable(`this took longer than ${ANSWER_WITHIN_MS / 1_000} s`, 5_000)),
      ANSWER_WITHIN_MS,
    )
  })
  try {
    await Promise.race([next(), late])
  } finally {
    clearTimeout(timer)
  }
}
