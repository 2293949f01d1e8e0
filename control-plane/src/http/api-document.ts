import type { OpenAPIHono } from '@hono/zod-openapi'
import { addExample } from './examples.ts'
import type { RouteOfPath } from './methods.ts'
import { PROBLEM_KINDS, type ProblemName } from './problem-kinds.ts'
import type { RequestVariables } from './request-context.ts'

type App = OpenAPIHono<{ Variables: RequestVariables }>
export type ApiDocument = ReturnType<App['getOpenAPI31Document']>
type PathItem = NonNullable<ApiDocument['paths']>[string]
export type Operation = NonNullable<PathItem['get']>

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const
type Method = (typeof METHODS)[number]

const DESCRIPTION = `Virtual IPs that stay up, seen and steered from one place.

Lists answer \`{"items": […], "nextCursor": …}\` in the order that is stated; send \`nextCursor\` as \`?cursor\` for the
next page. A cursor is a place in that order, so what arrives meanwhile neither moves nor doubles what follows. Errors are
\`application/problem+json\` (RFC 9457). Instants are ISO 8601 in UTC; durations carry their unit in the name.`

const INFO = {
  openapi: '3.1.0',
  info: {
    title: 'Aloft',
    version: '1',
    description: DESCRIPTION,
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/' }],
  security: [{ bearer: [] }, { session: [] }],
}

/**
 * The OpenAPI document of an application's routes. What is true of every route (its name, how it is refused, the headers
 * all understand) is added here, so that no route can forget it.
 */
export function apiDocument(app: App): ApiDocument {
  const document = app.getOpenAPI31Document(INFO)
  for (const [path, method, operation] of operationsOf(document)) complete(path, method, operation)
  document.tags = [...new Set(operationsOf(document).flatMap(([, , { tags }]) => tags ?? []))]
    .sort()
    .map((name) => ({ name }))
  delete document.webhooks
  return document
}

/** Every path with what may be done there: for `Allow`, `Accept` and the documentation. */
export function routesOf(document: ApiDocument): readonly RouteOfPath[] {
  const routes = new Map<string, { path: string; methods: string[]; forms: string[]; guarded: string[] }>()
  for (const [path, method, operation] of operationsOf(document)) {
    const route = routes.get(path) ?? { path, methods: [], forms: [], guarded: [] }
    routes.set(path, route)
    route.methods.push(method.toUpperCase())
    if (hasHeader(operation, 'if-match')) route.guarded.push(method.toUpperCase())
    if (method === 'get') route.forms.push(...formsOf(operation))
  }
  return [...routes.values()]
}

export function operationsOf(document: ApiDocument): readonly (readonly [string, Method, Operation])[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method]
      return operation === undefined ? [] : [[path, method, operation] as const]
    }),
  )
}

function formsOf(operation: Operation): readonly string[] {
  const answer: { content?: object } = operation.responses?.['200'] ?? {}
  return Object.keys(answer.content ?? {})
}

function complete(path: string, method: Method, operation: Operation): void {
  const [tag = ''] = path.replace(/^\/(api|agent)\/v1\//, '').split('/')
  operation.tags ??= [tag]
  operation.operationId ??= nameOf(path, method)
  addExample(operation, `${method.toUpperCase()} ${path}`)
  const refusals: ProblemName[] = [
    'method-not-allowed',
    'not-acceptable',
    'too-many-requests',
    'internal',
    'unavailable',
  ]
  if (method !== 'get') refusals.push('unsupported-media-type', 'too-large')
  if (method === 'post') refusals.push('key-reused')
  for (const name of refusals) addRefusal(operation, name)
  if (method === 'post')
    addHeader(
      operation,
      'Idempotency-Key',
      'Sent again with the same key and body within 24 hours, it is done once and answered the same.',
    )
  const isConditional = method === 'get' && formsOf(operation).includes('application/json')
  if (!isConditional) return
  addHeader(operation, 'If-None-Match', 'The ETag of what the caller has: 304 when nothing changed.')
  operation.responses = {
    ...operation.responses,
    304: { description: 'What the caller has is what there is.' },
  }
}

function addRefusal(operation: Operation, name: ProblemName): void {
  const { status, meaning } = PROBLEM_KINDS[name]
  const schema = { $ref: '#/components/schemas/Problem' }
  const answer = { description: meaning, content: { 'application/problem+json': { schema } } }
  operation.responses = { [status]: answer, ...operation.responses }
}

function addHeader(operation: Operation, name: string, description: string): void {
  if (hasHeader(operation, name)) return
  operation.parameters = [
    ...(operation.parameters ?? []),
    { name, in: 'header', required: false, description, schema: { type: 'string' } },
  ]
}

/** Whether it knows a header. */
function hasHeader({ parameters = [] }: Operation, name: string): boolean {
  return parameters.some(
    (parameter) =>
      'name' in parameter && parameter.in === 'header' && parameter.name.toLowerCase() === name.toLowerCase(),
  )
}

const VERBS: Readonly<Record<Method, string>> = {
  get: 'get',
  post: 'create',
  put: 'replace',
  patch: 'update',
  delete: 'delete',
}

/** `GET /sites` → listSites, `GET /sites/{id}` → getSite, `POST /agents/{id}/revoke` → revokeAgent. */
function nameOf(path: string, method: Method): string {
  const parts = path.replace(/^\/(api|agent)\/v1\//, '').split('/')
  const things = parts.filter((part) => !part.startsWith('{'))
  const isOne = parts.at(-1)?.startsWith('{') ?? false
  const last = things.at(-1) ?? ''
  if (things.length > 1 && method === 'post' && !isOne && parts.at(-2)?.startsWith('{')) {
    return camel([
      ...(last.endsWith('s') ? ['create', singular(last)] : [last]),
      ...things.slice(0, -1).map(singular),
    ])
  }
  const owners = things.slice(0, -1).map(singular)
  const isList = method === 'get' && !isOne && last.endsWith('s')
  return camel([isList ? 'list' : VERBS[method], ...owners, isList ? last : singular(last)])
}

function singular(word: string): string {
  return word.replace(/ies$/, 'y').replace(/(?<!s)s$/, '')
}

function camel(words: readonly string[]): string {
  const parts = words.flatMap((word) => word.split('-'))
  return parts.map((part, i) => (i === 0 ? part : part.charAt(0).toUpperCase() + part.slice(1))).join('')
}
