import type { Context } from 'hono'
import { Hono } from 'hono'
import { deleteCookie, getCookie } from 'hono/cookie'
import type { Database } from '../database/client.ts'
import { requireOwnPage, SESSION_COOKIE } from '../http/credentials.ts'
import type { RequestVariables } from '../http/request-context.ts'
import { TooManyRequests, Unauthenticated, Unavailable } from '../problems.ts'
import { setSessionCookie } from './session-cookie.ts'
import type { Visitor } from './sessions.ts'
import { signInWithCode, signInWithToken, signOut } from './sign-in.ts'
import { signInPage, type TriedToSignIn } from './sign-in-page.ts'
import { signInWithPassword } from './sign-in-password.ts'

export interface SignInOptions {
  readonly db: Database
  readonly now: () => number
  /** Where a request comes from; null when nobody can say. */
  readonly addressOf: (c: Context) => string | null
  /** What the button of the identity provider says; null when there is none. */
  readonly providerLabel: string | null
}

type SignInContext = Context<{ Variables: RequestVariables }>

/** `/sign-in` (one-time link, or a form that takes name and password or an API token) and `/sign-out`, for browsers. */
export function accessRoutes(options: SignInOptions): Hono<{ Variables: RequestVariables }> {
  const { db, now, providerLabel } = options
  const app = new Hono<{ Variables: RequestVariables }>()
  app.get('/sign-in', (c) => {
    const code = c.req.query('code')
    if (code === undefined || c.req.method === 'HEAD') return signInPage({ providerLabel })
    const signIn = () => signInWithCode(db, code, visitorOf(c, options))
    return signedIn(c, providerLabel, signIn, { withoutUser: true })
  })
  app.post('/sign-in', async (c) => {
    requireOwnPage(c)
    const { token, name, password } = await c.req.parseBody()
    const visitor = visitorOf(c, options)
    if (typeof name !== 'string' || typeof password !== 'string') {
      const given = typeof token === 'string' ? token.trim() : ''
      const signIn = () => signInWithToken(db, given, visitor)
      return signedIn(c, providerLabel, signIn, { withoutUser: true })
    }
    return signedIn(c, providerLabel, () => signInWithPassword(db, { name, password }, visitor), { name })
  })
  app.post('/sign-out', async (c) => {
    requireOwnPage(c)
    const secret = getCookie(c, SESSION_COOKIE)
    if (secret !== undefined) await signOut(db, secret, { nowMs: now(), requestId: c.get('requestId') })
    deleteCookie(c, SESSION_COOKIE, { path: '/' })
    return c.redirect('/sign-in', 303)
  })
  return app
}

export function visitorOf(
  c: SignInContext,
  { now, addressOf }: Pick<SignInOptions, 'now' | 'addressOf'>,
): Visitor {
  return {
    address: addressOf(c),
    userAgent: c.req.header('user-agent') ?? null,
    requestId: c.get('requestId'),
    nowMs: now(),
  }
}

/** Sets the cookie and goes to the dashboard; or shows the page again, with why not. */
export async function signedIn(
  c: SignInContext,
  providerLabel: string | null,
  signIn: () => Promise<string>,
  tried: TriedToSignIn = {},
): Promise<Response> {
  try {
    setSessionCookie(c, await signIn())
    return c.redirect('/', 303)
  } catch (error) {
    return notSignedIn(error, providerLabel, tried)
  }
}

/** The page again, with why not and when it may be tried again. Throws what is a fault of ours. */
export function notSignedIn(
  error: unknown,
  providerLabel: string | null,
  tried: TriedToSignIn = {},
): Response {
  const { message } = error instanceof Error ? error : { message: '' }
  if (error instanceof Unauthenticated)
    return signInPage({ providerLabel, problem: message, tried, status: 401 })
  if (error instanceof Unavailable || error instanceof TooManyRequests) {
    const status = error instanceof Unavailable ? 503 : 429
    const answer = signInPage({ providerLabel, problem: message, tried, status })
    answer.headers.set('retry-after', String(Math.max(1, Math.ceil(error.retryAfterMs / 1_000))))
    return answer
  }
  throw error
}
