import type { Context } from 'hono'
import { Hono } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { notSignedIn, signedIn, visitorOf } from '../access/routes.ts'
import { isHttps } from '../access/session-cookie.ts'
import type { RequestVariables } from '../http/request-context.ts'
import { CALLBACK_PATH } from './provider.ts'
import { beginSignIn, finishSignIn, PROVIDER_TTL_MS, type ProviderContext } from './sign-in.ts'

const COOKIE = 'aloft_provider'
const PATH = '/sign-in/provider'

export interface ProviderRoutes extends ProviderContext {
  readonly now: () => number
  readonly addressOf: (c: Context) => string | null
}

/** `/sign-in/provider`, which sends the browser to the identity provider, and where that sends it back. */
export function providerRoutes(options: ProviderRoutes): Hono<{ Variables: RequestVariables }> {
  const { provider } = options
  const providerLabel = provider.settings.label
  const app = new Hono<{ Variables: RequestVariables }>()
  app.get(PATH, async (c) => {
    try {
      const { url, secret } = await beginSignIn(options, visitorOf(c, options))
      setCookie(c, COOKIE, secret, {
        path: PATH,
        httpOnly: true,
        // Not Strict: the browser comes back from another site, and must bring it.
        sameSite: 'Lax',
        secure: isHttps(c),
        maxAge: PROVIDER_TTL_MS / 1_000,
      })
      return c.redirect(url.href, 303)
    } catch (error) {
      return notSignedIn(error, providerLabel)
    }
  })
  app.get(CALLBACK_PATH, (c) => {
    const secret = getCookie(c, COOKIE) ?? null
    deleteCookie(c, COOKIE, { path: PATH })
    const visitor = visitorOf(c, options)
    return signedIn(c, providerLabel, () => finishSignIn(options, new URL(c.req.url), secret, visitor))
  })
  return app
}
