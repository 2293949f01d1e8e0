import { describe, expect, it } from 'vitest'
import { createClient } from './client.ts'
import { ApiProblem, UnexpectedAnswer, Unreachable } from './problem.ts'

type Answer = (request: Request) => Response | Promise<Response>

/** A client of a control plane that answers from a script, one answer a request; what it was asked is kept. */
function scripted(...answers: readonly Answer[]) {
  const asked: Request[] = []
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init)
    const answer = answers[Math.min(asked.length, answers.length - 1)]
    asked.push(request)
    if (answer === undefined) throw new Error('no answer')
    return answer(request)
  }
  const options = {
    url: 'http://aloft.test/',
    token: 'secret',
    fetch,
    answerWithinMs: 200,
    patienceMs: 5_000,
  }
  return { asked, client: createClient(options) }
}

const json =
  (body: unknown, init: ResponseInit = {}): Answer =>
  () =>
    Response.json(body, init)
const problem = (status: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  json({ type: 'urn:aloft:problem:x', title: 'Some title', status, detail: 'why' }, { status, headers })
const lines = (...texts: readonly string[]): Answer => {
  return () => new Response(texts.join(''), { headers: { 'content-type': 'application/x-ndjson' } })
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = []
  for await (const item of items) got.push(item)
  return got
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  )

describe('a call', () => {
  it('names its path, its query and itself, and repeats no slash', async () => {
    const { client, asked } = scripted(json({ id: 'x' }))
    await client.call('GET /api/v1/agents/{id}', { path: { id: 'a/b c' } })
    expect([asked[0]?.url, asked[0]?.headers.get('authorization')]).toEqual([
      'http://aloft.test/api/v1/agents/a%2Fb%20c',
      'Bearer secret',
    ])
  })

  it('without what its path needs is a mistake of the program', async () => {
    const { client, asked } = scripted(json({}))
    expect(await failure(client.call('GET /api/v1/agents/{id}', { path: { id: '' } }))).toBeInstanceOf(
      RangeError,
    )
    expect(asked).toEqual([])
  })

  it('that makes something has a key of its own, which a repetition keeps', async () => {
    const { client, asked } = scripted(
      problem(503, { 'retry-after': '0' }),
      json({ id: 's' }, { status: 201 }),
      json({ id: 's' }),
    )
    await client.call('POST /api/v1/sites', { body: { name: 'paris' } })
    await client.call('POST /api/v1/sites', { body: { name: 'paris' } })
    const keys = asked.map(({ headers }) => headers.get('idempotency-key'))
    expect(keys[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
    expect([keys[1] === keys[0], keys[2] === keys[0]]).toEqual([true, false])
  })

  it('waits as long as it is told, and no longer than it has patience', async () => {
    const patient = scripted(problem(429, { 'retry-after': '1' }), json({ items: [], nextCursor: null }))
    const beganMs = performance.now()
    await patient.client.call('GET /api/v1/sites')
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(990)
    const impatient = scripted(problem(429, { 'retry-after': '60' }))
    expect(await failure(impatient.client.call('GET /api/v1/sites'))).toMatchObject({
      status: 429,
      retryAfterMs: 60_000,
    })
    expect(impatient.asked).toHaveLength(1)
  })

  it('that might be done twice is not repeated', async () => {
    const { client, asked } = scripted(problem(503, { 'retry-after': '0' }))
    await failure(client.call('DELETE /api/v1/sites/{id}', { path: { id: 'x' } }))
    expect(asked).toHaveLength(1)
  })

  it('is conditional when it is asked to be', async () => {
    const { client, asked } = scripted(
      () => new Response(null, { status: 304, headers: { etag: '"1.a"' } }),
      json({ name: 'lyon' }, { headers: { etag: '"2.b"' } }),
    )
    const path = { id: 'paris' }
    expect(await client.answer('GET /api/v1/sites/{id}', { path, ifNoneMatch: '"1.a"' })).toEqual({
      value: null,
      etag: '"1.a"',
      status: 304,
    })
    const changed = await client.answer('PATCH /api/v1/sites/{id}', {
      path,
      body: { name: 'lyon' },
      ifMatch: '"1.a"',
    })
    expect([changed.etag, changed.value]).toEqual(['"2.b"', { name: 'lyon' }])
    expect(asked.map(({ headers }) => [headers.get('if-none-match'), headers.get('if-match')])).toEqual([
      ['"1.a"', null],
      [null, '"1.a"'],
    ])
  })

  it('fails in three ways, each told from the others', async () => {
    const refused = scripted(problem(404, { 'x-request-id': 'r1' }))
    expect(await failure(refused.client.call('GET /api/v1/sites'))).toEqual(
      expect.objectContaining({ name: 'ApiProblem', status: 404, message: 'why', requestId: 'r1' }),
    )
    for (const answer of [
      () => new Response('<html>', { status: 502 }),
      () => new Response('<html>'),
      json([]),
      json({ items: [] }),
    ])
      expect(await failure(all(scripted(answer).client.pages('GET /api/v1/sites')))).toBeInstanceOf(
        UnexpectedAnswer,
      )
    const away = scripted(() => {
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) })
    })
    expect(await failure(away.client.call('GET /api/v1/sites'))).toMatchObject({
      name: 'Unreachable',
      code: 'ECONNREFUSED',
    })
    const silent = scripted(
      (request) =>
        new Promise((_, reject) =>
          request.signal.addEventListener('abort', () => reject(request.signal.reason)),
        ),
    )
    expect(await failure(silent.client.call('GET /api/v1/sites'))).toMatchObject({
      name: 'Unreachable',
      code: 'timeout',
    })
  })
})

describe('a list', () => {
  const pages = [json({ items: [1, 2], nextCursor: 'c' }), json({ items: [3], nextCursor: null })]

  it('is read page by page, item by item, or as far as it is wanted', async () => {
    expect(await all(scripted(...pages).client.items('GET /api/v1/sites'))).toEqual([1, 2, 3])
    expect(
      (await all(scripted(...pages).client.pages('GET /api/v1/sites'))).map(({ items }) => items),
    ).toEqual([[1, 2], [3]])
    const { client, asked } = scripted(...pages)
    expect(await client.list('GET /api/v1/sites', 2)).toEqual({ items: [1, 2], nextCursor: 'c' })
    expect(asked).toHaveLength(1)
  })

  it('goes on with its filters', async () => {
    const { client, asked } = scripted(...pages)
    await all(
      client.items('GET /api/v1/failovers', { query: { site: 'a b', vrid: undefined, planned: false } }),
    )
    expect(asked.map(({ url }) => new URL(url).search)).toEqual([
      '?site=a+b&planned=false',
      '?site=a+b&planned=false&cursor=c',
    ])
  })
})

describe('an export', () => {
  const read = async (answer: Answer) => {
    const items = scripted(answer).client.export('GET /api/v1/events')
    const got: unknown[] = []
    while (true) {
      const next = await items.next()
      if (next.done) return { got, end: next.value }
      got.push(next.value)
    }
  }

  it('is its items and how it ended', async () => {
    expect(await read(lines('{"id":"1"}\n{"id"', ':"2"}\n{"end":{"items":2,"nextCursor":null}}\n'))).toEqual({
      got: [{ id: '1' }, { id: '2' }],
      end: { items: 2, nextCursor: null },
    })
  })

  it.each([
    ['has no end', ['{"id":"1"}\n'], Unreachable],
    ['has nothing', [''], Unreachable],
    ['is cut within a line', ['{"id":"1"}\n{"i'], Unreachable],
    ['lacks a line', ['{"id":"1"}\n{"end":{"items":2,"nextCursor":null}}\n'], UnexpectedAnswer],
    ['goes on after its end', ['{"end":{"items":0,"nextCursor":null}}\n{"id":"1"}\n'], UnexpectedAnswer],
    ['is not JSON', ['<html>\n'], UnexpectedAnswer],
    ['broke off', ['{"id":"1"}\n{"failed":{"type":"urn:x","title":"t","status":503}}\n'], ApiProblem],
  ] as const)('that %s is never taken for the whole', async (_what, texts, kind) => {
    expect(await failure(read(lines(...texts)))).toBeInstanceOf(kind)
  })
})

describe('following', () => {
  const stream = (...texts: readonly string[]): Answer => {
    return () => new Response(texts.join(''), { headers: { 'content-type': 'text/event-stream' } })
  }
  const message = (id: string, kind: string, value: unknown) =>
    `event: ${kind}\nid: ${id}\ndata: ${JSON.stringify(value)}\n\n`

  it('goes on where it was lost, passes over what it does not know, and ends when it is told to', async () => {
    const ended = new AbortController()
    const { client, asked } = scripted(
      stream(
        message('1', 'hello', { resumed: false, requested: false }),
        message('2', 'event', { seq: 1 }),
        message('3', 'weather', {}),
      ),
      problem(503),
      stream(message('4', 'agent', { node: 'lb1' })),
    )
    const lost: string[] = []
    const got: unknown[] = []
    for await (const each of client.follow({
      signal: ended.signal,
      onLost: ({ message: why }) => lost.push(why),
    })) {
      got.push([each.kind, each.id])
      if (each.kind === 'agent') ended.abort()
    }
    expect(got).toEqual([
      ['hello', '1'],
      ['event', '2'],
      ['agent', '4'],
    ])
    expect(asked.map(({ headers }) => headers.get('last-event-id'))).toEqual([null, '2', '2'])
    expect(lost).toEqual(['the control plane ended the stream', 'why'])
  })

  it.each([
    ['is refused at first', [problem(403)]],
    [
      'is refused for good later',
      [stream(message('1', 'hello', { resumed: false, requested: false })), problem(401)],
    ],
  ] as const)('that %s is thrown', async (_what, answers) => {
    const { client } = scripted(...answers)
    expect(await failure(all(client.follow({ signal: new AbortController().signal })))).toBeInstanceOf(
      ApiProblem,
    )
  })
})
