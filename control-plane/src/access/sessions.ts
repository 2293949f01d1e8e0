import { type Actor, recordAudit } from '../audit/record.ts'
import type { Transaction } from '../database/client.ts'
import type { SignInMethod, StoredGrant } from '../database/schema/index.ts'
import { hashSecret, mintSecret } from './secrets.ts'
import { insertBrowserSession } from './store.ts'

/** How long a browser stays signed in at most. */
export const SESSION_TTL_MS = 7 * 86_400_000
const USER_AGENT_MAX = 200

/** The browser that signs in, as far as it shows. */
export interface Visitor {
  readonly address: string | null
  readonly userAgent: string | null
  readonly requestId: string | null
  readonly nowMs: number
}

export type SessionOf =
  | { readonly userId: string; readonly actor: { readonly id: string; readonly name: string } }
  | { readonly apiTokenId: string; readonly actor: { readonly id: string; readonly name: string } }
  | {
      readonly grants: readonly StoredGrant[]
      readonly actor: { readonly id: string; readonly name: string }
    }

/** A new session and its secret, which the cookie holds. It is on record. */
export async function startSession(
  tx: Transaction,
  of: SessionOf,
  method: SignInMethod,
  visitor: Visitor,
): Promise<string> {
  const { address, requestId, nowMs } = visitor
  const userAgent = visitor.userAgent?.slice(0, USER_AGENT_MAX) ?? null
  const { actor, ...owner } = of
  const secret = mintSecret('session')
  const id = await insertBrowserSession(tx, {
    ...owner,
    hash: hashSecret(secret),
    method,
    address,
    userAgent,
    createdAtMs: nowMs,
    lastSeenAtMs: nowMs,
    expiresAtMs: nowMs + SESSION_TTL_MS,
  })
  const by: Actor = { ...actor, credential: `session:${id}`, requestId }
  const change = {
    action: 'session.create',
    target: { kind: 'session', id },
    siteId: null,
    before: null,
    after: { method, address, userAgent },
  } as const
  await recordAudit(tx, by, change, nowMs)
  return secret
}
