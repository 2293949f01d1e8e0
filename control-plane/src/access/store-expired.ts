import { and, lt } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { browserSessions, providerSignIns, signInCodes, signInFailures } from '../database/schema/index.ts'

/** Sign-in codes, browser sessions and the like that ended before then, used or not. */
export async function deleteExpired(tx: Transaction, beforeMs: number): Promise<void> {
  await tx.delete(signInCodes).where(lt(signInCodes.expiresAtMs, beforeMs))
  await tx.delete(browserSessions).where(lt(browserSessions.expiresAtMs, beforeMs))
  await tx.delete(providerSignIns).where(lt(providerSignIns.expiresAtMs, beforeMs))
  await tx
    .delete(signInFailures)
    .where(and(lt(signInFailures.lastFailedAtMs, beforeMs), lt(signInFailures.blockedUntilMs, beforeMs)))
}
