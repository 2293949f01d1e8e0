/** The examples of the document are as its own schemas say. That they are what is answered is test/api/examples.test.ts. */
import { apiDocument, type Operation, operationsOf } from '@aloft/control-plane/http/api-document'
import { docsPage } from '@aloft/control-plane/http/docs-page'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { appWithoutDatabase } from './app-without-database.ts'

const document = apiDocument(appWithoutDatabase())
const operations = operationsOf(document).map(
  ([path, method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const,
)
const ajv = new Ajv2020({ strict: false })
formats.default(ajv)
ajv.addSchema(JSON.parse(JSON.stringify(document)), 'api')

interface Media {
  readonly schema?: object
  readonly example?: unknown
}

/** Everything of an operation that has a body: what is sent, and what is answered when it is yes. */
function bodiesOf({ requestBody, responses = {} }: Operation): readonly (readonly [string, string, Media])[] {
  const sent =
    requestBody !== undefined && 'content' in requestBody ? Object.entries(requestBody.content) : []
  const answered = Object.entries<{ content?: Record<string, Media> }>(responses)
    .filter(([status]) => status < '300')
    .flatMap(([status, { content = {} }]) =>
      Object.entries(content).map(([form, media]) => [status, form, media] as const),
    )
  return [...sent.map(([form, media]) => ['request', form, media as Media] as const), ...answered]
}

/** Lines are an item each; a stream is text to the schema. */
function valuesOf(form: string, example: unknown): readonly unknown[] {
  if (form !== 'application/x-ndjson') return [example]
  return String(example)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function faultOf(form: string, { schema = {}, example }: Media): string | null {
  // References are within the document.
  const text = JSON.stringify(schema).replaceAll('"#/', '"api#/')
  const validate = ajv.compile(JSON.parse(text))
  for (const value of valuesOf(form, example)) if (!validate(value)) return ajv.errorsText(validate.errors)
  return null
}

describe('the examples of the document', () => {
  it.each(operations)('%s has one of each body, as its schema says', (_, operation) => {
    for (const [where, form, media] of bodiesOf(operation)) {
      expect(media.example, `${where} ${form}`).toBeDefined()
      expect(faultOf(form, media), `${where} ${form}`).toBeNull()
    }
  })

  it('would be seen if they were not', () => {
    const sites = operations.find(([name]) => name === 'GET /api/v1/sites')?.[1]
    const [, form, media] = bodiesOf(sites ?? {})[0] ?? ['', '', {}]
    expect(faultOf(form, { ...media, example: { items: [{ id: 1 }], nextCursor: null } })).toMatch(/data/)
  })

  it('hold no secret that ever was: what is shown once is a word', () => {
    const text = JSON.stringify(
      operations.map(([, operation]) => bodiesOf(operation).map(([, , { example }]) => example)),
    )
    for (const [secret] of text.matchAll(/aloft_(api|enrol|session|code)_[\w-]+/g))
      expect(secret).toMatch(/_EXAMPLE$/)
    expect(text, 'a password as one is generated').not.toMatch(
      /\b[a-hjkmnp-z2-9]{5}(?:-[a-hjkmnp-z2-9]{5}){3}\b/,
    )
  })

  it('are shown on the page', async () => {
    const html = await docsPage(document).text()
    const shown = html.match(/<details class="example">/g)?.length
    const withAnswers = operations.filter(([, operation]) =>
      bodiesOf(operation).some(([where]) => where !== 'request'),
    )
    expect(shown).toBe(withAnswers.length)
    expect(html).toContain('&quot;name&quot;: &quot;bergen&quot;')
  })
})
