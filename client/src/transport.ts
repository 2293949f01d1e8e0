import { ApiProblem, problemOf, UnexpectedAnswer, Unreachable } from './problem.ts'

export interface ClientOptions {
  /** Where the control plane is, such as `https://aloft.example`; a path before `/api` is kept. */
  readonly url: string
  /** An API token. Null sends none: a browser's cookie, or what `fetch` adds. */
  readonly token: string | null
  /** Instead of the global one. */
  readonly fetch?: typeof globalThis.fetch
  /** How long an answer may take to begin. */
  readonly answerWithinMs?: number
  /**
   * How long in all to wait and ask again when the control plane says when (429 and 503 with `Retry-After`). Reads and
   * requests with an `Idempotency-Key` only: both are the same however often they are sent.
   */
  readonly patienceMs?: number
}

export interface Sent {
  readonly method: string
  /** From `/api` or `/agent` on, with its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | undefined
  readonly signal?: AbortSignal | undefined
}

const ANSWER_WITHIN_MS = 15_000
const PATIENCE_MS = 10_000
const PAUSE_MIN_MS = 100

/** Sends one request, and again as long as that is safe, useful and wanted. Throws what `problem.ts` names. */
export async function send(options: ClientOptions, sent: Sent): Promise<Response> {
  const isRepeatable = sent.method === 'GET' || sent.headers?.['idempotency-key'] !== undefined
  let patienceMs = options.patienceMs ?? PATIENCE_MS
  while (true) {
    const answer = await sendOnce(options, sent)
    if (answer.ok || answer.status === 304) return answer
    const problem = await problemOf(answer)
    const waitMs = problem instanceof ApiProblem ? problem.retryAfterMs : null
    if (!isRepeatable || waitMs === null || waitMs > patienceMs) throw problem
    // Who is told to come again at once does so a few times, not for ever.
    const pauseMs = Math.max(PAUSE_MIN_MS, waitMs)
    patienceMs -= pauseMs
    await sleep(pauseMs, sent.signal)
  }
}

async function sendOnce(options: ClientOptions, sent: Sent): Promise<Response> {
  const { url, token, answerWithinMs = ANSWER_WITHIN_MS } = options
  const headers = { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...sent.headers }
  // The clock stops when the answer begins: an export or a stream may last.
  const clock = new AbortController()
  const timer = setTimeout(() => clock.abort(), answerWithinMs)
  const signal = sent.signal === undefined ? clock.signal : AbortSignal.any([clock.signal, sent.signal])
  const init: RequestInit = { method: sent.method, headers, signal, redirect: 'manual' }
  if (sent.body !== undefined) init.body = sent.body
  try {
    return await (options.fetch ?? globalThis.fetch)(`${url.replace(/\/+$/, '')}${sent.path}`, init)
  } catch (error) {
    if (sent.signal?.aborted) throw error
    if (clock.signal.aborted) {
      throw new Unreachable(
        `the control plane at ${url} did not answer within ${answerWithinMs / 1_000}s`,
        'timeout',
      )
    }
    throw unreachable(url, error)
  } finally {
    clearTimeout(timer)
  }
}

/** Node hides the reason in `cause`; browsers have none. */
function unreachable(url: string, error: unknown): Unreachable {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  return new Unreachable(`no control plane answers at ${url} (${code})`, code, { cause: error })
}

/** The JSON of an answer that should hold some. */
export async function readJson(answer: Response): Promise<unknown> {
  const type = answer.headers.get('content-type') ?? ''
  const body: unknown = await answer.json().catch(() => undefined)
  if (body !== undefined) return body
  throw notAloft(answer, type === '' ? 'it is not JSON' : `it is not JSON but ${type}`)
}

export function notAloft(answer: Response, what: string): UnexpectedAnswer {
  return new UnexpectedAnswer(
    `${answer.url} did not answer as an Aloft control plane of this version does: ${what}`,
    answer.status,
  )
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}

/** `/api/v1/sites/{id}` with its parameters, and a query without what is undefined. */
export function pathText(
  template: string,
  parameters: Readonly<Record<string, unknown>>,
  query: Readonly<Record<string, unknown>>,
): string {
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name]
    if (value === undefined || value === null || value === '')
      throw new RangeError(`${template} needs ${name}`)
    return encodeURIComponent(String(value))
  })
  const given = Object.entries(query).flatMap(([key, value]) => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    return values.filter((each) => each !== undefined && each !== null).map((each) => [key, String(each)])
  })
  const text = new URLSearchParams(given).toString()
  return text === '' ? path : `${path}?${text}`
}
