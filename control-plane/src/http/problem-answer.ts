import type { Problem } from '@aloft/shared/api/schemas'
import { HTTPException } from 'hono/http-exception'
import { databaseErrorCode, isConnectionLoss } from '../database/transact.ts'
import {
  Conflict,
  Forbidden,
  Invalid,
  NotFound,
  RequestProblem,
  Unauthenticated,
  Unavailable,
} from '../problems.ts'

interface ProblemKind {
  readonly name: string
  readonly title: string
  readonly status: number
}

/** The one place where errors become RFC 9457 answers. `report` hears of those that are our own fault. */
export function problemAnswer(error: unknown, report: (error: unknown) => void): Response {
  const away = isConnectionLoss(error)
  const kind = away ? UNAVAILABLE : kindOf(error)
  if (kind === INTERNAL) report(error)
  const problem: Problem = { type: `urn:aloft:problem:${kind.name}`, title: kind.title, status: kind.status }
  if (away) problem.detail = 'the database is not answering'
  else if (error instanceof RequestProblem || error instanceof HTTPException) problem.detail = error.message
  if (error instanceof Invalid && error.faults.length > 0) problem.errors = [...error.faults]
  return new Response(JSON.stringify(problem), { status: kind.status, headers: headersOf(error, kind) })
}

const INTERNAL = { name: 'internal', title: 'Something went wrong here', status: 500 }
const UNAVAILABLE = { name: 'unavailable', title: 'Not available now', status: 503 }
const TOO_LARGE = { name: 'too-large', title: 'Request too large', status: 413 }
const INVALID = { name: 'invalid', title: 'Invalid request', status: 400 }

/** Text PostgreSQL cannot hold, such as a NUL: character_not_in_repertoire, untranslatable_character. */
const UNUSABLE_TEXT = new Set(['22021', '22P05'])

function kindOf(error: unknown): ProblemKind {
  if (UNUSABLE_TEXT.has(databaseErrorCode(error) ?? '')) return INVALID
  if (error instanceof NotFound) return { name: 'not-found', title: 'Not found', status: 404 }
  if (error instanceof Conflict) return { name: 'conflict', title: 'Conflict', status: 409 }
  if (error instanceof Invalid) return INVALID
  if (error instanceof Unavailable) return UNAVAILABLE
  if (error instanceof Forbidden) return { name: 'forbidden', title: 'Not allowed', status: 403 }
  if (error instanceof Unauthenticated)
    return { name: 'unauthenticated', title: 'Sign in first', status: 401 }
  if (error instanceof HTTPException) {
    if (error.status === 413) return TOO_LARGE
    if (error.status < 500) return { ...INVALID, status: error.status }
  }
  return INTERNAL
}

function headersOf(error: unknown, kind: ProblemKind): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  }
  if (kind.status === 503) {
    const retryAfterMs = error instanceof Unavailable ? error.retryAfterMs : 1_000
    headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1_000)))
  }
  if (kind.status === 401) headers['www-authenticate'] = 'Bearer realm="aloft"'
  return headers
}
