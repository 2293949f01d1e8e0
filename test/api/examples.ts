/** A walk through every operation of the API on a small fleet; what was sent and answered becomes the examples of its document. */
import type { OperationExample } from '@aloft/control-plane/http/examples'
import type { TestApplication } from '@aloft/control-plane/http/test-application'

type Examples = Record<string, { request?: unknown; answers: Record<string, Record<string, unknown>> }>

interface Sent {
  readonly id?: string
  readonly commandId?: string
  readonly query?: string
  readonly body?: object
  readonly cookie?: string
}

const ITEMS_MAX = 2
const HOUR_MS = 3_600_000

/** Asks everything of `app`, whose clock stands still and whose fleet is that of `fleet.ts`. */
export async function walk(app: TestApplication): Promise<Readonly<Record<string, OperationExample>>> {
  const examples: Examples = {}
  const scribe = new Scribe(app.clock.nowMs)
  const send = async (
    operation: string,
    accept: string,
    { id = '', commandId = '', query = '', body, cookie }: Sent,
  ) => {
    const [method = '', template = ''] = operation.split(' ')
    const path = template.replace('{id}', id).replace('{commandId}', commandId)
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const headers = { accept, ...type, ...(cookie === undefined ? {} : { cookie }) }
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }), ...(cookie && { as: null }) }
    const answer = await app.fetch(`${path}${query}`, init)
    if (!answer.ok) throw new Error(`${operation}: ${answer.status} ${await answer.text()}`)
    return answer
  }
  const keep = (operation: string, status: number, accept: string, value: unknown, sent: Sent) => {
    const example = examples[operation] ?? { answers: {} }
    examples[operation] = example
    if (sent.body !== undefined) example.request = sent.body
    example.answers[status] = { ...example.answers[status], [accept]: value }
  }
  const json = async (operation: string, sent: Sent = {}) => {
    const answer = await send(operation, 'application/json', sent)
    const value = await answer.json()
    keep(operation, answer.status, 'application/json', scribe.copy(shortened(value)), sent)
    return value
  }
  const text = async (operation: string, accept: string, read: (answer: Response) => Promise<string>) => {
    const answer = await send(operation, accept, { query: accept.endsWith('ndjson') ? '?limit=2' : '' })
    keep(operation, answer.status, accept, scribe.copy(await read(answer)), {})
  }
  // Answered with nothing, and by people with a password alone.
  const words = { current: 'what it was until now', new: 'correct horse battery staple' }
  examples['PUT /api/v1/account/password'] = { request: words, answers: {} }
  await sitesAndPeople(json, app)
  await fleet(json, app)
  await history(json)
  for (const list of ['events', 'failovers', 'audit'])
    await text(`GET /api/v1/${list}`, 'application/x-ndjson', (answer) => answer.text())
  await text('GET /api/v1/stream', 'text/event-stream', firstMessage)
  return examples
}

// biome-ignore lint/suspicious/noExplicitAny: answers of every operation; the test holds them to their schemas.
type Json = (operation: string, sent?: Sent) => Promise<any>

async function sitesAndPeople(json: Json, app: TestApplication): Promise<void> {
  await json('POST /api/v1/sites', { body: { name: 'oslo' } })
  await json('PATCH /api/v1/sites/{id}', { id: 'oslo', body: { name: 'bergen' } })
  await json('GET /api/v1/sites/{id}', { id: 'paris' })
  await json('GET /api/v1/sites')
  const grants = [{ role: 'operator', sites: ['paris'] }]
  await json('POST /api/v1/users', { body: { name: 'ann', password: { generate: true }, grants } })
  await json('PATCH /api/v1/users/{id}', { id: 'ann', body: { grants: [{ role: 'approver', sites: null }] } })
  await json('POST /api/v1/users/{id}/password', { id: 'ann', body: { password: { generate: true } } })
  await json('GET /api/v1/users/{id}', { id: 'ann' })
  await json('GET /api/v1/users')
  const token = { name: 'nightly report', grants: [{ role: 'viewer', sites: null }], ttlMs: 2_592_000_000 }
  await json('POST /api/v1/api-tokens', { body: token })
  await json('GET /api/v1/api-tokens', { query: '?limit=1' })
  const lets = { site: 'paris', ttlMs: 3_600_000, maxUses: 2, labels: { rack: '7' }, needsApproval: true }
  await json('POST /api/v1/enrolment-tokens', { body: lets })
  await json('GET /api/v1/enrolment-tokens', { query: '?limit=1' })
  await json('GET /api/v1/account')
  await json('GET /api/v1/account/sessions', { cookie: `aloft_session=${await app.session()}` })
  await json('GET /api/v1/centre-key')
  await json('POST /api/v1/centre-key/rotate')
}

async function fleet(json: Json, { database }: TestApplication): Promise<void> {
  const { items } = await json('GET /api/v1/agents')
  const named = (node: string): string => items.find((agent: { node: string }) => agent.node === node).id
  const [lb1, lb2] = [named('lb1'), named('lb2')]
  await json('GET /api/v1/agents/{id}', { id: lb1 })
  await json('POST /api/v1/agents/{id}/commands', { id: lb1, body: { kind: 'report', ttlMs: 60_000 } })
  const { items: commands } = await json('GET /api/v1/agents/{id}/commands', { id: lb1 })
  await json('GET /api/v1/agents/{id}/commands/{commandId}', { id: lb1, commandId: commands[0].id })
  await json('POST /api/v1/agents/{id}/rotate-key', { id: lb1, body: { reason: 'yearly' } })
  await database.sql`update agents set quarantined_reason = 'two hosts have its key' where id = ${lb1}`
  await json('POST /api/v1/agents/{id}/release', { id: lb1, body: { reason: 'the copy was switched off' } })
  const waits = () => database.sql`update agents set standing = 'pending' where id = ${lb2}`
  await waits()
  await json('POST /api/v1/agents/{id}/approve', { id: lb2, body: { reason: 'ticket 4711' } })
  await json('POST /api/v1/agents/{id}/revoke', { id: lb2, body: { reason: 'stolen' } })
  await waits()
  await json('POST /api/v1/agents/{id}/reject', { id: lb2, body: { reason: 'nobody knows it' } })
}

async function history(json: Json): Promise<void> {
  const { items: routers } = await json('GET /api/v1/virtual-routers')
  const { id } = routers[0]
  await json('GET /api/v1/virtual-routers/{id}', { id })
  const query = '?from=2026-11-22T19:00:00Z&to=2026-11-22T21:00:00Z'
  await json('GET /api/v1/virtual-routers/{id}/timeline', { id, query })
  await json('GET /api/v1/availability', { query })
  await json('GET /api/v1/events', { query: '?limit=2' })
  const { items: failovers } = await json('GET /api/v1/failovers')
  await json('GET /api/v1/failovers/{id}', { id: failovers[0].id })
  await json('GET /api/v1/audit', { query: '?limit=2' })
}

function shortened(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('items' in value) || !Array.isArray(value.items))
    return value
  return { ...value, items: value.items.slice(0, ITEMS_MAX) }
}

async function firstMessage(answer: Response): Promise<string> {
  const reader = answer.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  while (reader !== undefined && !text.includes('\n\n')) text += decoder.decode((await reader.read()).value)
  await reader?.cancel()
  return text
}

/** Copies what was answered with everything that is made anew each time (ids, secrets, hashes) told apart by its number only. */
class Scribe {
  /** The fleet was made some seconds before. */
  readonly #startedAtMs = Date.now() - 60_000
  readonly #numbers = new Map<string, number>()
  readonly #clockMs: number

  constructor(clockMs: number) {
    this.#clockMs = clockMs
  }

  copy(value: unknown): unknown {
    const text = JSON.stringify(value)
      .replace(
        /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
        (id) => `0199c0de-0000-7000-8000-${this.#number(id, 12)}`,
      )
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (instant) => this.#stillAt(instant))
      .replace(/\b[0-9a-f]{64}\b/g, (hash) => `5a${this.#number(hash, 62)}`)
      .replace(/\b[0-9a-f]{32}\b/g, (id) => `fa${this.#number(id, 30)}`)
      .replace(/"nextCursor":"[^"]+"/g, `"nextCursor":"WyJ3aGVyZSIsInRoZSBwYWdlIGVuZHMiXQ"`)
      .replace(/(aloft_(?:api|enrol)_)[\w-]{6,43}/g, (_, kind: string) => `${kind}EXAMPLE`)
      .replace(/SHA256:[\w+/]{43}/g, `SHA256:${'A'.repeat(43)}`)
      .replace(/"password":"[^"]+"/g, '"password":"shown-this-once"')
      .replace(/"(key|by|signature)":"[\w+/=-]{40,}"/g, (_, name: string) => `"${name}":"${'A'.repeat(43)}="`)
    return JSON.parse(text)
  }

  /** What the database's clock or the machine's said, as the clock of the application would have; to the hour. */
  #stillAt(instant: string): string {
    const ms = Date.parse(instant)
    const sinceMs = ms - this.#startedAtMs
    const isOfNow = [0, HOUR_MS, 24 * HOUR_MS].some((later) => sinceMs >= later && ms - later <= Date.now())
    // The application's clock stands still, on a whole hour; what was measured that day has fractions of a second.
    const isOfThatDay = Math.abs(ms - this.#clockMs) <= 24 * HOUR_MS
    if (!isOfNow && (isOfThatDay || ms % 1_000 === 0)) return instant
    return new Date(this.#clockMs + Math.round(sinceMs / HOUR_MS) * HOUR_MS).toISOString()
  }

  #number(text: string, digits: number): string {
    if (!this.#numbers.has(text)) this.#numbers.set(text, this.#numbers.size + 1)
    return String(this.#numbers.get(text)).padStart(digits, '0')
  }
}
