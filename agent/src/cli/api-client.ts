import { randomUUID } from 'node:crypto'
import { Problem, page } from '@aloft/shared/api/schemas'
import type { z } from 'zod'
import { Refused } from './outcome.ts'

/** The API of a control plane (design §3.3), as far as the command line uses it. Every failure is a `Refused`. */
export interface ApiClient {
  readonly url: string
  /** Follows `nextCursor` until the list ends or holds `limit` items; `nextCursor` is null when it ended. */
  list<T extends z.ZodType>(item: T, path: string, query?: ListQuery): Promise<Listed<z.infer<T>>>
  create<T extends z.ZodType>(answer: T, path: string, body: unknown): Promise<z.infer<T>>
  /** An open `text/event-stream`; the caller's signal ends it. */
  openStream(path: string, resume: { lastEventId: string | null; signal: AbortSignal }): Promise<Response>
}

export interface ListQuery {
  readonly limit?: number
  readonly filters?: Readonly<Record<string, string | number | undefined>>
}

export interface Listed<T> {
  readonly items: T[]
  readonly nextCursor: string | null
}

const PAGE_MAX = 500
const ANSWER_WITHIN_MS = 15_000

export function createApiClient({ url, token }: { readonly url: string; readonly token: string }): ApiClient {
  const send = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json', ...init.headers }
    const answer = await fetch(`${url}/api/v1/${path}`, { ...init, headers }).catch((error: unknown) => {
      throw new Refused(unreachable(url, error))
    })
    if (!answer.ok) throw new Refused(await problemText(answer))
    return answer
  }
  const within = () => AbortSignal.timeout(ANSWER_WITHIN_MS)

  return {
    url,
    async list(item, path, { limit = Number.POSITIVE_INFINITY, filters = {} } = {}) {
      const listed: Listed<z.infer<typeof item>> = { items: [], nextCursor: null }
      let cursor: string | null = null
      do {
        const size = Math.min(PAGE_MAX, limit - listed.items.length)
        const answer = await send(`${path}?${queryText({ ...filters, limit: size, cursor })}`, {
          signal: within(),
        })
        const next: Listed<z.infer<typeof item>> = await readAnswer(page(item), answer)
        listed.items.push(...next.items)
        cursor = next.nextCursor
      } while (cursor !== null && listed.items.length < limit)
      return { items: listed.items, nextCursor: cursor }
    },
    async create(schema, path, body) {
      const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() }
      const init = { method: 'POST', headers, body: JSON.stringify(body), signal: within() }
      return readAnswer(schema, await send(path, init))
    },
    openStream(path, { lastEventId, signal }) {
      const headers = {
        accept: 'text/event-stream',
        ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
      }
      return send(path, { headers, signal })
    },
  }
}

function queryText(query: Readonly<Record<string, string | number | null | undefined>>): string {
  const given = Object.entries(query).flatMap(([key, value]) =>
    value === null || value === undefined ? [] : [[key, String(value)] as const],
  )
  return new URLSearchParams(Object.fromEntries(given)).toString()
}

async function readAnswer<T extends z.ZodType>(schema: T, answer: Response): Promise<z.infer<T>> {
  const value: unknown = await answer.json().catch(() => undefined)
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const what =
    issue === undefined ? 'it is not JSON' : `${issue.path.join('.') || 'the answer'}: ${issue.message}`
  throw new Refused(`${answer.url} did not answer as an Aloft control plane of this version does: ${what}`)
}

/** RFC 9457 as text: the detail where there is one, and a line for each fault it names. */
async function problemText(answer: Response): Promise<string> {
  const parsed = Problem.safeParse(await answer.json().catch(() => undefined))
  if (!parsed.success) return `${answer.url} answered ${answer.status} ${answer.statusText}`.trimEnd()
  const { title, detail, errors = [] } = parsed.data
  const faults = errors.map(({ pointer, message }) => `\n  ${pointer}: ${message}`)
  const advice = answer.status === 401 ? '; check ALOFT_TOKEN or --token' : ''
  return `${detail ?? title}${advice} (${answer.status})${faults.join('')}`
}

function unreachable(url: string, error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return `the control plane at ${url} did not answer within ${ANSWER_WITHIN_MS / 1_000}s`
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  return `no control plane answers at ${url} (${code}); set ALOFT_URL or give --url`
}
