import type { Operation } from './api-document.ts'
import { EXAMPLES } from './examples.generated.ts'

/** What one operation was sent, and answered: by status and form. JSON as it is, lines and streams as text. */
export interface OperationExample {
  readonly request?: unknown
  readonly answers: { readonly [status: string]: { readonly [form: string]: unknown } }
}

type Content = Record<string, { example?: unknown }>

/** Puts the example of an operation where OpenAPI has a place for it: `example` beside each schema. */
export function addExample(operation: Operation, name: string): void {
  const examples: Readonly<Record<string, OperationExample>> = EXAMPLES
  const example = examples[name]
  if (example === undefined) return
  const { requestBody } = operation
  if (example.request !== undefined && requestBody !== undefined && 'content' in requestBody)
    operation.requestBody = {
      ...requestBody,
      content: withExamples(requestBody.content, { 'application/json': example.request }),
    }
  for (const [status, forms] of Object.entries(example.answers)) {
    const answer: { content?: Content } | undefined = operation.responses?.[status]
    if (answer?.content === undefined) continue
    operation.responses = {
      ...operation.responses,
      [status]: { ...answer, content: withExamples(answer.content, forms) },
    }
  }
}

/** A copy: a route's description is shared by every document made of it. */
function withExamples<C extends Content>(content: C, forms: Readonly<Record<string, unknown>>): C {
  const entries = Object.entries(content).map(([form, media]) => [
    form,
    form in forms ? { ...media, example: forms[form] } : media,
  ])
  return Object.fromEntries(entries)
}
