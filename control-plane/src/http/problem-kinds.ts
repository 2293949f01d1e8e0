/** A kind of problem: its name in the type URI, which stays, and what it asks of the caller. */
export interface ProblemKind {
  readonly title: string
  readonly status: number
  /** For the documentation: what happened, and what to do. */
  readonly meaning: string
}

/** Every problem the API answers with; `type` is `urn:aloft:problem:` and the name. */
export const PROBLEM_KINDS = {
  invalid: {
    title: 'Invalid request',
    status: 400,
    meaning:
      'Something in the request cannot be meant. `errors` points at each fault: a JSON pointer into the body, or `?name` of a query parameter.',
  },
  unauthenticated: {
    title: 'Sign in first',
    status: 401,
    meaning: 'No credential was sent, or one that is unknown, expired or revoked.',
  },
  forbidden: {
    title: 'Not allowed',
    status: 403,
    meaning: 'The credential holds and does not reach this far.',
  },
  'not-found': {
    title: 'Not found',
    status: 404,
    meaning: 'There is no such thing, or it is beyond the sites of the caller.',
  },
  'method-not-allowed': {
    title: 'Method not allowed',
    status: 405,
    meaning: 'The path is there; `Allow` lists what may be done with it.',
  },
  'not-acceptable': {
    title: 'Not acceptable',
    status: 406,
    meaning: 'None of the forms there are is among those in `Accept`; the detail names them.',
  },
  conflict: {
    title: 'Conflict',
    status: 409,
    meaning:
      'It contradicts what is there: a name that is taken, a site that is not empty, a request still being answered.',
  },
  'precondition-failed': {
    title: 'Changed meanwhile',
    status: 412,
    meaning:
      'Somebody changed it since it was read: read it again, decide again, send the new `ETag` in `If-Match`.',
  },
  'too-large': {
    title: 'Request too large',
    status: 413,
    meaning: 'The body is larger than what is read here; the detail says how large it may be.',
  },
  'unsupported-media-type': {
    title: 'Unsupported media type',
    status: 415,
    meaning: 'Bodies are `application/json` in UTF-8.',
  },
  'key-reused': {
    title: 'Idempotency-Key used before',
    status: 409,
    meaning:
      'This `Idempotency-Key` stands for another request of the last 24 hours. A new request takes a new key.',
  },
  'too-many-requests': {
    title: 'Too many requests',
    status: 429,
    meaning:
      'The caller, or its address, asks more often than this replica answers; `Retry-After` says when to go on.',
  },
  internal: {
    title: 'Something went wrong here',
    status: 500,
    meaning: 'A fault of the control plane. Its log has the `x-request-id` of the answer.',
  },
  unavailable: {
    title: 'Not available now',
    status: 503,
    meaning:
      'The database is away, or the answer took too long; `Retry-After` says when to try again. Nothing was done, or all of it: a POST with an `Idempotency-Key` may be sent again safely.',
  },
} as const satisfies Readonly<Record<string, ProblemKind>>

export type ProblemName = keyof typeof PROBLEM_KINDS
