import type { Database } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import { Unauthenticated } from '../problems.ts'
import { ADMIN_EVERYWHERE } from './permissions.ts'
import { hashSecret, mintSecret } from './secrets.ts'
import {
  deleteBrowserSession,
  findApiToken,
  insertBrowserSession,
  insertSignInCode,
  takeSignInCode,
} from './store.ts'

const CODE_TTL_MS = 10 * 60_000
/** How long a browser stays signed in. */
export const SESSION_TTL_MS = 7 * 86_400_000

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
export function signInWithCode(db: Database, code: string, nowMs: number): Promise<string> {
  return transact(db, async (tx) => {
    if (!(await takeSignInCode(tx, hashSecret(code), nowMs))) {
      throw new Unauthenticated('this sign-in link was used already or is too old')
    }
    return startSession(tx, ADMIN_EVERYWHERE, nowMs)
  })
}

/** Exchanges an API token for a browser session that may do what the token may. Throws `Unauthenticated`. */
export function signInWithToken(db: Database, token: string, nowMs: number): Promise<string> {
  return transact(db, async (tx) => {
    const found = await findApiToken(tx, hashSecret(token), nowMs)
    if (found === null) throw new Unauthenticated('this API token is unknown, expired or revoked')
    return startSession(tx, found.grants, nowMs)
  })
}

export async function signOut(db: Database, secret: string): Promise<void> {
  await deleteBrowserSession(db, hashSecret(secret))
}

async function startSession(
  tx: Parameters<typeof insertBrowserSession>[0],
  grants: Parameters<typeof insertBrowserSession>[1]['grants'],
  nowMs: number,
): Promise<string> {
  const secret = mintSecret('session')
  await insertBrowserSession(tx, {
    hash: hashSecret(secret),
    grants,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + SESSION_TTL_MS,
  })
  return secret
}
