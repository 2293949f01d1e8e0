import { createServer, type RequestListener, type Server } from 'node:http'
import { Provider } from 'oidc-provider'

/** Where the browser of the tests reaches the control plane. */
export const PUBLIC_URL = 'http://aloft.test'
export const CLIENT_ID = 'aloft'
export const CLIENT_SECRET = 'a secret of the two of them'

/** What the provider says of people, by login, which is also their `sub`. May change at any time. */
export type Accounts = Map<string, Readonly<Record<string, unknown>>>

type AuthMethod = 'client_secret_basic' | 'none'

/** A real OpenID provider (`oidc-provider` of npm, a certified one) on a port of loopback, with its own forms. */
export class TestProvider {
  readonly accounts: Accounts = new Map()
  /** What stands in front of it: answers with this status, or not at all (null), or lets the request through. */
  front: (path: string) => number | null | 'through' = () => 'through'
  issuer = ''
  private server: Server | null = null
  private port = 0
  private handle: RequestListener = () => {}

  private readonly authMethod: AuthMethod

  constructor(authMethod: AuthMethod = 'client_secret_basic') {
    this.authMethod = authMethod
  }

  /** On the same port as before, and with what it knew, when it ran before. */
  async start(): Promise<void> {
    if (this.server !== null) return
    const server = createServer((request, response) => {
      const answer = this.front(request.url ?? '')
      if (answer === 'through') this.handle(request, response)
      else if (answer !== null) response.writeHead(answer).end()
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.port, '127.0.0.1', resolve)
    })
    this.server = server
    if (this.issuer !== '') return
    const address = server.address()
    this.port = typeof address === 'object' && address !== null ? address.port : 0
    this.issuer = `http://127.0.0.1:${this.port}`
    this.handle = openProviderOf(this.issuer, this.authMethod, this.accounts)
  }

  /** As if its machine were gone: nobody listens, and every connection is cut. */
  async stop(): Promise<void> {
    const { server } = this
    this.server = null
    if (server === null) return
    await new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
  }
}

function openProviderOf(issuer: string, authMethod: AuthMethod, accounts: Accounts): RequestListener {
  const secret = authMethod === 'none' ? {} : { client_secret: CLIENT_SECRET }
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        ...secret,
        token_endpoint_auth_method: authMethod,
        redirect_uris: [`${PUBLIC_URL}/sign-in/provider/callback`],
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
    scopes: ['openid', 'profile', 'groups'],
    cookies: { keys: ['of this test alone'] },
    pkce: { required: () => true },
    findAccount: (_, login) => ({
      accountId: login,
      claims: async () => ({ sub: login, ...accounts.get(login) }),
    }),
  })
  return provider.callback()
}

/** The same person's browser at the provider, which fills in its forms. */
export class ProviderBrowser {
  private readonly jar = new Map<string, string>()

  /** From the URL that the control plane gave, to the URL that the provider sends the browser back to. */
  async signIn(authorizationUrl: string, login: string): Promise<URL> {
    let { at, answer } = await this.follow(authorizationUrl)
    // The first form asks who that is, the second whether the control plane may know.
    while (answer !== null) {
      const text = await answer.text()
      const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1]
      if (prompt === undefined) throw new Error(`the provider shows no form at ${at}: ${text}`)
      const form = new URLSearchParams({ prompt, ...(prompt === 'login' ? { login, password: 'any' } : {}) })
      ;({ at, answer } = await this.follow(at.href, form))
    }
    return at
  }

  /** Changes its mind in front of the first form. */
  async refuse(authorizationUrl: string): Promise<URL> {
    const { at } = await this.follow(authorizationUrl)
    return (await this.follow(`${at.href}/abort`)).at
  }

  /** Along redirects, until there is a page, or (null) until it is sent back to the control plane. */
  private async follow(url: string, form?: URLSearchParams) {
    let at = new URL(url)
    let body = form
    while (at.origin !== PUBLIC_URL) {
      const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const method = body === undefined ? 'GET' : 'POST'
      const answer = await fetch(at, { method, body: body ?? null, headers: { cookie }, redirect: 'manual' })
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (value === '') this.jar.delete(name)
        else this.jar.set(name, value)
      }
      const next = answer.headers.get('location')
      if (next === null) return { at, answer }
      at = new URL(next, at)
      body = undefined
    }
    return { at, answer: null }
  }
}
