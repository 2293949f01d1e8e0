import type { Problem } from './api.generated.ts'

/** The control plane said no (RFC 9457): `problem.type` is stable, `problem.detail` is for people. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  readonly problem: Problem
  /** What its log calls this request. */
  readonly requestId: string | null
  /** When to ask again; null when it would be no use. */
  readonly retryAfterMs: number | null

  constructor(
    problem: Problem,
    answer: { readonly requestId: string | null; readonly retryAfterMs: number | null },
  ) {
    super(problem.detail ?? problem.title)
    this.status = problem.status
    this.problem = problem
    this.requestId = answer.requestId
    this.retryAfterMs = answer.retryAfterMs
  }
}

/** Nobody answered, or not in time, or the answer broke off. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
  /** `ECONNREFUSED`, `timeout` and the like. */
  readonly code: string

  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Somebody answered, and not as an Aloft control plane does: a proxy's page, another service, a version apart. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer'
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

/** Reads the answer that was no. */
export async function problemOf(answer: Response): Promise<ApiProblem | UnexpectedAnswer> {
  const body: unknown = await answer.json().catch(() => null)
  if (!isProblem(body)) {
    return new UnexpectedAnswer(
      `${answer.url} answered ${answer.status} ${answer.statusText}`.trimEnd(),
      answer.status,
    )
  }
  return new ApiProblem(body, {
    requestId: answer.headers.get('x-request-id'),
    retryAfterMs: retryAfterMs(answer.headers.get('retry-after')),
  })
}

function retryAfterMs(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' &&
    value !== null &&
    'title' in value &&
    typeof value.title === 'string' &&
    'status' in value &&
    typeof value.status === 'number'
  )
}
