import { lt } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { browserSessions, signInCodes } from '../database/schema/index.ts'

/** Sign-in codes and browser sessions that ended before then, used or not. */
export async function deleteExpired(tx: Transaction, beforeMs: number): Promise<void> {
  await tx.delete(signInCodes).where(lt(signInCodes.expiresAtMs, beforeMs))
  await tx.delete(browserSessions).where(lt(browserSessions.expiresAtMs, beforeMs))
}
