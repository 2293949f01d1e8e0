import type { Configuration } from 'openid-client'
import { isLoopback, type ProviderSettings } from './settings.ts'

/** What is asked of an identity provider, over OpenID Connect. */
export interface Provider {
  readonly settings: ProviderSettings
  /** Where to send the browser. */
  authorizationUrl(proof: Proof): Promise<URL>
  /** Exchanges the code of the callback for the claims of whoever signed in. */
  claims(callback: URL, proof: Proof): Promise<Claims>
}

export interface Claims extends Readonly<Record<string, unknown>> {
  readonly iss: string
  readonly sub: string
}

/** What ties an answer of the provider to this browser (state), this sign-in (nonce) and this exchange (verifier). */
export interface Proof {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

export const CALLBACK_PATH = '/sign-in/provider/callback'
const ANSWER_WITHIN_S = 10

/** Nothing is asked of the provider before somebody signs in, and its documents are asked for again if that failed. */
export function openProvider(settings: ProviderSettings, answerWithinS = ANSWER_WITHIN_S): Provider {
  const redirectUri = new URL(`${settings.publicUrl.replace(/\/+$/, '')}${CALLBACK_PATH}`).href
  let discovered: Promise<Configuration> | null = null
  const configuration = (): Promise<Configuration> => {
    discovered ??= discover(settings, answerWithinS).catch((error: unknown) => {
      discovered = null
      throw error
    })
    return discovered
  }
  return {
    settings,
    authorizationUrl: async ({ state, nonce, codeVerifier }) => {
      const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await import('openid-client')
      return buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: settings.scopes.join(' '),
        code_challenge: await calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      })
    },
    claims: async (callback, { state, nonce, codeVerifier }) => {
      const { authorizationCodeGrant, fetchUserInfo } = await import('openid-client')
      const config = await configuration()
      // As the browser saw it: a proxy in between may have changed scheme and host.
      const asSeen = new URL(redirectUri)
      asSeen.search = callback.search
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier }
      const tokens = await authorizationCodeGrant(config, asSeen, { ...checks, idTokenExpected: true })
      const claims = tokens.claims()
      if (claims === undefined) throw new Error('the provider sent no ID token')
      if (config.serverMetadata().userinfo_endpoint === undefined) return { ...claims }
      // Many providers keep groups out of the ID token. What that says stands over the rest.
      return { ...(await fetchUserInfo(config, tokens.access_token, claims.sub)), ...claims }
    },
  }
}

async function discover(settings: ProviderSettings, answerWithinS: number): Promise<Configuration> {
  const { allowInsecureRequests, ClientSecretBasic, discovery, None } = await import('openid-client')
  const { issuer, clientId, clientSecret } = settings
  const url = new URL(issuer)
  const authentication = clientSecret === null ? None() : ClientSecretBasic(clientSecret)
  const isLocal = url.protocol === 'http:' && isLoopback(url.hostname)
  return discovery(url, clientId, undefined, authentication, {
    timeout: answerWithinS,
    execute: isLocal ? [allowInsecureRequests] : [],
  })
}

/** Whether the provider could not be asked at all, so that trying again later may help. */
export function isAway(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.name === 'TimeoutError' || at.name === 'AbortError' || at.message === 'fetch failed') return true
    if ('code' in at && /^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|UND_ERR)/.test(String(at.code))) return true
    if ('status' in at && typeof at.status === 'number' && at.status >= 500) return true
    if (at.cause instanceof Response && at.cause.status >= 500) return true
  }
  return false
}
