import { Hono } from 'hono'
import { beforeEach, expect, it } from 'vitest'
import type { AnsweredRequest } from '../telemetry/otlp.ts'
import { everyAnswer } from './every-answer.ts'
import { AnswerCounter } from './metrics.ts'
import type { RequestVariables } from './request-context.ts'

const lines: object[] = []
const told: AnsweredRequest[] = []
let nowMs = 1_000
const app = new Hono<{ Variables: RequestVariables }>()
app.use(
  everyAnswer(new AnswerCounter(), {
    now: () => nowMs,
    log: { info: (facts, message) => void lines.push({ ...facts, message }) },
    telemetry: { answered: (request) => void told.push(request) },
  }),
)
app.all('/things/:id', (c) => {
  nowMs += 7
  return c.text(c.get('requestId'), c.req.param('id') === 'missing' ? 404 : 200)
})
app.post('/agent/v1/exchange', (c) => c.text('ok'))

beforeEach(() => {
  lines.length = 0
  told.length = 0
})

it('takes over a request id that is well-formed, and says it in the answer, the log and the trace', async () => {
  const headers = { 'x-request-id': 'mine-1.a_B' }
  const answer = await app.request('/things/7', { method: 'DELETE', headers })
  expect([await answer.text(), answer.headers.get('x-request-id')]).toEqual(['mine-1.a_B', 'mine-1.a_B'])
  const request = { requestId: 'mine-1.a_B', method: 'DELETE', route: '/things/:id', status: 200 }
  expect(lines).toEqual([{ ...request, tookMs: 7, message: 'request' }])
  expect(told).toMatchObject([{ ...request, endMs: nowMs, startMs: nowMs - 7 }])
})

it.each(['', 'a b', 'x'.repeat(65), '"; drop'])('makes one of its own instead of %j', async (given) => {
  const answer = await app.request('/things/7', { headers: { 'x-request-id': given } })
  expect(answer.headers.get('x-request-id')).toMatch(/^[\da-f]{8}-[\da-f-]{27}$/)
})

it('has no line for what only reads, nor for agents, who speak all the time; a trace has all', async () => {
  await app.request('/things/missing')
  await app.request('/agent/v1/exchange', { method: 'POST' })
  expect(lines).toEqual([])
  expect(told.map(({ route, status }) => [route, status])).toEqual([
    ['/things/:id', 404],
    ['/agent/v1/exchange', 200],
  ])
})
