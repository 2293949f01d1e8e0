import { z } from 'zod'
import { recordAudit } from '../audit/record.ts'
import type { Database } from '../database/client.ts'
import type { Reach } from '../database/reach.ts'
import { transact } from '../database/transact.ts'
import { decodeCursor, isId, toPage } from '../http/list-query.ts'
import type { Caller } from '../http/request-context.ts'
import { NotFound } from '../problems.ts'
import { toEnrolmentToken } from './create.ts'
import { revoke, selectTokens } from './store-manage.ts'

export interface ListTokens {
  readonly reach: Reach
  readonly site?: string | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

const Cursor = z.tuple([z.number(), z.uuid()])

export async function listEnrolmentTokens(db: Database, { reach, site, cursor, limit }: ListTokens) {
  const rows = await selectTokens(db, { reach, site, before: decodeCursor(cursor, Cursor), limit: limit + 1 })
  const page = toPage(rows, limit, (row) => [row.created_at_ms, row.id])
  return { items: page.items.map(toEnrolmentToken), nextCursor: page.nextCursor }
}

/** No node enrols with it any more; those that did stay. */
export function revokeEnrolmentToken(
  db: Database,
  caller: Caller,
  token: { readonly id: string; readonly reach: Reach; readonly nowMs: number },
): Promise<void> {
  const { id, nowMs } = token
  return transact(db, async (tx) => {
    const revoked = isId(id) ? await revoke(tx, token) : null
    if (revoked === null) throw new NotFound(`there is no enrolment token ${id}`)
    const change = {
      action: 'enrolment-token.revoke',
      target: { kind: 'enrolment-token', id },
      siteId: revoked.site_id,
      before: toEnrolmentToken(revoked),
      after: null,
    } as const
    await recordAudit(tx, caller, change, nowMs)
  })
}
