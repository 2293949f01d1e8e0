import { createHash } from 'node:crypto'

/** What of an agent somebody decides upon: whose key it is, how it stands, and what was asked of it. */
export interface Decided {
  readonly publicKey: string
  readonly standing: string
  readonly standingReason: string | null
  readonly quarantinedReason: string | null
  readonly rotateRequestedAtMs: number | null
}

/**
 * What `If-Match` compares of an agent. Whoever approves a node approves the key he saw: one that enrolled anew meanwhile
 * is another. A session that came or went is no change. A digest, so that nothing that changes a row has to count.
 */
export function agentRevision(agent: Decided): string {
  const { publicKey, standing, standingReason, quarantinedReason, rotateRequestedAtMs } = agent
  const text = JSON.stringify([publicKey, standing, standingReason, quarantinedReason, rotateRequestedAtMs])
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}
