import type { BrowserSession } from '@aloft/shared/api/access'
import { SESSION_IDLE_MS } from '../access/authenticate.ts'
import { recordAudit } from '../audit/record.ts'
import type { Database, Queryable } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import { isoInstant } from '../http/instant.ts'
import { isId } from '../http/list-query.ts'
import type { Caller } from '../http/request-context.ts'
import { NotFound } from '../problems.ts'
import { deleteSession, type SessionsOf, selectSessions } from './store.ts'

const SESSIONS_MAX = 500

/** The browsers signed in as the caller's user; as its token, if it has no user; else only itself. */
export async function listSessions(db: Queryable, caller: Caller, nowMs: number): Promise<BrowserSession[]> {
  const at = { nowMs, seenSinceMs: nowMs - SESSION_IDLE_MS, limit: SESSIONS_MAX }
  const rows = await selectSessions(db, ownOf(caller), at)
  return rows.map((row) => ({
    id: row.id,
    method: row.method,
    current: caller.credential === `session:${row.id}`,
    address: row.address,
    userAgent: row.user_agent,
    createdAt: isoInstant(row.created_at_ms),
    lastSeenAt: isoInstant(row.last_seen_at_ms),
    expiresAt: isoInstant(row.expires_at_ms),
  }))
}

/** Signs one of the caller's browsers out. */
export function endSession(db: Database, caller: Caller, id: string, nowMs: number): Promise<void> {
  return transact(db, async (tx) => {
    if (!isId(id) || !(await deleteSession(tx, ownOf(caller), id)))
      throw new NotFound(`there is no session ${id}`)
    const target = { kind: 'session', id }
    const change = { action: 'session.end', target, siteId: null, before: null, after: null } as const
    await recordAudit(tx, caller, change, nowMs)
  })
}

function ownOf({ userId, id, credential }: Caller): SessionsOf {
  if (userId !== null) return { userId }
  const [kind, of = ''] = id.split(':')
  return kind === 'token' ? { tokenId: of } : { sessionId: credential.replace(/^session:/, '') }
}
