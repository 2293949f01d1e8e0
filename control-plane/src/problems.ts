/** Where in the request the fault is: a JSON pointer into the body (`/ttlMs`), or `?name` of a query parameter. */
export interface Fault {
  readonly pointer: string
  readonly message: string
}

/**
 * What a verb can answer besides its result. Thrown by verbs, mapped to problem+json once, in `http/problem-answer.ts`.
 * The message is for the caller: it says what is wrong and holds no secret.
 */
export class RequestProblem extends Error {
  override readonly name: string = 'RequestProblem'
  /** What the answer says beside its body. */
  readonly headers: Readonly<Record<string, string>> = {}
  readonly faults: readonly Fault[]

  constructor(message: string, faults: readonly Fault[] = [], options?: ErrorOptions) {
    super(message, options)
    this.faults = faults
  }
}

export class NotFound extends RequestProblem {
  override readonly name = 'NotFound'
}

export class Conflict extends RequestProblem {
  override readonly name = 'Conflict'
}

/** Nobody is signed in, or with something that does not hold (HTTP 401). */
export class Unauthenticated extends RequestProblem {
  override readonly name = 'Unauthenticated'
}

/** Someone is signed in, and may not (HTTP 403). */
export class Forbidden extends RequestProblem {
  override readonly name = 'Forbidden'
}

export class Invalid extends RequestProblem {
  override readonly name = 'Invalid'
}

/** The path is there, the method is not (HTTP 405). */
export class MethodNotAllowed extends RequestProblem {
  override readonly name = 'MethodNotAllowed'
  override readonly headers: Readonly<Record<string, string>>

  constructor(message: string, allowed: readonly string[]) {
    super(message)
    this.headers = { allow: allowed.join(', ') }
  }
}

/** None of the forms there are is one the caller accepts (HTTP 406). */
export class NotAcceptable extends RequestProblem {
  override readonly name = 'NotAcceptable'
}

/** What `If-Match` names is no longer what is there (HTTP 412). */
export class PreconditionFailed extends RequestProblem {
  override readonly name = 'PreconditionFailed'
  override readonly headers: Readonly<Record<string, string>>

  /** `etag` is of what is there. */
  constructor(message: string, etag: string) {
    super(message)
    this.headers = { etag }
  }
}

/** The body is in a form that is not read here (HTTP 415). */
export class UnsupportedMediaType extends RequestProblem {
  override readonly name = 'UnsupportedMediaType'
  override readonly headers: Readonly<Record<string, string>>

  constructor(message: string, accepted: string) {
    super(message)
    this.headers = { 'accept-post': accepted }
  }
}

/** The `Idempotency-Key` stands for another request (HTTP 409). */
export class KeyReused extends RequestProblem {
  override readonly name = 'KeyReused'
}

/** The caller, or its address, asks too often (HTTP 429 with Retry-After). */
export class TooManyRequests extends RequestProblem {
  override readonly name = 'TooManyRequests'
  override readonly headers: Readonly<Record<string, string>>
  readonly retryAfterMs: number

  constructor(message: string, retryAfterMs: number, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.retryAfterMs = retryAfterMs
    this.headers = headers
  }
}

/** The request could be answered later (HTTP 503 with Retry-After). */
export class Unavailable extends RequestProblem {
  override readonly name = 'Unavailable'
  readonly retryAfterMs: number

  constructor(message: string, retryAfterMs = 1_000, options?: ErrorOptions) {
    super(message, [], options)
    this.retryAfterMs = retryAfterMs
  }
}
