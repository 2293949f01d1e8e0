import { randomUUID } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import type { AnswerCounter } from './metrics.ts'
import type { RequestVariables } from './request-context.ts'

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
}

/** A request id the caller may choose, on every answer; the usual security headers; the count. */
export function everyAnswer(answers: AnswerCounter): MiddlewareHandler<{ Variables: RequestVariables }> {
  return async (c, next) => {
    const given = c.req.header('x-request-id') ?? ''
    const requestId = /^[\w.-]{1,64}$/.test(given) ? given : randomUUID()
    c.set('requestId', requestId)
    await next()
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value)
    c.res.headers.set('x-request-id', requestId)
    answers.count(c.res.status)
  }
}
