import type { Database } from '../database/client.ts'
import type { Caller } from '../http/request-context.ts'
import { Unauthenticated } from '../problems.ts'
import { hashSecret } from './secrets.ts'
import {
  findApiToken,
  findBrowserSession,
  noteSessionUse,
  noteTokenUse,
  type StoredCredential,
} from './store.ts'

/** What a request presented. */
export type Credential = { readonly kind: 'bearer' | 'session'; readonly secret: string }

/** A browser session that nobody used for so long has ended. */
export const SESSION_IDLE_MS = 86_400_000
/** How exactly it is known when a credential was used last. */
const USE_PRECISION_MS = 60_000

export interface AuthenticatedRequest {
  readonly nowMs: number
  readonly requestId: string | null
}

/** Who that is. Throws `Unauthenticated` when it does not hold (any more). */
export async function authenticate(
  db: Database,
  credential: Credential,
  request: AuthenticatedRequest,
): Promise<Caller> {
  const { kind, secret } = credential
  const { nowMs } = request
  const hash = hashSecret(secret)
  const found =
    kind === 'bearer'
      ? await findApiToken(db, hash, { nowMs })
      : await findBrowserSession(db, hash, { nowMs, seenSinceMs: nowMs - SESSION_IDLE_MS })
  if (found === null) {
    throw new Unauthenticated(
      kind === 'bearer'
        ? 'this API token is unknown, expired or revoked'
        : 'this browser session has ended; sign in again',
    )
  }
  noteUse(db, kind, found, nowMs)
  const id = `${kind === 'bearer' ? 'token' : 'session'}:${found.id}`
  return {
    ...whoIs(found),
    credential: id,
    requestId: request.requestId,
    secret,
    makesUntilMs: found.token_expires_at_ms,
    expiresAtMs: found.expires_at_ms,
  }
}

type Who = Pick<Caller, 'id' | 'name' | 'userId' | 'grants' | 'within'>

function whoIs(found: StoredCredential): Who {
  const { user_id: userId, user_name, user_grants, token_id, token_name, token_grants, own_grants } = found
  if (token_id !== null) {
    const name = user_name === null ? `token ${token_name}` : `token ${token_name} of ${user_name}`
    // A token does no more than its owner may by now.
    return { id: `token:${token_id}`, name, userId, grants: token_grants ?? [], within: user_grants }
  }
  if (userId !== null) {
    return { id: `user:${userId}`, name: user_name ?? '', userId, grants: user_grants ?? [], within: null }
  }
  return { id: 'console', name: 'console', userId: null, grants: own_grants ?? [], within: null }
}

/** At most once a minute, and never in the way: nobody waits for it, and what it fails of is met by the request itself. */
function noteUse(db: Database, kind: Credential['kind'], found: StoredCredential, nowMs: number): void {
  const sinceMs = nowMs - USE_PRECISION_MS
  if ((found.used_at_ms ?? 0) > sinceMs) return
  const note = kind === 'bearer' ? noteTokenUse : noteSessionUse
  void note(db, found.id, nowMs, sinceMs).catch(() => {})
}
