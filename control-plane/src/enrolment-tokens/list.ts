import type { EnrolmentToken } from '@aloft/shared/api/schemas'
import type { Database } from '../database/client.ts'
import { type Caller, requireScope } from '../http/request-context.ts'
import { answerOf } from './answer.ts'
import { selectTokens, type TokensAfter } from './store.ts'

/**
 * Tokens that can still be used, newest first: at most `limit`, those after `after` in that order. Ask for one more
 * than a page holds to know whether there is a next.
 */
export async function listEnrolmentTokens(
  { db, caller, nowMs }: { readonly db: Database; readonly caller: Caller; readonly nowMs: number },
  page: { readonly limit: number; readonly after: TokensAfter | null; readonly site: string | null },
): Promise<readonly EnrolmentToken[]> {
  requireScope(caller, 'read')
  return (await selectTokens(db, { ...page, nowMs })).map(answerOf)
}
