import type { Problem } from '@aloft/shared/api/schemas'
import { HTTPException } from 'hono/http-exception'
import { databaseErrorCode, unavailability } from '../database/transact.ts'
import {
  Conflict,
  Forbidden,
  Invalid,
  KeyReused,
  MethodNotAllowed,
  NotAcceptable,
  NotFound,
  PreconditionFailed,
  RequestProblem,
  TooManyRequests,
  Unauthenticated,
  Unavailable,
  UnsupportedMediaType,
} from '../problems.ts'
import { PROBLEM_KINDS, type ProblemName } from './problem-kinds.ts'

/** The one place where errors become RFC 9457 answers. `report` hears of those that are our own fault. */
export function problemAnswer(thrown: unknown, report: (error: unknown) => void): Response {
  const error = understood(thrown)
  const problem = problemOf(error, report)
  return new Response(JSON.stringify(problem), { status: problem.status, headers: headersOf(error, problem) })
}

/** The problem by itself, for where it is too late for a status. */
export function problemOf(thrown: unknown, report: (error: unknown) => void): Problem {
  const error = understood(thrown)
  const name = nameOf(error)
  if (name === 'internal' || isShort(error)) report(error)
  const problem = ofKind(name, error)
  if (error instanceof RequestProblem || error instanceof HTTPException) problem.detail = error.message
  return problem
}

/** out_of_memory is of locks too, and is a matter of settings; the caller can do no more than come later. */
const OUT_OF_MEMORY = '53200'

/** What the caller is told of a failure that is the database's. */
function understood(error: unknown): unknown {
  if (error instanceof RequestProblem) return error
  if (databaseErrorCode(error) === OUT_OF_MEMORY)
    return new Unavailable('the database is out of memory, or of room for locks', 5_000, { cause: error })
  return unavailability(error) ?? error
}

/** Something the operator has to do, and nobody else will tell him. */
function isShort(error: unknown): boolean {
  return error instanceof Unavailable && (databaseErrorCode(error) ?? '').startsWith('53')
}

function ofKind(name: ProblemName, error: unknown): Problem {
  const { title, status } = PROBLEM_KINDS[name]
  // What Hono itself refuses (a body that is no JSON) may have a status of its own.
  const own = error instanceof HTTPException && name === 'invalid' ? error.status : status
  const problem: Problem = { type: `urn:aloft:problem:${name}`, title, status: own }
  if (error instanceof RequestProblem && error.faults.length > 0) problem.errors = [...error.faults]
  return problem
}

/** Text PostgreSQL cannot hold, such as a NUL: character_not_in_repertoire, untranslatable_character. */
const UNUSABLE_TEXT = new Set(['22021', '22P05'])

const NAMES: readonly (readonly [new (...given: never[]) => RequestProblem, ProblemName])[] = [
  [NotFound, 'not-found'],
  [Conflict, 'conflict'],
  [Invalid, 'invalid'],
  [Unavailable, 'unavailable'],
  [Forbidden, 'forbidden'],
  [Unauthenticated, 'unauthenticated'],
  [MethodNotAllowed, 'method-not-allowed'],
  [NotAcceptable, 'not-acceptable'],
  [PreconditionFailed, 'precondition-failed'],
  [UnsupportedMediaType, 'unsupported-media-type'],
  [KeyReused, 'key-reused'],
  [TooManyRequests, 'too-many-requests'],
]

function nameOf(error: unknown): ProblemName {
  if (UNUSABLE_TEXT.has(databaseErrorCode(error) ?? '')) return 'invalid'
  const known = NAMES.find(([kind]) => error instanceof kind)
  if (known !== undefined) return known[1]
  if (error instanceof HTTPException) {
    if (error.status === 413) return 'too-large'
    if (error.status < 500) return 'invalid'
  }
  return 'internal'
}

function headersOf(error: unknown, { status }: Problem): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(error instanceof RequestProblem ? error.headers : {}),
  }
  if (status === 503 || status === 429) {
    const knows = error instanceof Unavailable || error instanceof TooManyRequests
    headers['retry-after'] = String(Math.max(1, Math.ceil((knows ? error.retryAfterMs : 1_000) / 1_000)))
  }
  if (status === 401) headers['www-authenticate'] = 'Bearer realm="aloft"'
  return headers
}
