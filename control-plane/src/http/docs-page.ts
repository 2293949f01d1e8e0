import { escapeHtml, page } from './pages.ts'

interface Operation {
  readonly summary?: string | undefined
  readonly description?: string | undefined
  readonly parameters?: readonly unknown[] | undefined
  readonly requestBody?: unknown
  readonly responses?: Readonly<Record<string, unknown>> | undefined
}

export interface ApiDocument {
  readonly paths?: Readonly<Record<string, object>> | undefined
}

/** The OpenAPI document for people: made here, so that it needs no script and nothing from elsewhere. */
export function docsPage(document: ApiDocument): Response {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => section(path, method, operation)),
  )
  const intro = `<p>Send an API token as <code>Authorization: Bearer TOKEN</code>. Lists answer
<code>{"items": […], "nextCursor": …}</code>; errors are <code>application/problem+json</code> (RFC 9457). For
programs: <a href="/openapi.json">openapi.json</a>.</p>`
  return page('HTTP API', intro + operations.join('\n'))
}

function section(path: string, method: string, operation: Operation): string {
  const { summary = '', description = '', parameters = [], requestBody, responses = {} } = operation
  const answers = Object.entries(responses).map(([status, answer]) =>
    status.startsWith('2') ? details(`${status} ${textOf(answer, 'description')}`, answer) : '',
  )
  return `<section><h2><code>${method.toUpperCase()} ${escapeHtml(path)}</code></h2>
<p>${escapeHtml(summary)}. ${escapeHtml(description)}</p>
${parameters.length === 0 ? '' : `<table>${parameters.map(parameter).join('')}</table>`}
${requestBody === undefined ? '' : details('Body', requestBody)}
${answers.join('\n')}</section>`
}

function parameter(of: unknown): string {
  const schema = of !== null && typeof of === 'object' && 'schema' in of ? JSON.stringify(of.schema) : ''
  const where = textOf(of, 'in')
  return `<tr><td><code>${escapeHtml(textOf(of, 'name'))}</code></td><td>${escapeHtml(where)}</td><td><code>${escapeHtml(schema)}</code></td></tr>`
}

function details(title: string, content: unknown): string {
  const json = escapeHtml(JSON.stringify(content, null, 2))
  return `<details><summary>${escapeHtml(title)}</summary><pre>${json}</pre></details>`
}

function textOf(object: unknown, key: string): string {
  if (object === null || typeof object !== 'object') return ''
  const value: unknown = Reflect.get(object, key)
  return typeof value === 'string' ? value : ''
}
