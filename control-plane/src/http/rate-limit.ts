import type { BlockList } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import { TooManyRequests } from '../problems.ts'
import { clientAddress, limitedAs } from './client-address.ts'
import type { RequestVariables } from './request-context.ts'
import { type Rate, type Taken, TokenBuckets } from './token-buckets.ts'

export interface RateLimits {
  /** Of one credential, on this replica. */
  readonly caller: Rate
  /** Of one address (IPv6: one /64), before anybody looks at the credential. */
  readonly address: Rate
}

/**
 * Buckets are in the memory of one replica: a fleet of three lets through up to three times as much, and needs no
 * round trip to say no. What they are against is one caller taking the replica from all others.
 */
export const RATE_LIMITS: RateLimits = {
  caller: { perSecond: 200, burst: 2_000 },
  address: { perSecond: 800, burst: 8_000 },
}

/** So many requests a second for a caller, and the rest in proportion; 0 limits nobody. */
export function rateLimitsOf(perSecond: number): RateLimits | null {
  const rate = (factor: number): Rate => ({ perSecond: factor * perSecond, burst: factor * perSecond * 10 })
  return perSecond === 0 ? null : { caller: rate(1), address: rate(4) }
}

type Limited = MiddlewareHandler<{ Variables: RequestVariables }>

export function limitAddress(rate: Rate, trusted: BlockList): Limited {
  const buckets = new TokenBuckets(rate)
  return async (c, next) => {
    const address = clientAddress(c, trusted)
    if (address !== null) {
      const taken = buckets.take(limitedAs(address), performance.now())
      if (!taken.isAllowed) refuse(`too many requests from ${address}`, rate, taken)
    }
    return next()
  }
}

/** After the caller is known. `RateLimit-*` tells on every answer how much is left. */
export function limitCaller(rate: Rate): Limited {
  const buckets = new TokenBuckets(rate)
  return async (c, next) => {
    const taken = buckets.take(c.get('caller').credential, performance.now())
    if (!taken.isAllowed) refuse('this credential asks too often', rate, taken)
    await next()
    for (const [name, value] of Object.entries(fieldsOf(rate, taken))) c.header(name, value)
  }
}

function refuse(message: string, rate: Rate, taken: Taken): never {
  throw new TooManyRequests(message, taken.retryAfterMs, fieldsOf(rate, taken))
}

/** The fields of draft-ietf-httpapi-ratelimit-headers-06. */
function fieldsOf({ perSecond, burst }: Rate, { remaining, fullInMs }: Taken): Record<string, string> {
  return {
    'ratelimit-limit': String(burst),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(Math.ceil(fullInMs / 1_000)),
    'ratelimit-policy': `${burst};w=${Math.max(1, Math.ceil(burst / perSecond))}`,
  }
}
