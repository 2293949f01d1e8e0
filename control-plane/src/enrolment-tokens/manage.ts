import { z } from 'zod'
import type { Database } from '../database/client.ts'
import { decodeCursor, isId, toPage } from '../http/list-query.ts'
import { NotFound } from '../problems.ts'
import { toEnrolmentToken } from './create.ts'
import { revoke, selectTokens } from './store-manage.ts'

export interface ListTokens {
  readonly site?: string | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

const Cursor = z.tuple([z.number(), z.uuid()])

export async function listEnrolmentTokens(db: Database, { site, cursor, limit }: ListTokens) {
  const rows = await selectTokens(db, { site, before: decodeCursor(cursor, Cursor), limit: limit + 1 })
  const page = toPage(rows, limit, (row) => [row.created_at_ms, row.id])
  return { items: page.items.map(toEnrolmentToken), nextCursor: page.nextCursor }
}

/** No node enrols with it any more; those that did stay. */
export async function revokeEnrolmentToken(db: Database, id: string, nowMs: number): Promise<void> {
  if (!isId(id) || !(await revoke(db, id, nowMs))) throw new NotFound(`there is no enrolment token ${id}`)
}
