import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import type { Database, Transaction } from '../database/client.ts'
import { databaseErrorCode, transactOnce, unavailability, within } from '../database/transact.ts'
import type { Caller, RequestVariables } from '../http/request-context.ts'
import { Conflict, Invalid, KeyReused } from '../problems.ts'
import { seal, unseal } from './sealed.ts'
import { Slots } from './slots.ts'
import { claimKey, type Earlier, keepAnswer } from './store.ts'

export const KEPT_FOR_MS = 24 * 3_600_000
/** How long a double waits for the first of its kind to be answered. */
const WAIT_MS = 10_000
/**
 * Each holds one connection of ten for as long as its verb runs, and its verb may want a second one for what it reads
 * beside its transaction. Others stand in line, without a connection.
 */
const AT_ONCE_MAX = 4
/** Every printable ASCII character; most send a UUID. */
const KEY = /^[\x21-\x7e]{1,200}$/

type RequestContext = Context<{ Variables: RequestVariables }>

/** What of an answer belongs to what was done, and is said again with it. */
const KEPT_HEADERS = ['content-type', 'location', 'content-location', 'etag'] as const

/** Of what was kept by the version before this one. */
const JSON_ONLY = [['content-type', 'application/json']] as const

interface KeptAnswer {
  readonly status: number
  readonly headers?: readonly (readonly [string, string])[]
  readonly body: string
}

class NotKept extends Error {}

/**
 * `Idempotency-Key` on any POST: done once, answered the same for 24 hours. The key, what the verb does and its answer
 * are one transaction (the verb's own becomes a savepoint in it), so there is no instant at which a replica could die
 * and leave one without the others; who comes with the same key meanwhile waits on the row and gets the same answer.
 * An answer that is no (4xx, 5xx) did nothing and uses up no key.
 */
export function onceByKey(
  db: Database,
  now: () => number,
): MiddlewareHandler<{ Variables: RequestVariables }> {
  const slots = new Slots(AT_ONCE_MAX)
  return async (c, next) => {
    const key = c.req.header('idempotency-key')
    if (c.req.method !== 'POST' || key === undefined) return next()
    if (!KEY.test(key)) {
      const message = '1 to 200 printable ASCII characters without spaces'
      throw new Invalid(`Idempotency-Key: ${message}`, [{ pointer: '/idempotency-key', message }])
    }
    const claim = { owner: c.get('caller').credential, key, requestHash: await hashOf(c) }
    const inContext = AsyncLocalStorage.snapshot()
    const release = await slots.take()
    try {
      await transactOnce(db, (tx) => inContext(() => answerOnce(c, next, { tx, nowMs: now(), ...claim })))
    } catch (error) {
      if (!(error instanceof NotKept)) throw failureOf(error)
    } finally {
      release()
    }
  }
}

interface Request {
  readonly tx: Transaction
  readonly owner: string
  readonly key: string
  readonly requestHash: string
  readonly nowMs: number
}

async function answerOnce(c: RequestContext, next: () => Promise<void>, request: Request): Promise<void> {
  const { tx, nowMs } = request
  const caller = c.get('caller')
  const earlier = await claimKey(tx, { ...request, forgottenBeforeMs: nowMs - KEPT_FOR_MS }, WAIT_MS)
  if (earlier !== null) {
    c.res = replayed(earlier, request.requestHash, caller)
    return
  }
  await within(tx, next)
  // What is thrown here rolls back the claim; the answer that is no stands in the context.
  if (c.res.status >= 300) throw new NotKept()
  const body = await c.res.clone().text()
  const headers = KEPT_HEADERS.flatMap((name) => {
    const value = c.res.headers.get(name)
    return value === null ? [] : [[name, value]]
  })
  await keepAnswer(tx, request, seal(caller.secret, JSON.stringify({ status: c.res.status, headers, body })))
}

function replayed(earlier: Earlier, requestHash: string, caller: Caller): Response {
  if (earlier.requestHash !== requestHash) {
    throw new KeyReused('this Idempotency-Key was used with another request')
  }
  const opened = unseal(caller.secret, earlier.answer)
  if (opened === null) {
    throw new Conflict(
      'this request was answered already, under another credential, which alone can read the answer',
    )
  }
  const { status, headers: kept = JSON_ONLY, body }: KeptAnswer = JSON.parse(opened)
  const headers = { ...Object.fromEntries(kept), 'idempotency-replayed': 'true' }
  return new Response(status === 204 ? null : body, { status, headers })
}

function failureOf(error: unknown): unknown {
  if (databaseErrorCode(error) === '55P03') {
    return new Conflict('a request with this Idempotency-Key is still being answered; send it again')
  }
  // Whether the commit happened is not known; the same key finds out.
  return unavailability(error) ?? error
}

async function hashOf(c: RequestContext): Promise<string> {
  const { pathname, search } = new URL(c.req.url)
  return createHash('sha256')
    .update(`${c.req.method} ${pathname}${search}\n`)
    .update(new Uint8Array(await c.req.arrayBuffer()))
    .digest('hex')
}
