/** What no client of ours sends, over real connections to the server as it is run: an answer each time, and it goes on serving. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestApplication, type TestApplication } from './http/test-application.ts'
import { limitedServer, SERVER_LIMITS } from './server-limits.ts'

let app: TestApplication
let server: Server
let port = 0
beforeAll(async () => {
  app = await startTestApplication()
  const fetch = async (request: Request) => {
    const { pathname, search } = new URL(request.url)
    const body = request.body === null ? {} : { body: request.body, duplex: 'half' as const }
    const as = request.headers.get('authorization')?.replace('Bearer ', '') ?? null
    return app.fetch(pathname + search, { method: request.method, headers: request.headers, as, ...body })
  }
  server = createAdaptorServer({ fetch, serverOptions: limitedServer(SERVER_LIMITS) }) as Server
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterEach(async () => {
  const { status } = await ask('GET /api/v1/sites')
  expect([status, app.faults.splice(0)]).toEqual([200, []])
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await app.close()
})

interface Sent {
  readonly headers?: readonly string[]
  readonly body?: string | Buffer
}

/** One request as bytes, and what came back until the server closed or answered. */
async function ask(line: string, { headers = [], body = '' }: Sent = {}) {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  const data = Buffer.from(body)
  const length = data.length === 0 ? [] : [`content-length: ${data.length}`, 'content-type: application/json']
  const own = ['host: aloft.test', `authorization: Bearer ${app.admin}`, 'connection: close']
  socket.write(
    Buffer.from(`${line} HTTP/1.1\r\n${[...own, ...length, ...headers].join('\r\n')}\r\n\r\n`, 'latin1'),
  )
  socket.write(data)
  // Not `once`, which takes an error before the end for the end.
  await expect.poll(() => socket.closed, { timeout: 10_000 }).toBe(true)
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0)
  return { status, head, text: rest.join('\r\n\r\n') }
}

const create = (body: string | Buffer, ...headers: string[]) => ask('POST /api/v1/sites', { body, headers })

describe('a body', () => {
  it.each([
    ['with a NUL', '{"name":"a\u0000b"}'],
    ['with an escaped NUL', '{"name":"a\\u0000b"}'],
    ['with half a surrogate pair', '{"name":"a\\ud800"}'],
    ['that is no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['of deep arrays', '['.repeat(30_000)],
    ['of deep objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['with a huge number', '{"name":1e999}'],
    ['with a prototype', '{"__proto__":{"name":"a"}}'],
    ['with a name twice, the last of no kind', '{"name":"twice","name":"Not A Name"}'],
  ])('%s is told what is wrong', async (_, body) => {
    const { status, text } = await create(body)
    expect([status, text]).toEqual([400, expect.stringContaining('urn:aloft:problem:invalid')])
  })

  it.each([
    ['/users/x', 'a\\u0000b'],
    ['/enrolment-tokens', '\\ud800'],
  ])('of hostile text anywhere (%s) is no fault of ours', async (path, text) => {
    const grants = JSON.stringify([{ role: 'viewer', sites: ['paris'] }]).replace('paris', text)
    const body =
      path === '/users/x' ? `{"grants":${grants}}` : `{"site":"${'paris'}","labels":{"a":"${text}"}}`
    const { status } = await ask(`${path === '/users/x' ? 'PATCH' : 'POST'} /api/v1${path}`, { body })
    expect([400, 404]).toContain(status)
  })

  it('of ten megabytes is refused without being read', async () => {
    const { status } = await create(Buffer.alloc(10_000_000, 0x20))
    // A server that stops reading may close before its answer is heard.
    expect([413, 0]).toContain(status)
  })

  it('that says one length and another is refused', async () => {
    const { status } = await create('{"name":"x"}', 'transfer-encoding: chunked')
    expect(status).toBe(400)
  })
})

describe('a request line', () => {
  it.each([
    ['GET /api/v1/sites/%00', 400],
    ['GET /api/v1/sites/%ff%fe', 404],
    ['GET /api/v1/sites/%zz', 404],
    ['GET /api/v1/sites/%ed%a0%80', 404],
    ['GET /api/v1/agents/..%2f..%2fetc%2fpasswd', 404],
    ['GET /api/v1/sites?cursor=%00', 400],
    ['GET /api/v1/sites?cursor=%zz', 400],
    ['GET /api/v1/sites?limit=1&limit=2', 400],
    ['GET /api/v1/agents?site=%00', 400],
    ['GET /api/v1/events?from=%2b275760-09-13T00:00:00.001Z', 400],
    ['GET /api/v1/sites?x=1', 400],
  ])('is answered: %s', async (line, expected) => {
    expect((await ask(line)).status).toBe(expected)
  })
})

it('a request line of many kilobytes is refused, by us or by the server', async () => {
  expect((await ask(`GET /api/v1/sites?x=${'a'.repeat(15_000)}`)).status).toBe(400)
  expect((await ask(`GET /api/v1/sites?x=${'a'.repeat(20_000)}`)).status).toBe(431)
})

describe('headers', () => {
  it('of a thousand names are no trouble, and too many bytes of them are refused', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => `x-${i}: y`)
    expect((await ask('GET /api/v1/sites', { headers: many(1_000) })).status).toBe(200)
    expect((await ask('GET /api/v1/sites', { headers: many(3_000) })).status).toBe(431)
  })

  it.each([
    'last-event-id: 99999999999999999999999999',
    'last-event-id: -1.x',
    'last-event-id: \u00ff\u00fe',
    `last-event-id: ${'9'.repeat(99)}`,
  ])('%s begins a stream that says it is no place to go on from', async (header) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.write(
      Buffer.from(
        `GET /api/v1/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${app.admin}\r\n${header}\r\n\r\n`,
        'latin1',
      ),
    )
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    await expect.poll(() => text, { timeout: 5_000 }).toMatch(/"resumed":false|HTTP\/1\.1 400/)
    socket.destroy()
  })
})

describe('a cursor', () => {
  it('of another list is no cursor of this one', async () => {
    const lists = [
      'sites',
      'agents',
      'users',
      'events',
      'audit',
      'api-tokens',
      'failovers',
      'virtual-routers',
    ]
    const cursors = [
      ['a'],
      ['a', 'b'],
      [1, 'asc'],
      [1, '0199c0de-0000-7000-8000-000000000001'],
      [],
      {},
      null,
      1,
    ]
    for (const list of lists)
      for (const keys of cursors) {
        const cursor = Buffer.from(JSON.stringify(keys)).toString('base64url')
        const { status, text } = await ask(`GET /api/v1/${list}?cursor=${cursor}`)
        expect([200, 400], `${list} ${JSON.stringify(keys)}: ${text}`).toContain(status)
      }
  })
})
