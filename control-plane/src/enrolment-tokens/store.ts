import { and, eq, sql } from 'drizzle-orm'
import type { Transaction } from '../database/client.ts'
import { enrolmentTokens, enrolmentTokenUses, type Labels, sites } from '../database/schema/index.ts'

export interface LockedToken {
  readonly id: string
  readonly siteId: string
  readonly site: string
  readonly expiresAtMs: number
  readonly maxUses: number
  readonly uses: number
  readonly revokedAtMs: number | null
  readonly labels: Labels
  readonly needsApproval: boolean
}

/** Locked until the commit, so that two nodes cannot spend the same use. */
export async function lockToken(tx: Transaction, hash: string): Promise<LockedToken | null> {
  const [row] = await tx
    .select({
      id: enrolmentTokens.id,
      siteId: enrolmentTokens.siteId,
      site: sites.name,
      expiresAtMs: enrolmentTokens.expiresAtMs,
      maxUses: enrolmentTokens.maxUses,
      uses: enrolmentTokens.uses,
      revokedAtMs: enrolmentTokens.revokedAtMs,
      labels: enrolmentTokens.labels,
      needsApproval: enrolmentTokens.needsApproval,
    })
    .from(enrolmentTokens)
    .innerJoin(sites, eq(sites.id, enrolmentTokens.siteId))
    .where(eq(enrolmentTokens.hash, hash))
    .for('no key update', { of: enrolmentTokens })
  return row ?? null
}

/** The agent that enrolled with this token and key. */
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

/** A token let an agent in. */
export interface TokenUse {
  readonly tokenId: string
  readonly publicKey: string
  readonly agentId: string
  readonly nowMs: number
}

/** Keeps the use, and takes one from what the token is good for. */
export async function countUse(tx: Transaction, use: TokenUse): Promise<void> {
  const { nowMs, ...row } = use
  await tx.insert(enrolmentTokenUses).values({ ...row, usedAtMs: nowMs })
  await tx
    .update(enrolmentTokens)
    .set({ uses: sql`${enrolmentTokens.uses} + 1` })
    .where(eq(enrolmentTokens.id, use.tokenId))
}
