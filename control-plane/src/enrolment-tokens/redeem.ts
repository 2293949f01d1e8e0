import { hashSecret } from '../access/secrets.ts'
import type { Transaction } from '../database/client.ts'
import { Conflict, Forbidden, Unauthenticated } from '../problems.ts'
import { countUse, type LockedToken, lockToken, previousUse, type TokenUse } from './store.ts'

export type { LockedToken } from './store.ts'

/** A token that was presented: good for one more enrolment, or already spent by this very key. */
export interface Redeemable {
  readonly token: LockedToken
  /** The agent this key enrolled with this token before: the request is a retry. */
  readonly previousAgentId: string | null
}

/**
 * Looks a token up and locks it until the commit. Throws `Unauthenticated` when there is no such token, `Forbidden`
 * when it was revoked or has expired, `Conflict` when it was used up by others.
 */
export async function redeemable(
  tx: Transaction,
  presented: { readonly token: string; readonly publicKey: string; readonly nowMs: number },
): Promise<Redeemable> {
  const token = await lockToken(tx, hashSecret(presented.token))
  if (token === null)
    throw new Unauthenticated(
      'no such enrolment token: check that all of it was copied, and from this centre',
    )
  const previousAgentId = await previousUse(tx, token.id, presented.publicKey)
  if (previousAgentId !== null) return { token, previousAgentId }
  const anew = `make a new one: aloft token create --site ${token.site}`
  if (token.revokedAtMs !== null) throw new Forbidden(`this enrolment token was revoked; ${anew}`)
  if (token.expiresAtMs <= presented.nowMs)
    throw new Forbidden(
      `this enrolment token expired at ${new Date(token.expiresAtMs).toISOString()}; ${anew}`,
    )
  if (token.uses >= token.maxUses) {
    const times = token.maxUses === 1 ? 'once' : `${token.maxUses} times`
    throw new Conflict(
      `this enrolment token was already used ${times}, which is all it was made for; ${anew}`,
    )
  }
  return { token, previousAgentId: null }
}

/** Spends one use, in the transaction that enrols the agent. */
export async function redeem(tx: Transaction, use: TokenUse): Promise<void> {
  await countUse(tx, use)
}
