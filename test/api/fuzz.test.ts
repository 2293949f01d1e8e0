/**
 * Every operation of the API from its own OpenAPI document, with requests as it allows them, nearly so and not at all: no
 * 5xx, no hang, and every answer is one that the document declares. `npm run fuzz -- api --cases 500` takes more.
 */
import { operationsOf } from '@aloft/control-plane/http/api-document'
import { startTestApplication, type TestApplication } from '@aloft/control-plane/http/test-application'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AnswerJudge } from './answers.ts'
import { schemaOf } from './arbitrary.ts'
import { fleetOf } from './fleet.ts'
import { type Made, requestsFor, type Target } from './requests.ts'

const CASES = Number(process.env['ALOFT_FUZZ_CASES'] ?? 15)
const SEED = Number(process.env['ALOFT_FUZZ_SEED'] ?? Date.now() % 1_000_000)
/** A test application has no other callers; an answer this late is a hang. */
const ANSWER_WITHIN_MS = 10_000

let app: TestApplication
let judge: AnswerJudge
let document: Parameters<typeof operationsOf>[0]
const ids = new Map<string, readonly string[]>()
/** How often each operation was answered with yes. */
const yes = new Map<string, number>()

beforeAll(async () => {
  app = await startTestApplication()
  await fleetOf(app.database)
  document = await (await app.fetch('/openapi.json')).json()
  judge = new AnswerJudge(document)
  await lookUpIds()
})
afterAll(() => app.close())

/** The ids of every list there is, so that paths name what exists. */
async function lookUpIds(): Promise<void> {
  const as = await app.token('admin')
  for (const [path, method, operation] of operationsOf(document)) {
    const isList = 'application/json' in schemaOf(schemaOf(schemaOf(operation.responses)['200'])['content'])
    if (method !== 'get' || path.includes('{') || !isList) continue
    const { items = [] } = await (await app.fetch(path, { as })).json()
    ids.set(
      path,
      items.map(({ id }: { id: unknown }) => String(id)),
    )
  }
}

function targets(): readonly Target[] {
  return operationsOf(document).map(([path, method, operation]) => ({ path, method, operation }))
}

async function send(target: Target, { url, headers, body }: Made): Promise<Response> {
  // A credential of its own: some operations end credentials.
  const as = await app.token('admin')
  const init = { method: target.method.toUpperCase(), as, headers, ...(body === null ? {} : { body }) }
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)),
      ANSWER_WITHIN_MS,
    )
    timer.unref()
  })
  return Promise.race([app.fetch(url, init), late])
}

const sources = {
  refs: (name: string) => {
    const at = name
      .replace(/^#\//, '')
      .split('/')
      .reduce<unknown>((value, part) => schemaOf(value)[part], document)
    return schemaOf(at)
  },
  ids: (path: string, parameter: string) => ids.get(path.slice(0, path.indexOf(`/{${parameter}}`))) ?? [],
}

describe('the API', () => {
  it('answers any request to any operation as its document says', async () => {
    expect(targets().length).toBeGreaterThan(15)
    for (const target of targets()) {
      const name = `${target.method.toUpperCase()} ${target.path}`
      const property = fc.asyncProperty(requestsFor(target, sources), async (made) => {
        const answer = await send(target, made)
        if (answer.ok) yes.set(name, (yes.get(name) ?? 0) + 1)
        const fault = await judge.fault(target, answer)
        if (fault !== null) throw new Error(`${name}: ${fault}`)
        // What is our own fault may hide behind an answer that looks well.
        if (app.faults.length > 0) throw new Error(`${name}: the log has ${String(app.faults.splice(0)[0])}`)
      })
      await fc.assert(property, { numRuns: CASES, seed: SEED, interruptAfterTimeLimit: 600_000 })
    }
  })

  it('was reached: every read was answered with yes, and most of what changes something', () => {
    const names = targets().map(({ path, method }) => `${method.toUpperCase()} ${path}`)
    const reads = names.filter((name) => name.startsWith('GET') && !name.includes('{'))
    expect(reads.filter((name) => !yes.has(name))).toEqual([])
    expect(yes.size / names.length).toBeGreaterThan(0.6)
  })

  it('looks at what it gets: an answer that is not as declared is seen', async () => {
    const [target] = targets().filter(({ path, method }) => path === '/api/v1/sites' && method === 'get')
    if (target === undefined) throw new Error('no list of sites')
    const headers = { 'x-request-id': 'x', 'content-type': 'application/json' }
    const problem = { 'x-request-id': 'x', 'content-type': 'application/problem+json' }
    const answers: readonly (readonly [Response, RegExp])[] = [
      [new Response('{"items":[],"nextCursor":1}', { headers }), /schema/],
      [new Response('{"items":[{"id":"x"}],"nextCursor":null}', { headers }), /schema/],
      [new Response('<html>', { headers }), /not JSON/],
      [new Response('x', { headers: { ...headers, 'content-type': 'text/html' } }), /content type/],
      [new Response('{}', { status: 418, headers }), /not in the document/],
      [new Response('{}', { status: 500, headers: problem }), /status 500/],
      [
        new Response('{"type":"about:blank","title":"x","status":404}', { status: 404, headers: problem }),
        /type of ours/,
      ],
      [
        new Response('{"type":"urn:aloft:problem:x","title":"x","status":400}', {
          status: 404,
          headers: problem,
        }),
        /status 400/,
      ],
      [
        new Response('{"items":[],"nextCursor":null}', { headers: { 'content-type': 'application/json' } }),
        /x-request-id/,
      ],
    ]
    for (const [answer, why] of answers) expect(await judge.fault(target, answer)).toMatch(why)
    expect(await judge.fault(target, new Response('{"items":[],"nextCursor":null}', { headers }))).toBeNull()
  })
})
