import { randomUUID } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { AnswerCounter } from './metrics.ts'
import type { RequestVariables } from './request-context.ts'

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  // Not `no-referrer`: a browser then sends `Origin: null` with our own forms, which requireOwnPage must refuse.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
}

export interface Witnesses {
  readonly now: () => number
  readonly log: { info(facts: object, message: string): void }
  readonly telemetry?: Pick<Telemetry, 'answered'>
}

/** A request id the caller may choose, on every answer; the usual security headers; the count, the log, the trace. */
export function everyAnswer(
  answers: AnswerCounter,
  { now, log, telemetry }: Witnesses,
): MiddlewareHandler<{ Variables: RequestVariables }> {
  return async (c, next) => {
    const given = c.req.header('x-request-id') ?? ''
    const requestId = /^[\w.-]{1,64}$/.test(given) ? given : randomUUID()
    c.set('requestId', requestId)
    const startMs = now()
    await next()
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value)
    c.res.headers.set('x-request-id', requestId)
    const { method } = c.req
    const { status } = c.res
    answers.count(status)
    const endMs = now()
    const route = routePath(c)
    // What only reads is no news, and agents speak all the time; who changed something is found by its request id, in the audit too.
    if (!READS.has(method) && !route.startsWith('/agent/'))
      log.info({ requestId, method, route, status, tookMs: endMs - startMs }, 'request')
    const traceparent = c.req.header('traceparent') ?? null
    telemetry?.answered({ method, route, status, requestId, traceparent, startMs, endMs })
  }
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
