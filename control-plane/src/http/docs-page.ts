import { type ApiDocument, type Operation, operationsOf } from './api-document.ts'
import { schemaTable, typeHtml } from './docs-schema.ts'
import { escapeHtml, page } from './pages.ts'
import { PROBLEM_KINDS } from './problem-kinds.ts'

/** The OpenAPI document for people: made here, so that it needs no script and nothing from elsewhere. */
export function docsPage(document: ApiDocument): Response {
  const operations = operationsOf(document)
  const tags = (document.tags ?? []).map(({ name }) => name)
  const sections = tags.map((tag) => {
    const own = operations.filter(([, , { tags: of }]) => of?.includes(tag))
    return `<h2 id="tag-${escapeHtml(tag)}">${escapeHtml(tag)}</h2>${own.map((each) => section(...each)).join('\n')}`
  })
  const body = `<div class="docs"><nav aria-label="Contents">${contents(tags, operations)}</nav><div>
${introduction()}
${sections.join('\n')}
<h2 id="schemas">Schemas</h2>
${schemas(document)}
<h2 id="problems">Problems</h2>
${problems()}
</div></div>`
  return page('HTTP API', body)
}

type Operations = ReturnType<typeof operationsOf>

function contents(tags: readonly string[], operations: Operations): string {
  const lists = tags.map((tag) => {
    const links = operations
      .filter(([, , { tags: of }]) => of?.includes(tag))
      .map(
        ([, method, { operationId, summary }]) =>
          `<li><a href="#${operationId}"><span class="method ${method}">${method.toUpperCase()}</span> ${escapeHtml(summary ?? '')}</a></li>`,
      )
    return `<details open><summary>${escapeHtml(tag)}</summary><ul>${links.join('')}</ul></details>`
  })
  return `<a href="#start">Start</a> · <a href="#schemas">Schemas</a> · <a href="#problems">Problems</a>${lists.join('')}`
}

function introduction(): string {
  return `<section id="start"><p>For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1), and <code>@aloft/client</code>, which is typed from it.</p>
<pre>curl -H "Authorization: Bearer $ALOFT_TOKEN" ${'"$ALOFT_URL/api/v1/sites"'}</pre>
<table>
<tr><th>Credential</th><td><code>Authorization: Bearer TOKEN</code>, or the session of this browser.</td></tr>
<tr><th>Lists</th><td><code>{"items": […], "nextCursor": …}</code> in the order that is stated. <code>?cursor=</code> the <code>nextCursor</code> of a page for the next one; what arrives meanwhile neither moves nor doubles what follows. <code>?limit=</code> 1 to 500, usually 50.</td></tr>
<tr><th>Exports</th><td><code>Accept: application/x-ndjson</code>, where a list offers it: everything, an item a line. The last line is <code>{"end":{"items":…}}</code>, or <code>{"failed":…}</code>; without one it was cut.</td></tr>
<tr><th>Repeating</th><td><code>Idempotency-Key</code> on any POST: sent again within 24 hours it is done once and answered the same, with <code>Idempotency-Replayed: true</code>.</td></tr>
<tr><th>Changing</th><td><code>ETag</code> on every read. <code>If-None-Match</code> saves the answer; <code>If-Match</code> refuses a change of what somebody else changed meanwhile (412, with the <code>ETag</code> of what is there); an answer to a change has the <code>ETag</code> of the next one.</td></tr>
<tr><th>Limits</th><td><code>RateLimit-Remaining</code> and its kin on every answer; 429 with <code>Retry-After</code> when it is too much. Bodies of 64 KiB at most.</td></tr>
<tr><th>Time</th><td>ISO 8601 in UTC; durations carry their unit in the name. <code>occurredAt</code> is corrected by the measured clock of the node, give or take <code>occurredAtErrorMs</code>.</td></tr>
<tr><th>Errors</th><td><code>application/problem+json</code> (RFC 9457); <a href="#problems">the types there are</a>.</td></tr>
</table></section>`
}

function section(path: string, method: string, operation: Operation): string {
  const { operationId = '', summary = '', description = '' } = operation
  const permission: unknown = Reflect.get(operation, 'x-aloft-permission')
  return `<section id="${escapeHtml(operationId)}"><h3><span class="method ${method}">${method.toUpperCase()}</span> <code>${escapeHtml(path)}</code></h3>
<p>${prose(`${summary}.`)} ${prose(description)}</p>
<p class="facts">${typeof permission !== 'string' ? '' : `Needs <code>${escapeHtml(permission)}</code> · `}${escapeHtml(operationId)}</p>
${parameters(operation)}${requestBody(operation)}${answers(operation)}${example(path, method, operation)}</section>`
}

function parameters(operation: Operation): string {
  const rows = (operation.parameters ?? []).flatMap((parameter) => {
    if (!('name' in parameter)) return []
    const { name, required = false, description = '', schema = {} } = parameter
    const need = required ? ' <em>required</em>' : ''
    return [
      `<tr><td><code>${escapeHtml(name)}</code>${parameter.in === 'query' ? '' : ` <em>${parameter.in}</em>`}</td><td>${typeHtml(schema)}${need}</td><td>${prose(description)}</td></tr>`,
    ]
  })
  if (rows.length === 0) return ''
  return `<table><tr><th>Parameter</th><th>Type</th><th></th></tr>${rows.join('')}</table>`
}

function requestBody({ requestBody: body }: Operation): string {
  if (body === undefined || !('content' in body)) return ''
  const schema = body.content['application/json']?.schema
  return schema === undefined ? '' : `<h4>Body</h4>${schemaTable(schema)}`
}

function answers({ responses = {} }: Operation): string {
  const entries = Object.entries<{ description?: string; content?: Record<string, { schema?: object }> }>(
    responses,
  )
  const good = entries
    .filter(([status]) => status < '400')
    .map(([status, { description = '', content = {} }]) => {
      const forms = Object.entries(content).map(
        ([type, { schema = {} }]) => `<code>${escapeHtml(type)}</code> ${typeHtml(schema)}`,
      )
      return `<tr><td>${status}</td><td>${prose(description)}</td><td>${forms.join('<br>')}</td></tr>`
    })
  const bad = entries.filter(([status]) => status >= '400').map(([status]) => status)
  return `<h4>Answers</h4><table>${good.join('')}<tr><td>${bad.join(' ')}</td><td colspan="2"><a href="#problems">Problem</a></td></tr></table>`
}

/** As it goes over the wire, lines and all. */
function example(path: string, method: string, { requestBody: body, responses = {} }: Operation): string {
  const sent = body !== undefined && 'content' in body ? body.content['application/json']?.example : undefined
  const answered = Object.entries<{ content?: Record<string, { example?: unknown }> }>(responses).flatMap(
    ([status, { content = {} }]) =>
      Object.entries(content)
        .filter(([, media]) => media.example !== undefined)
        .map(([form, media]) => `${status} ${form}\n\n${exampleText(media.example)}`),
  )
  if (answered.length === 0) return ''
  const request = `${method.toUpperCase()} ${path}${sent === undefined ? '' : `\n\n${exampleText(sent)}`}`
  const texts = [request, ...answered].map((text) => `<pre>${escapeHtml(text)}</pre>`)
  return `<details class="example"><summary>Example</summary>${texts.join('')}</details>`
}

function exampleText(example: unknown): string {
  return typeof example === 'string' ? example.trimEnd() : JSON.stringify(example, null, 2)
}

function schemas({ components }: ApiDocument): string {
  const named = Object.entries(components?.schemas ?? {}).sort(([left], [right]) => (left < right ? -1 : 1))
  return named
    .map(
      ([name, schema]) =>
        `<section id="schema-${escapeHtml(name)}"><h3>${escapeHtml(name)}</h3>${schemaTable(schema)}</section>`,
    )
    .join('\n')
}

function problems(): string {
  const rows = Object.entries(PROBLEM_KINDS).map(
    ([name, { status, title, meaning }]) =>
      `<tr id="problem-${name}"><td>${status}</td><td><code>urn:aloft:problem:${name}</code></td><td>${escapeHtml(title)}. ${prose(meaning)}</td></tr>`,
  )
  return `<p>A <code>type</code> stays what it is; <code>detail</code> is for people and does not.</p>
<table><tr><th>Status</th><th>Type</th><th>Meaning</th></tr>${rows.join('')}</table>`
}

/** Text with its \`code\` marked. */
function prose(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}
