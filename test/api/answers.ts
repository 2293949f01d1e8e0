/** Whether an answer is what the document says it may be. Written from the document and RFC 9457, not from the product. */
import type { ApiDocument } from '@aloft/control-plane/http/api-document'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { schemaOf } from './arbitrary.ts'
import type { Target } from './requests.ts'

/** The streams that do not end; their beginning is looked at. */
const ENDLESS = 'text/event-stream'

export class AnswerJudge {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: false })
  private readonly compiled = new Map<string, ValidateFunction>()

  constructor(document: ApiDocument) {
    formats.default(this.ajv)
    this.ajv.addSchema(JSON.parse(JSON.stringify(document)), 'api')
  }

  /** What is wrong with it, or null. Reads the body. */
  async fault({ path, method, operation }: Target, answer: Response): Promise<string | null> {
    const { status } = answer
    const type = answer.headers.get('content-type')
    const body = await bodyOf(answer)
    if (status >= 500) return `status ${status}: ${body}`
    if (answer.headers.get('x-request-id') === null) return 'no x-request-id'
    const declared = schemaOf(operation.responses)[String(status)]
    if (declared === undefined) return `status ${status} is not in the document: ${body}`
    const content = schemaOf(schemaOf(declared)['content'])
    if (Object.keys(content).length === 0)
      return body === '' ? null : `a body that the document does not know: ${body}`
    const form = (type ?? '').split(';')[0] ?? ''
    if (!(form in content)) return `content type ${type} is not in the document for ${status}`
    if (form === ENDLESS) return null
    const pointer = ['paths', path, method, 'responses', String(status), 'content', form, 'schema']
    const texts = form === 'application/x-ndjson' ? body.trimEnd().split('\n') : [body]
    for (const text of texts) {
      const fault = this.schemaFault(pointer, text)
      if (fault !== null) return fault
    }
    if (status >= 400) return problemFault(status, body)
    return form === 'application/x-ndjson' && !/^\{"end":/.test(texts.at(-1) ?? '')
      ? 'the export has no end'
      : null
  }

  private schemaFault(pointer: readonly string[], text: string): string | null {
    const ref = `api#/${pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`
    const validate = this.compiled.get(ref) ?? this.ajv.compile({ $ref: ref })
    this.compiled.set(ref, validate)
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return `not JSON: ${text.slice(0, 200)}`
    }
    if (validate(value)) return null
    return `not as its schema says (${this.ajv.errorsText(validate.errors)}): ${text.slice(0, 500)}`
  }
}

function problemFault(status: number, body: string): string | null {
  const problem: Record<string, unknown> = JSON.parse(body)
  if (problem['status'] !== status) return `a problem of status ${problem['status']} with status ${status}`
  if (!/^urn:aloft:problem:[a-z-]+$/.test(String(problem['type'])))
    return `a problem without a type of ours: ${body}`
  if (typeof problem['title'] !== 'string' || problem['title'] === '')
    return `a problem without a title: ${body}`
  return null
}

async function bodyOf(answer: Response): Promise<string> {
  if (answer.headers.get('content-type') !== ENDLESS) return answer.text()
  await answer.body?.cancel()
  return ''
}
