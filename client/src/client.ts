import { type ExportEnded, readLines } from './export-lines.ts'
import { type Follow, follow, type StreamMessageOf } from './follow.ts'
import type { Answer, ExportName, Given, Input, Item, ListName, OperationName } from './operations.ts'
import { type ClientOptions, notAloft, pathText, readJson, type Sent, send } from './transport.ts'

/** What came beside the answer. */
export interface Answered<T> {
  /** Null when `ifNoneMatch` is still what there is. */
  readonly value: T | null
  readonly etag: string | null
  readonly status: number
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
}

/** The API of a control plane, typed from its OpenAPI document. Every failure is one of `problem.ts`. */
export interface Client {
  readonly url: string
  /** One operation, and what it answers: `client.call('GET /api/v1/sites/{id}', { path: { id: 'paris' } })`. */
  call<O extends OperationName>(operation: O, ...given: Given<O>): Promise<Answer<O>>
  /** The same with its `ETag`, and for `ifNoneMatch`. */
  answer<O extends OperationName>(operation: O, ...given: Given<O>): Promise<Answered<Answer<O>>>
  /** The first `atMost` items, of as many pages as it takes; `nextCursor` goes on behind them. */
  list<O extends ListName>(operation: O, atMost: number, ...given: Given<O>): Promise<Page<Item<O>>>
  /** Page by page, from `query.cursor` on. */
  pages<O extends ListName>(operation: O, ...given: Given<O>): AsyncGenerator<Page<Item<O>>>
  /** Item by item, over all pages. */
  items<O extends ListName>(operation: O, ...given: Given<O>): AsyncGenerator<Item<O>>
  /**
   * The whole list in one answer, as fast as it is read. Returns how it ended; throws `Unreachable` when it was cut, and
   * `ApiProblem` when the control plane broke off.
   */
  export<O extends ExportName>(operation: O, ...given: Given<O>): AsyncGenerator<Item<O>, ExportEnded>
  /** Everything as it happens, resumed where it was lost. */
  follow(options: Follow): AsyncGenerator<StreamMessageOf>
}

/** The most the control plane puts on one page. */
const PAGE_MAX = 500

export function createClient(options: ClientOptions): Client {
  const answer = async <O extends OperationName>(operation: O, ...[input]: Given<O>) =>
    readAnswer<Answer<O>>(await send(options, requestOf(operation, input ?? {})))
  const pages: Client['pages'] = async function* (operation, ...[input]) {
    let query: Readonly<Record<string, unknown>> = input?.query ?? {}
    while (true) {
      const response = await send(options, requestOf(operation, { ...input, query }))
      const page = await readPage<Item<typeof operation>>(response)
      yield page
      if (page.nextCursor === null) return
      query = { ...query, cursor: page.nextCursor }
    }
  }
  return {
    url: options.url,
    answer,
    call: async (operation, ...given) => {
      const { value } = await answer(operation, ...given)
      // Only `ifNoneMatch` brings null, which is for `answer`.
      return value as Answer<typeof operation>
    },
    list: async (operation, atMost, ...[input]) => {
      const items: Item<typeof operation>[] = []
      let cursor: unknown = input?.query && 'cursor' in input.query ? input.query.cursor : undefined
      do {
        const query = { ...input?.query, limit: Math.min(PAGE_MAX, atMost - items.length), cursor }
        const page = await readPage<Item<typeof operation>>(
          await send(options, requestOf(operation, { ...input, query })),
        )
        items.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null && items.length < atMost)
      return { items, nextCursor: typeof cursor === 'string' ? cursor : null }
    },
    pages,
    items: async function* (operation, ...given) {
      for await (const page of pages(operation, ...given)) yield* page.items
    },
    export: async function* (operation, ...[input]) {
      const request = requestOf(operation, input ?? {})
      const headers = { ...request.headers, accept: 'application/x-ndjson' }
      return yield* readLines<Item<typeof operation>>(await send(options, { ...request, headers }))
    },
    follow: (following) =>
      follow(
        (headers, signal) => send({ ...options, patienceMs: 0 }, streamRequest(headers, signal)),
        following,
      ),
  }
}

interface AnyInput {
  readonly path?: Readonly<Record<string, unknown>> | undefined
  readonly query?: Readonly<Record<string, unknown>> | undefined
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
  readonly idempotencyKey?: string | undefined
}

function requestOf<O extends OperationName>(operation: O, input: AnyInput | Input<O>): Sent {
  const { path = {}, query = {}, body, signal, ifMatch, ifNoneMatch, idempotencyKey }: AnyInput = input
  const [method = '', template = ''] = operation.split(' ')
  const headers: Record<string, string> = { accept: 'application/json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (ifMatch !== undefined) headers['if-match'] = ifMatch
  if (ifNoneMatch !== undefined) headers['if-none-match'] = ifNoneMatch
  if (method === 'POST') headers['idempotency-key'] = idempotencyKey ?? newKey()
  const text = body === undefined ? undefined : JSON.stringify(body)
  return { method, path: pathText(template, path, query), headers, body: text, signal }
}

function streamRequest(headers: Readonly<Record<string, string>>, signal: AbortSignal): Sent {
  return { method: 'GET', path: '/api/v1/stream', headers, signal }
}

async function readAnswer<T>(answer: Response): Promise<Answered<T>> {
  const { status } = answer
  const etag = answer.headers.get('etag')
  if (status === 304) return { value: null, etag, status }
  // The types are made from the document of this version, which this is trusted to be; `pages` looks at what it steers by.
  const value = status === 204 ? undefined : await readJson(answer)
  return { value: value as T, etag, status }
}

async function readPage<T>(answer: Response): Promise<Page<T>> {
  const page = await readJson(answer)
  if (typeof page !== 'object' || page === null || !('items' in page) || !Array.isArray(page.items)) {
    throw notAloft(answer, 'it has no items')
  }
  const nextCursor = 'nextCursor' in page ? page.nextCursor : undefined
  if (nextCursor !== null && typeof nextCursor !== 'string') throw notAloft(answer, 'it has no nextCursor')
  return { items: page.items, nextCursor }
}

/** A UUID; not `randomUUID`, which browsers have on secure pages only. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5')
}
