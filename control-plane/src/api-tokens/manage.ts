import type { ApiToken, CreateApiToken } from '@aloft/shared/api/access'
import { z } from 'zod'
import { grantNames, requireOwn, toStored } from '../access/grants.ts'
import { reachOfCaller } from '../access/permissions.ts'
import { hashSecret, mintSecret, secretPrefix } from '../access/secrets.ts'
import { recordAudit } from '../audit/record.ts'
import type { Database, Queryable } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import { isoInstant, isoInstantOrNull } from '../http/instant.ts'
import { decodeCursor, isId, toPage } from '../http/list-query.ts'
import type { Caller } from '../http/request-context.ts'
import { Forbidden, NotFound } from '../problems.ts'
import { insertToken, revoke, selectTokens, type TokenRow, type TokensOf } from './store.ts'

export interface ListApiTokens {
  readonly caller: Caller
  /** Name of a user; only who manages users sees those of others. */
  readonly owner?: string | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

const Cursor = z.tuple([z.number(), z.uuid()])

export async function listApiTokens(db: Queryable, { caller, owner, cursor, limit }: ListApiTokens) {
  const before = decodeCursor(cursor, Cursor)
  const rows = await selectTokens(db, { of: shownTo(caller), owner, before, limit: limit + 1 })
  const page = toPage(rows, limit, (row) => [row.created_at_ms, row.id])
  return { items: await toTokens(db, page.items), nextCursor: page.nextCursor }
}

/**
 * Makes a token for the caller's own user. It may do at most what the caller may, and lives no longer than what the caller
 * came with. Throws `Forbidden`.
 */
export function createApiToken(
  db: Database,
  caller: Caller,
  request: CreateApiToken,
  nowMs: number,
): Promise<ApiToken> {
  const token = mintSecret('api')
  return transact(db, async (tx) => {
    const grants = request.grants === undefined ? caller.grants : await toStored(tx, request.grants)
    requireOwn(caller, grants)
    const id = await insertToken(tx, {
      name: request.name,
      prefix: secretPrefix(token),
      hash: hashSecret(token),
      grants,
      userId: caller.userId,
      createdBy: caller.id,
      createdAtMs: nowMs,
      expiresAtMs: expiryOf(caller, nowMs + request.ttlMs),
    })
    const [made] = await toTokens(tx, await selectTokens(tx, { of: 'everybody', id, limit: 1 }))
    if (made === undefined) throw new Error('a token that was just made is there')
    const target = { kind: 'api-token', id }
    const change = { action: 'api-token.create', target, siteId: null, before: null, after: made } as const
    await recordAudit(tx, caller, change, nowMs)
    return { ...made, token }
  })
}

/** What a token makes does not outlive it, or a token that leaked would be for ever. */
function expiryOf({ makesUntilMs }: Caller, wantedMs: number): number {
  if (makesUntilMs === null || wantedMs <= makesUntilMs) return wantedMs
  throw new Forbidden(
    `this token expires at ${isoInstant(makesUntilMs)}, and what it makes may not live longer`,
  )
}

/** It is refused from now on, and so are browsers that signed in with it. */
export function revokeApiToken(db: Database, caller: Caller, id: string, nowMs: number): Promise<void> {
  return transact(db, async (tx) => {
    const found = isId(id) ? await selectTokens(tx, { of: shownTo(caller), id, limit: 1 }) : []
    const [before] = await toTokens(tx, found)
    if (before === undefined || !(await revoke(tx, id, nowMs)))
      throw new NotFound(`there is no API token ${id}`)
    const target = { kind: 'api-token', id }
    await recordAudit(
      tx,
      caller,
      { action: 'api-token.revoke', target, siteId: null, before, after: null },
      nowMs,
    )
  })
}

function shownTo(caller: Caller): TokensOf {
  if (reachOfCaller(caller, 'users.manage') === 'everywhere') return 'everybody'
  return caller.userId === null ? { actor: caller.id } : { userId: caller.userId }
}

async function toTokens(db: Queryable, rows: readonly TokenRow[]): Promise<ApiToken[]> {
  const named = await grantNames(
    db,
    rows.map(({ grants }) => grants),
  )
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    grants: named(row.grants),
    owner: row.owner,
    createdAt: isoInstant(row.created_at_ms),
    expiresAt: isoInstantOrNull(row.expires_at_ms),
    lastUsedAt: isoInstantOrNull(row.last_used_at_ms),
  }))
}
