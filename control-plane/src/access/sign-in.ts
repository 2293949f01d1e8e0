import { recordAudit } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import { Unauthenticated } from '../problems.ts'
import { authenticate } from './authenticate.ts'
import { ADMIN_EVERYWHERE } from './permissions.ts'
import { hashSecret, mintSecret } from './secrets.ts'
import { startSession, type Visitor } from './sessions.ts'
import { deleteBrowserSession, findApiToken, insertSignInCode, takeSignInCode } from './store.ts'

const CODE_TTL_MS = 10 * 60_000

/** The code of a sign-in link: works once, for ten minutes. */
export async function createSignInCode(db: Database, nowMs: number): Promise<string> {
  const code = mintSecret('code')
  await insertSignInCode(db, {
    hash: hashSecret(code),
    createdAtMs: nowMs,
    expiresAtMs: nowMs + CODE_TTL_MS,
  })
  return code
}

/** Exchanges the code of a link for a browser session's secret. Throws `Unauthenticated`. */
export function signInWithCode(db: Database, code: string, visitor: Visitor): Promise<string> {
  return transact(db, async (tx) => {
    if (!(await takeSignInCode(tx, hashSecret(code), visitor.nowMs))) {
      throw new Unauthenticated('this sign-in link was used already or is too old')
    }
    const actor = { id: 'console', name: 'console' }
    return startSession(tx, { grants: ADMIN_EVERYWHERE, actor }, 'link', visitor)
  })
}

/** Exchanges an API token for a browser session that may do what the token may, while it may. Throws `Unauthenticated`. */
export function signInWithToken(db: Database, token: string, visitor: Visitor): Promise<string> {
  return transact(db, async (tx) => {
    const found = await findApiToken(tx, hashSecret(token), visitor)
    if (found === null) throw new Unauthenticated('this API token is unknown, expired or revoked')
    const actor = { id: `token:${found.id}`, name: `token ${found.token_name}` }
    return startSession(tx, { apiTokenId: found.id, actor }, 'token', visitor)
  })
}

/** Ends the session of this secret, if it has not ended. */
export async function signOut(
  db: Database,
  secret: string,
  request: { readonly nowMs: number; readonly requestId: string },
): Promise<void> {
  const caller = await authenticate(db, { kind: 'session', secret }, request).catch((error: unknown) => {
    if (error instanceof Unauthenticated) return null
    throw error
  })
  await transact(db, async (tx) => {
    const id = await deleteBrowserSession(tx, hashSecret(secret))
    if (id === null || caller === null) return
    const change = {
      action: 'session.end',
      target: { kind: 'session', id },
      siteId: null,
      before: null,
      after: null,
    } as const
    await recordAudit(tx, caller, change, request.nowMs)
  })
}
