import type { Problem } from '@aloft/shared/api/schemas'
import { HTTPException } from 'hono/http-exception'
import { databaseErrorCode, isConnectionLoss } from '../database/transact.ts'
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
export function problemAnswer(error: unknown, report: (error: unknown) => void): Response {
  const problem = problemOf(error, report)
  return new Response(JSON.stringify(problem), { status: problem.status, headers: headersOf(error, problem) })
}

/** The problem by itself, for where it is too late for a status. */
export function problemOf(error: unknown, report: (error: unknown) => void): Problem {
  const away = isConnectionLoss(error)
  const name = away ? 'unavailable' : nameOf(error)
  if (name === 'internal') report(error)
  const problem = ofKind(name, error)
  if (away) problem.detail = 'the database is not answering'
  else if (error instanceof RequestProblem || error instanceof HTTPException) problem.detail = error.message
  return problem
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
