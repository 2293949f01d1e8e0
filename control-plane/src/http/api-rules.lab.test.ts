import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { enrolNode } from '../gateway/test-agent.ts'
import { startTestApplication, type TestApplication } from './test-application.ts'

let app: TestApplication
beforeAll(async () => {
  app = await startTestApplication()
  for (const site of ['paris', 'rome']) await enrolNode(app.database.db, site, 'lb1')
})
afterAll(async () => {
  expect(app.faults).toEqual([])
  await app.close()
})

const post = (path: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
  app.fetch(path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })

async function refused(answer: Response) {
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  const { type, status }: { type: string; status: number } = await answer.json()
  expect(status).toBe(answer.status)
  return type.replace('urn:aloft:problem:', '')
}

describe('a method', () => {
  it.each([
    ['DELETE', '/api/v1/sites', 'GET, HEAD, OPTIONS, POST'],
    ['PUT', '/api/v1/agents/x', 'GET, HEAD, OPTIONS'],
    ['POST', '/api/v1/failovers', 'GET, HEAD, OPTIONS'],
  ])('%s %s that is not there is told with what is', async (method, path, allow) => {
    const answer = await app.fetch(path, { method })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
    expect(await refused(answer)).toBe('method-not-allowed')
  })

  it('OPTIONS says what there is, and nothing of what is not', async () => {
    const answer = await app.fetch('/api/v1/sites', { method: 'OPTIONS' })
    expect([answer.status, answer.headers.get('allow'), await answer.text()]).toEqual([
      204,
      'GET, HEAD, OPTIONS, POST',
      '',
    ])
    expect((await app.fetch('/api/v1/nothing', { method: 'OPTIONS' })).status).toBe(404)
    expect((await app.fetch('/api/v1/sites', { method: 'OPTIONS', as: null })).status).toBe(401)
  })

  it('HEAD is GET without its body', async () => {
    const [head, get] = [
      await app.fetch('/api/v1/sites', { method: 'HEAD' }),
      await app.fetch('/api/v1/sites'),
    ]
    expect([head.status, await head.text()]).toEqual([200, ''])
    for (const name of ['content-type', 'etag', 'cache-control'])
      expect(head.headers.get(name)).toBe(get.headers.get(name))
  })

  it('HEAD of the stream opens none', async () => {
    const answer = await app.fetch('/api/v1/stream', { method: 'HEAD' })
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'text/event-stream',
      '',
    ])
    expect(await (await app.fetch('/metrics')).text()).toContain('aloft_stream_followers 0')
  })
})

describe('a form', () => {
  it.each(['text/html', 'text/csv;q=1', 'application/json;q=0'])(
    'Accept: %s is refused before anything is done',
    async (accept) => {
      const answer = await app.fetch('/api/v1/sites', { headers: { accept } })
      expect([answer.status, await refused(answer)]).toEqual([406, 'not-acceptable'])
      const create = await post('/api/v1/enrolment-tokens', '{"site":"lyon"}', { accept })
      expect(create.status).toBe(406)
      expect((await app.fetch('/api/v1/sites/lyon')).status).toBe(404)
    },
  )

  it.each([
    '*/*',
    'application/*',
    'text/html, application/xml;q=0.9, */*;q=0.8',
    'application/problem+json',
  ])('Accept: %s is served JSON', async (accept) => {
    expect((await app.fetch('/api/v1/sites', { headers: { accept } })).status).toBe(200)
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'application/jsonp',
  ])('a body of %s is not read', async (type) => {
    const answer = await post('/api/v1/enrolment-tokens', '{"site":"lyon"}', { 'content-type': type })
    expect([answer.status, answer.headers.get('accept-post')]).toEqual([415, 'application/json'])
    expect(await refused(answer)).toBe('unsupported-media-type')
  })

  it.each(['{"site":', '[]', 'null', '"x"', '{"site":"lyon","more":1}', ''])(
    'a body of `%s` is told what is wrong',
    async (body) => {
      const answer = await post('/api/v1/enrolment-tokens', body)
      expect([answer.status, await refused(answer)]).toEqual([400, 'invalid'])
    },
  )

  it('a body that is too large is refused', async () => {
    const answer = await post('/api/v1/enrolment-tokens', JSON.stringify({ site: 'x'.repeat(70_000) }))
    expect([answer.status, await refused(answer)]).toEqual([413, 'too-large'])
  })
})

describe('over a socket', () => {
  /** As it is written, with no header that a client would add. */
  async function send(method: string, path: string, headers: Readonly<Record<string, string>>, body = '') {
    const server = app.server()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const credential = { authorization: `Bearer ${app.admin}`, connection: 'close' }
    const options = { port, host: '127.0.0.1', method, path, headers: { ...credential, ...headers } }
    const asked = request(options)
    asked.end(body)
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    const text = (await answer.toArray()).join('')
    server.close()
    return [answer.statusCode, text === '' ? '' : JSON.parse(text).detail]
  }

  it('a request without a body needs no content-type, whatever its method', async () => {
    for (const name of ['oslo', 'bergen'])
      expect((await post('/api/v1/sites', JSON.stringify({ name }))).status).toBe(201)
    expect(await send('DELETE', '/api/v1/sites/oslo', {})).toEqual([204, ''])
    expect(await send('DELETE', '/api/v1/sites/bergen', { 'content-length': '0' })).toEqual([204, ''])
    const { items } = await (await app.fetch('/api/v1/agents?site=rome')).json()
    expect(await send('POST', `/api/v1/agents/${items[0].id}/rotate-key`, {})).toEqual([200, undefined])
  })

  it.each([
    ['a length', { 'content-length': '15' }],
    ['chunks', { 'transfer-encoding': 'chunked' }],
  ])('a body by %s needs one', async (_, framing) => {
    expect(await send('POST', '/api/v1/sites', framing, '{"name":"oslo"}')).toEqual([
      415,
      'a body needs a content-type; send application/json',
    ])
    expect((await app.fetch('/api/v1/sites/oslo')).status).toBe(404)
  })
})

describe('an entity tag', () => {
  it('saves who has it the answer, until that changes', async () => {
    const first = await app.fetch('/api/v1/agents?site=paris')
    const etag = first.headers.get('etag') ?? ''
    expect(first.headers.get('cache-control')).toBe('private, no-cache')
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await app.fetch('/api/v1/agents?site=paris', { headers: { 'if-none-match': header } })
      expect([
        again.status,
        again.headers.get('etag'),
        again.headers.get('content-type'),
        await again.text(),
      ]).toEqual([304, etag, null, ''])
    }
    await enrolNode(app.database.db, 'paris', 'lb3')
    const changed = await app.fetch('/api/v1/agents?site=paris', { headers: { 'if-none-match': etag } })
    expect([changed.status, (await changed.json()).items.length]).toEqual([200, 2])
  })

  it('is no other for another list', async () => {
    const [paris, rome] = await Promise.all(
      ['paris', 'rome'].map((site) => app.fetch(`/api/v1/agents?site=${site}`)),
    )
    expect(paris?.headers.get('etag')).not.toBe(rome?.headers.get('etag'))
  })

  it('is on no answer that is no', async () => {
    expect((await app.fetch('/api/v1/sites/none')).headers.get('etag')).toBeNull()
  })
})

describe('who asks too often', () => {
  it('is told on every answer what is left, and when to come again', async () => {
    const limited = await startTestApplication({
      rateLimits: { caller: { perSecond: 0.5, burst: 3 }, address: { perSecond: 1_000, burst: 1_000 } },
    })
    try {
      const answers = []
      for (let i = 0; i < 4; i++) answers.push(await limited.fetch('/api/v1/sites'))
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429])
      expect(answers.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(['2', '1', '0', '0'])
      const last = answers.at(-1)?.headers
      expect([last?.get('ratelimit-limit'), last?.get('ratelimit-policy')]).toEqual(['3', '3;w=6'])
      expect(Number(last?.get('retry-after'))).toBeGreaterThanOrEqual(1)
      expect(Number(last?.get('retry-after'))).toBeLessThanOrEqual(2)
      // Somebody else is not held up by that.
      const as = await limited.token('viewer')
      expect((await limited.fetch('/api/v1/sites', { as })).status).toBe(200)
    } finally {
      await limited.close()
    }
  })

  it('is turned away by address before his credential is looked at', async () => {
    const limited = await startTestApplication({
      rateLimits: { caller: { perSecond: 1, burst: 9 }, address: { perSecond: 0.1, burst: 2 } },
      trustedProxies: ['10.0.0.0/8'],
    })
    try {
      const from = async (address: string, as: string | null) => {
        const peer = { incoming: { socket: { remoteAddress: address } } }
        return (await limited.fetch('/api/v1/sites', { as, env: peer })).status
      }
      expect([await from('192.0.2.1', 'wrong'), await from('192.0.2.1', null)]).toEqual([401, 401])
      expect(await from('192.0.2.1', limited.admin)).toBe(429)
      expect(await from('192.0.2.2', limited.admin)).toBe(200)
      const forwarded = async (client: string) => {
        const init = {
          headers: { 'x-forwarded-for': client },
          env: { incoming: { socket: { remoteAddress: '10.0.0.1' } } },
        }
        return (await limited.fetch('/api/v1/sites', init)).status
      }
      expect([
        await forwarded('192.0.2.2'),
        await forwarded('192.0.2.2'),
        await forwarded('192.0.2.3'),
      ]).toEqual([200, 429, 200])
    } finally {
      await limited.close()
    }
  })
})
