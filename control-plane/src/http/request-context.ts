import type { Context } from 'hono'
import type { Actor } from '../audit/record.ts'
import type { Reach } from '../database/reach.ts'
import type { StoredGrant } from '../database/schema/index.ts'

/** Who asks, and in records: who did it. */
export interface Caller extends Actor {
  /** `token:UUID` or `session:UUID`: what was presented, under a name that is no secret. Idempotency keys belong to it. */
  readonly credential: string
  readonly grants: readonly StoredGrant[]
  /** What its owner may: a token does no more than that. Null when nothing limits it. */
  readonly within: readonly StoredGrant[] | null
  /** Whose it is; null of what belongs to no user. */
  readonly userId: string | null
  /** Of a token: what it makes lasts no longer than this. Null is no bound. */
  readonly makesUntilMs: number | null
  /** When what was presented ends by itself. */
  readonly expiresAtMs: number | null
  /** What was presented, for keys derived from it. Never written down. */
  readonly secret: string
}

export interface RequestVariables {
  requestId: string
  /** Tells the log of a fault of our own. */
  report: (error: unknown) => void
  /** Of what is answered, when its reader may change it: part of its `ETag`. */
  revision?: number | string
  caller: Caller
  /** Where the caller has the permission that the route names; set by the route (`apiRoute`). */
  reach: Reach
}

export type RequestContext = Context<{ Variables: RequestVariables }>
