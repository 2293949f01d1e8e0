import type { TestApplication } from '../http/test-application.ts'

/** A browser on our own pages, with the cookies it was given. */
export class TestBrowser {
  private readonly jar = new Map<string, string>()
  private readonly app: TestApplication
  private readonly address: string | null

  constructor(app: TestApplication, address: string | null = null) {
    this.app = app
    this.address = address
  }

  get cookie(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  signIn(name: string, password: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.post('/sign-in', { name, password }, headers)
  }

  get(path: string): Promise<Response> {
    return this.send('GET', path)
  }

  post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return this.request('POST', path, { body: signInForm(fields), headers: { ...headers } })
  }

  send(method: string, path: string, body?: unknown): Promise<Response> {
    if (body === undefined) return this.request(method, path, {})
    const headers = { 'content-type': 'application/json' }
    return this.request(method, path, { body: JSON.stringify(body), headers })
  }

  private async request(
    method: string,
    path: string,
    init: { readonly body?: string | URLSearchParams; readonly headers?: Record<string, string> },
  ): Promise<Response> {
    const own = { cookie: this.cookie, origin: 'http://aloft.test', host: 'aloft.test' }
    const headers = { 'user-agent': 'test browser', ...own, ...init.headers }
    const env = this.address === null ? {} : { incoming: { socket: { remoteAddress: this.address } } }
    const answer = await this.app.fetch(path, { body: init.body ?? null, method, headers, as: null, env })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') this.jar.delete(name)
      else this.jar.set(name, value)
    }
    return answer
  }
}

export function signInForm(fields: Readonly<Record<string, string>>): URLSearchParams {
  return new URLSearchParams({ ...fields })
}
