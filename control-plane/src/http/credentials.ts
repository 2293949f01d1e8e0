import type { Context, MiddlewareHandler } from 'hono'
import { getCookie } from 'hono/cookie'
import { authenticate, type Credential } from '../access/authenticate.ts'
import type { Database } from '../database/client.ts'
import { Forbidden, Unauthenticated } from '../problems.ts'
import type { RequestVariables } from './request-context.ts'

export const SESSION_COOKIE = 'aloft_session'

/** What the request presents: a bearer token, else the cookie. Never the URL, which ends up in logs. */
export function credentialOf(c: Context): Credential | null {
  const header = c.req.header('authorization')
  if (header !== undefined) {
    const secret = /^Bearer +(\S+)$/i.exec(header)?.[1]
    if (secret === undefined) throw new Unauthenticated('the Authorization header must be `Bearer TOKEN`')
    return { kind: 'bearer', secret }
  }
  const secret = getCookie(c, SESSION_COOKIE)
  return secret === undefined ? null : { kind: 'session', secret }
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Lets in who is somebody; who changes things from a browser does so from our own page. What they may is the route's to say. */
export function requireCaller(
  db: Database,
  now: () => number,
): MiddlewareHandler<{ Variables: RequestVariables }> {
  return async (c, next) => {
    const credential = credentialOf(c)
    if (credential === null) throw new Unauthenticated('send an API token as `Authorization: Bearer TOKEN`')
    const caller = await authenticate(db, credential, { nowMs: now(), requestId: c.get('requestId') })
    if (!SAFE.has(c.req.method) && credential.kind === 'session') requireOwnPage(c)
    c.set('caller', caller)
    await next()
  }
}

/** A second lock beside SameSite=Strict: another origin on the same site may not write with our cookie. */
export function requireOwnPage(c: Context): void {
  const origin = c.req.header('origin')
  if (origin !== undefined && origin !== 'null' && new URL(origin).host === c.req.header('host')) return
  throw new Forbidden('a browser session may change things from the control plane’s own pages only')
}
