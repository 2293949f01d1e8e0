import type { Context, MiddlewareHandler } from 'hono'
import { NotAcceptable, UnsupportedMediaType } from '../problems.ts'

export const NDJSON = 'application/x-ndjson'
const JSON_TYPE = 'application/json'

interface Wish {
  readonly type: string
  readonly quality: number
}

/**
 * Of the forms offered, the one the caller wants most (RFC 9110 §12.5.1); of equal ones the first. Null when it
 * accepts none of them.
 */
export function chooseForm(accept: string | undefined, offered: readonly string[]): string | null {
  if (accept === undefined || accept.trim() === '') return offered[0] ?? null
  const wishes = accept.split(',').map(wishOf)
  let best: Wish | null = null
  for (const type of offered) {
    const quality = qualityOf(wishes, type)
    if (quality > (best?.quality ?? 0)) best = { type, quality }
  }
  return best?.type ?? null
}

function wishOf(text: string): Wish {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const quality = parameters.find((parameter) => /^q=/.test(parameter))
  const value = quality === undefined ? 1 : Number(quality.slice(2))
  return { type, quality: value >= 0 && value <= 1 ? value : 0 }
}

/** The most precise range that covers the type decides. */
function qualityOf(wishes: readonly Wish[], type: string): number {
  const ranges = [type, `${type.split('/')[0]}/*`, '*/*']
  for (const range of ranges) {
    const wish = wishes.find((each) => each.type === range)
    if (wish !== undefined) return wish.quality
  }
  return 0
}

/** Whether this list is asked for as lines. */
export function wantsLines(c: Context): boolean {
  return chooseForm(c.req.header('accept'), [JSON_TYPE, NDJSON]) === NDJSON
}

/** `forms` says what can be read at a path; a caller that accepts none of it is told before anything is done. */
export function acceptable(forms: (path: string) => readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
    const offered = isRead ? forms(c.req.path) : [JSON_TYPE]
    // Who reads nothing but problems gets his.
    const isAccepted = chooseForm(c.req.header('accept'), [...offered, 'application/problem+json']) !== null
    if (offered.length > 0 && !isAccepted) {
      throw new NotAcceptable(`there is ${offered.join(' or ')} here, and Accept admits none of it`)
    }
    return next()
  }
}

/** What the HTTP server hands on beside the request; a `fetch` handler without a socket has none. */
interface SocketBindings {
  readonly incoming?: object | undefined
}

/** A body is JSON in UTF-8, or it is not read. */
export const jsonBodies: MiddlewareHandler = async (c, next) => {
  const type = c.req.header('content-type')
  if (!hasBody(c) || (type !== undefined && isJson(type))) return next()
  const what =
    type === undefined ? 'a body needs a content-type' : `a body of ${JSON.stringify(type)} is not read here`
  throw new UnsupportedMediaType(`${what}; send ${JSON_TYPE}`, JSON_TYPE)
}

/**
 * Over a socket the framing says it (RFC 9112 §6.3): the server gives every request but GET and HEAD a stream for a body,
 * and a DELETE of `fetch` or curl has neither header. Without a socket the request itself says it.
 */
function hasBody(c: Context): boolean {
  const length = c.req.header('content-length')
  const { incoming }: SocketBindings = c.env ?? {}
  if (incoming === undefined) return c.req.raw.body !== null && length !== '0'
  return c.req.header('transfer-encoding') !== undefined || (length !== undefined && Number(length) !== 0)
}

function isJson(contentType: string): boolean {
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase())
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))
  return type === JSON_TYPE && (charset === undefined || /^charset="?utf-?8"?$/.test(charset))
}
