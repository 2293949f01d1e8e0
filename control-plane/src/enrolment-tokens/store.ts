import { and, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm'
import type { Database, Queryable, Transaction } from '../database/client.ts'
import { enrolmentTokens, enrolmentTokenUses, sites } from '../database/schema/index.ts'

export interface TokenRow {
  readonly id: string
  readonly siteId: string
  readonly site: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly maxUses: number
  readonly uses: number
  readonly revokedAtMs: number | null
  readonly requestHash: string
}

/** The last token of the page before. */
export interface TokensAfter {
  readonly createdAtMs: number
  readonly id: string
}

const columns = {
  id: enrolmentTokens.id,
  siteId: enrolmentTokens.siteId,
  site: sites.name,
  createdAtMs: enrolmentTokens.createdAtMs,
  expiresAtMs: enrolmentTokens.expiresAtMs,
  maxUses: enrolmentTokens.maxUses,
  uses: enrolmentTokens.uses,
  revokedAtMs: enrolmentTokens.revokedAtMs,
  requestHash: enrolmentTokens.requestHash,
}

const tokens = (db: Queryable) =>
  db.select(columns).from(enrolmentTokens).innerJoin(sites, eq(sites.id, enrolmentTokens.siteId))

/** The id of the site of that name, which is made if there is none. */
export async function ensureSite(tx: Transaction, name: string, nowMs: number): Promise<string> {
  await tx.insert(sites).values({ name, createdAtMs: nowMs }).onConflictDoNothing()
  const [row] = await tx.select({ id: sites.id }).from(sites).where(eq(sites.name, name))
  if (row === undefined) throw new Error(`site ${name} vanished while it was made`)
  return row.id
}

/** Null when the caller's idempotency key is taken. */
export async function insertToken(
  tx: Transaction,
  token: typeof enrolmentTokens.$inferInsert,
): Promise<TokenRow | null> {
  const [row] = await tx
    .insert(enrolmentTokens)
    .values(token)
    .onConflictDoNothing()
    .returning({ id: enrolmentTokens.id })
  if (row === undefined) return null
  const [made] = await tokens(tx).where(eq(enrolmentTokens.id, row.id))
  return made ?? null
}

export async function tokenOfRequest(
  tx: Transaction,
  createdBy: string,
  idempotencyKey: string,
): Promise<TokenRow | null> {
  const [row] = await tokens(tx).where(
    and(eq(enrolmentTokens.createdBy, createdBy), eq(enrolmentTokens.idempotencyKey, idempotencyKey)),
  )
  return row ?? null
}

export async function selectTokens(
  db: Database,
  page: {
    readonly limit: number
    readonly after: TokensAfter | null
    readonly site: string | null
    readonly nowMs: number
  },
): Promise<readonly TokenRow[]> {
  const { after, site, nowMs } = page
  return tokens(db)
    .where(
      and(
        isNull(enrolmentTokens.revokedAtMs),
        gt(enrolmentTokens.expiresAtMs, nowMs),
        lt(enrolmentTokens.uses, enrolmentTokens.maxUses),
        site === null ? undefined : eq(sites.name, site),
        after === null
          ? undefined
          : or(
              lt(enrolmentTokens.createdAtMs, after.createdAtMs),
              and(eq(enrolmentTokens.createdAtMs, after.createdAtMs), lt(enrolmentTokens.id, after.id)),
            ),
      ),
    )
    .orderBy(desc(enrolmentTokens.createdAtMs), desc(enrolmentTokens.id))
    .limit(page.limit)
}

/** Whether there is such a token. */
export async function setRevoked(db: Database, id: string, nowMs: number): Promise<boolean> {
  const rows = await db
    .update(enrolmentTokens)
    .set({ revokedAtMs: sql`coalesce(${enrolmentTokens.revokedAtMs}, ${nowMs}::float8)` })
    .where(eq(enrolmentTokens.id, id))
    .returning({ id: enrolmentTokens.id })
  return rows.length > 0
}

export async function lockToken(tx: Transaction, hash: string): Promise<TokenRow | null> {
  const [row] = await tokens(tx)
    .where(eq(enrolmentTokens.hash, hash))
    .for('no key update', { of: enrolmentTokens })
  return row ?? null
}

export async function previousUse(
  tx: Transaction,
  tokenId: string,
  publicKey: string,
): Promise<string | null> {
  const [row] = await tx
    .select({ agentId: enrolmentTokenUses.agentId })
    .from(enrolmentTokenUses)
    .where(and(eq(enrolmentTokenUses.tokenId, tokenId), eq(enrolmentTokenUses.publicKey, publicKey)))
  return row?.agentId ?? null
}

export async function countUse(
  tx: Transaction,
  use: {
    readonly tokenId: string
    readonly publicKey: string
    readonly agentId: string
    readonly nowMs: number
  },
): Promise<void> {
  const { nowMs, ...row } = use
  await tx.insert(enrolmentTokenUses).values({ ...row, usedAtMs: nowMs })
  await tx
    .update(enrolmentTokens)
    .set({ uses: sql`${enrolmentTokens.uses} + 1` })
    .where(eq(enrolmentTokens.id, use.tokenId))
}
