import type { Context } from 'hono'
import { Hono } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Database } from '../database/client.ts'
import { requireOwnPage, SESSION_COOKIE } from '../http/credentials.ts'
import { signInPage } from '../http/pages.ts'
import { Unauthenticated } from '../problems.ts'
import { SESSION_TTL_MS, signInWithCode, signInWithToken, signOut } from './sign-in.ts'

/** `/sign-in` (one-time link, or a form that takes an API token) and `/sign-out`, for browsers. */
export function accessRoutes(db: Database, now: () => number): Hono {
  const app = new Hono()
  app.get('/sign-in', (c) => {
    const code = c.req.query('code')
    if (code === undefined || c.req.method === 'HEAD') return signInPage(null)
    return signedIn(c, () => signInWithCode(db, code, now()))
  })
  app.post('/sign-in', async (c) => {
    requireOwnPage(c)
    const { token } = await c.req.parseBody()
    return signedIn(c, () => signInWithToken(db, typeof token === 'string' ? token.trim() : '', now()))
  })
  app.post('/sign-out', async (c) => {
    requireOwnPage(c)
    const secret = getCookie(c, SESSION_COOKIE)
    if (secret !== undefined) await signOut(db, secret)
    deleteCookie(c, SESSION_COOKIE, { path: '/' })
    return c.redirect('/sign-in', 303)
  })
  return app
}

async function signedIn(c: Context, signIn: () => Promise<string>): Promise<Response> {
  try {
    const secret = await signIn()
    setCookie(c, SESSION_COOKIE, secret, {
      path: '/',
      httpOnly: true,
      sameSite: 'Strict',
      secure: isHttps(c),
      maxAge: SESSION_TTL_MS / 1_000,
    })
    return c.redirect('/', 303)
  } catch (error) {
    if (error instanceof Unauthenticated) return signInPage(error.message)
    throw error
  }
}

/** Behind a proxy that ends TLS, its header says so. To lie there only makes one's own cookie useless. */
function isHttps(c: Context): boolean {
  return c.req.header('x-forwarded-proto') === 'https' || c.req.url.startsWith('https:')
}
