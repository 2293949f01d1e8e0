import type { Queryable } from '../database/client.ts'
import type { Caller } from '../http/request-context.ts'
import { Unauthenticated } from '../problems.ts'
import { hashSecret } from './secrets.ts'
import { findApiToken, findBrowserSession } from './store.ts'

/** What a request presented. */
export type Credential = { readonly kind: 'bearer' | 'session'; readonly secret: string }

/** Who that is. Throws `Unauthenticated` when it does not hold (any more). */
export async function authenticate(
  db: Queryable,
  credential: Credential,
  request: { readonly nowMs: number; readonly requestId: string | null },
): Promise<Caller> {
  const { kind, secret } = credential
  const find = kind === 'bearer' ? findApiToken : findBrowserSession
  const found = await find(db, hashSecret(secret), request.nowMs)
  if (found === null) {
    throw new Unauthenticated(
      kind === 'bearer'
        ? 'this API token is unknown, expired or revoked'
        : 'this browser session has ended; sign in again',
    )
  }
  const id = `${kind === 'bearer' ? 'token' : 'session'}:${found.id}`
  const { name, grants } = found
  return { id, name, credential: id, requestId: request.requestId, grants, secret }
}
