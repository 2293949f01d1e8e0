import type { Context } from 'hono'
import { setCookie } from 'hono/cookie'
import { SESSION_COOKIE } from '../http/credentials.ts'
import { SESSION_TTL_MS } from './sessions.ts'

/** For our own pages alone: no script reads it, and no other site makes a browser send it. */
export function setSessionCookie(c: Context, secret: string): void {
  setCookie(c, SESSION_COOKIE, secret, {
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    secure: isHttps(c),
    maxAge: SESSION_TTL_MS / 1_000,
  })
}

/** Behind a proxy that ends TLS, its header says so. To lie there only makes one's own cookie useless. */
export function isHttps(c: Context): boolean {
  return c.req.header('x-forwarded-proto') === 'https' || c.req.url.startsWith('https:')
}
