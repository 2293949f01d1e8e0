import { createHash } from 'node:crypto'
import { AUDIT_GENESIS, auditText } from '@aloft/shared/api/audit'
import type { Transaction } from '../database/client.ts'
import { insertEntry, lockChain } from './store-record.ts'

/** Who does something: a caller of the API, a node that enrols, or the control plane itself. */
export interface Actor {
  /** `user:UUID`, `token:UUID`, `console`, `enrolment-token:UUID`, `system:PART`. */
  readonly id: string
  /** For people; what it was called at that time. */
  readonly name: string
  readonly credential: string | null
  readonly requestId: string | null
}

/** The control plane itself, by itself: a duty, a gateway. */
export function systemActor(part: string): Actor {
  return { id: `system:${part}`, name: part, credential: null, requestId: null }
}

export interface Change {
  /** `KIND.VERB`, such as `enrolment-token.create`. */
  readonly action: `${string}.${string}`
  readonly target: { readonly kind: string; readonly id: string }
  /** The site the target belongs to, which decides who may read of it; null when it is of none. */
  readonly siteId: string | null
  /** What changed, as it was and as it is; null when there was or is nothing. Never a secret, and no hash of one. */
  readonly before: object | null
  readonly after: object | null
}

/**
 * Puts a change on record, in the transaction that makes it, before anything is appended to the feed. From here to the
 * commit no other change can be recorded: entries are a chain, and a chain has one end.
 */
export async function recordAudit(
  tx: Transaction,
  actor: Actor,
  change: Change,
  nowMs: number,
): Promise<void> {
  const last = await lockChain(tx)
  const entry = {
    id: (last?.id ?? 0) + 1,
    atMs: nowMs,
    actor: actor.id,
    actorName: actor.name,
    credential: actor.credential,
    requestId: actor.requestId,
    action: change.action,
    targetKind: change.target.kind,
    targetId: change.target.id,
    siteId: change.siteId,
    before: change.before,
    after: change.after,
    previousHash: last?.hash ?? AUDIT_GENESIS,
  }
  await insertEntry(tx, { ...entry, hash: createHash('sha256').update(auditText(entry)).digest('hex') })
}
