import { and, lt, lte } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { browserSessions, providerSignIns, signInCodes, signInFailures } from '../database/schema/index.ts'
import { FORGOTTEN_AFTER_MS } from './store-trials.ts'

/**
 * Sign-in codes and browser sessions that ended before then, used or not: until then whoever comes with one is told that it
 * has expired. Of the rest all that is over by now.
 */
export async function deleteExpired(
  tx: Transaction,
  { beforeMs, nowMs }: { readonly beforeMs: number; readonly nowMs: number },
): Promise<void> {
  await tx.delete(signInCodes).where(lt(signInCodes.expiresAtMs, beforeMs))
  await tx.delete(browserSessions).where(lt(browserSessions.expiresAtMs, beforeMs))
  await tx.delete(providerSignIns).where(lte(providerSignIns.expiresAtMs, nowMs))
  const { lastFailedAtMs, blockedUntilMs } = signInFailures
  const isForgotten = and(lt(lastFailedAtMs, nowMs - FORGOTTEN_AFTER_MS), lt(blockedUntilMs, nowMs))
  await tx.delete(signInFailures).where(isForgotten)
}
