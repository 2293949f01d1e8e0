import { ExchangeRequest } from '@aloft/shared/protocol/exchange'
import { Hono } from 'hono'
import { countConnected } from '../agents/turns.ts'
import type { Centre } from '../centre-keys/centre.ts'
import type { Database } from '../database/client.ts'
import { Invalid } from '../problems.ts'
import type { Services } from './connection.ts'
import { createExchange, EXCHANGE_LIMITS, HOLD_MS } from './exchange.ts'
import type { ExchangeContext } from './exchange-services.ts'
import { createHolds, type Holds } from './holds.ts'
import type { SessionLimits } from './machine.ts'
import { openSealKeys } from './seal-keys.ts'
import type { Commit } from './writer.ts'

export interface ExchangeOptions {
  readonly db: Database
  readonly centre: Centre
  readonly now: () => number
  readonly log: Services['log']
  /** Where requests wait, if somebody wakes them; otherwise they wait for their time to pass. */
  readonly holds?: Holds
  readonly limits?: SessionLimits
  readonly holdMs?: number
  /** Told of every transaction of events. */
  readonly committed?: ((commit: Commit) => void) | undefined
}

/** The fleet's size changes slowly, and only spreads waits. */
const COUNT_EVERY_MS = 10_000

/** `POST /exchange`: agents bring their own proof, so it needs no credential. */
export function exchangeRoute({ db, centre, now, log, ...given }: ExchangeOptions): Hono {
  const exchange = createExchange({
    db,
    centre,
    now,
    log,
    keys: openSealKeys(db, now),
    holds: given.holds ?? createHolds(),
    ...counted(db),
    limits: given.limits ?? EXCHANGE_LIMITS,
    holdMs: given.holdMs ?? HOLD_MS,
    committed: given.committed,
  })
  const app = new Hono()
  app.post('/exchange', async (c) => {
    const text = await c.req.text()
    const answer = await exchange(parse(text), { bytes: Buffer.byteLength(text), gone: c.req.raw.signal })
    return c.body(answer, 200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  })
  return app
}

function parse(text: string): ExchangeRequest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Invalid('the body is not JSON', [{ pointer: '', message: 'not JSON' }])
  }
  const request = ExchangeRequest.safeParse(value)
  if (request.success) return request.data
  const faults = request.error.issues.map(({ path, message }) => ({ pointer: `/${path.join('/')}`, message }))
  throw new Invalid(faults.map(({ pointer, message }) => `${pointer}: ${message}`).join('; '), faults)
}

function counted(db: Database): Pick<ExchangeContext, 'connected' | 'connectedLately'> {
  let count = 0
  let countedAtMs = Number.NEGATIVE_INFINITY
  return {
    connected: async () => {
      if (performance.now() - countedAtMs > COUNT_EVERY_MS) {
        count = await countConnected(db)
        countedAtMs = performance.now()
      }
      return count
    },
    connectedLately: () => count,
  }
}
