/** The OpenAPI document: valid by somebody else's validator, and complete in what every client relies on. */
import { apiDocument, operationsOf } from '@aloft/control-plane/http/api-document'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { appWithoutDatabase } from './app-without-database.ts'

const document = apiDocument(appWithoutDatabase())
const operations = operationsOf(document)

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator()
    const result = await validator.validate(JSON.parse(JSON.stringify(document)))
    expect(result.errors ?? []).toEqual([])
    expect([result.valid, validator.version]).toEqual([true, '3.1'])
  })

  it('gives every operation a name of its own, a tag, a summary and a permission', () => {
    const names = operations.map(([, , { operationId }]) => operationId)
    expect(new Set(names).size).toBe(names.length)
    for (const [path, method, operation] of operations) {
      const what = `${method} ${path}`
      expect(operation.operationId, what).toMatch(/^[a-z][A-Za-z]+$/)
      expect(operation.tags, what).toHaveLength(1)
      expect(operation.summary, what).toMatch(/^[A-Z].*[^.]$/)
      expect(operation, what).toHaveProperty('x-aloft-permission')
    }
  })

  it.each([
    ['get /api/v1/sites', 'listSites'],
    ['get /api/v1/sites/{id}', 'getSite'],
    ['post /api/v1/sites', 'createSite'],
    ['patch /api/v1/sites/{id}', 'updateSite'],
    ['delete /api/v1/enrolment-tokens/{id}', 'deleteEnrolmentToken'],
    ['get /api/v1/stream', 'getStream'],
  ])('calls %s %s', (which, name) => {
    expect(operations.find(([path, method]) => `${method} ${path}` === which)?.[2].operationId).toBe(name)
  })

  it('describes every answer: a schema for each that has a body, problem+json for each that is no', () => {
    for (const [path, method, { responses = {} }] of operations) {
      const what = `${method} ${path}`
      expect(Object.keys(responses), what).toEqual(
        expect.arrayContaining(['401', '403', '405', '406', '429', '500', '503']),
      )
      for (const [status, answer] of Object.entries<{ content?: object; description?: string }>(responses)) {
        expect(answer.description, `${what} ${status}`).toBeTruthy()
        const forms = Object.entries<{ schema?: object }>({ ...answer.content })
        if (Number(status) >= 400)
          expect(
            forms.map(([type]) => type),
            `${what} ${status}`,
          ).toEqual(['application/problem+json'])
        else if (status !== '204' && status !== '304')
          expect(forms.length, `${what} ${status}`).toBeGreaterThan(0)
        for (const [type, { schema }] of forms) expect(schema, `${what} ${status} ${type}`).toBeDefined()
      }
    }
  })

  it('lets every POST be sent again, every read be conditional, and says which lists are exported', () => {
    const headersOf = (which: string) => {
      const operation = operations.find(([path, method]) => `${method} ${path}` === which)?.[2]
      return (operation?.parameters ?? []).flatMap((each) =>
        'name' in each && each.in === 'header' ? [each.name] : [],
      )
    }
    for (const [path, method] of operations)
      if (method === 'post') expect(headersOf(`post ${path}`), path).toContain('Idempotency-Key')
    expect(headersOf('get /api/v1/agents')).toContain('If-None-Match')
    expect(headersOf('patch /api/v1/sites/{id}')).toContain('if-match')
    const lines = operations.filter(
      ([, , { responses }]) => 'application/x-ndjson' in (responses?.['200']?.content ?? {}),
    )
    expect(lines.map(([path]) => path)).toEqual(
      expect.arrayContaining(['/api/v1/events', '/api/v1/failovers']),
    )
  })

  it('says of whole numbers how large they may be', () => {
    const listed = operations.find(([path, method]) => path === '/api/v1/failovers' && method === 'get')?.[2]
      .parameters
    expect(listed).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          name: 'limit',
          schema: expect.objectContaining({ type: 'integer', minimum: 1, maximum: 500, default: 50 }),
        }),
        expect.objectContaining({
          name: 'vrid',
          schema: expect.objectContaining({ type: 'integer', minimum: 1, maximum: 255 }),
        }),
      ]),
    )
  })
})
