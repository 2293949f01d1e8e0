/**
 * What a verb can answer besides its result. Thrown by verbs, mapped to problem+json once, in `http/problem-answer.ts`.
 * The message is for the caller: it says what is wrong and holds no secret.
 */
export class RequestProblem extends Error {
  override readonly name: string = 'RequestProblem'
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

/** Where in the request the fault is: a JSON pointer into the body (`/ttlMs`), or `?name` of a query parameter. */
export interface Fault {
  readonly pointer: string
  readonly message: string
}

export class Invalid extends RequestProblem {
  override readonly name = 'Invalid'
  readonly faults: readonly Fault[]

  constructor(message: string, faults: readonly Fault[] = []) {
    super(message)
    this.faults = faults
  }
}

/** The request could be answered later (HTTP 503 with Retry-After). */
export class Unavailable extends RequestProblem {
  override readonly name = 'Unavailable'
  readonly retryAfterMs: number

  constructor(message: string, retryAfterMs = 1_000, options?: ErrorOptions) {
    super(message, options)
    this.retryAfterMs = retryAfterMs
  }
}
