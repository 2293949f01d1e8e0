import { announce } from '../database/after-commit.ts'
import type { Transaction } from '../database/client.ts'
import type { FeedKind } from '../database/schema/index.ts'
import { insertChanges } from './store-append.ts'

/** Something changed: a run of events of one spool, or the object `ref` (its id), to be read as it is now. */
export type Change =
  | {
      readonly kind: 'events'
      readonly agentId: string
      readonly epoch: string
      readonly firstSeq: number
      readonly lastSeq: number
      /** Between which instants of the agent's clock they lie. */
      readonly fromWallMs: number
      readonly toWallMs: number
    }
  | { readonly kind: Exclude<FeedKind, 'events'>; readonly ref: string }

/**
 * Adds to the feed what a transaction changed. It must be the transaction's last statement: from here to the commit
 * no other transaction can append, so that ids become visible in the order they were given and a reader that
 * remembers the last one it saw misses nothing. Readers are told to look after the commit.
 */
export async function appendToFeed(
  tx: Transaction,
  changes: readonly Change[],
  nowMs: number,
): Promise<void> {
  if (changes.length === 0) return
  const gathered = gathering.get(tx)
  if (gathered !== undefined) {
    gathered.push(...changes)
    return
  }
  announce(tx, 'feed', String(await insertChanges(tx, changes, nowMs)))
}

/**
 * For several works in one transaction: what each appends is kept and written once, after the last of them. The feed's lock
 * would otherwise be held while the others still want rows.
 */
export async function gatherFeed<T>(tx: Transaction, nowMs: number, work: () => Promise<T>): Promise<T> {
  const changes: Change[] = []
  gathering.set(tx, changes)
  const result = await work()
  gathering.delete(tx)
  await appendToFeed(tx, changes, nowMs)
  return result
}

const gathering = new WeakMap<Transaction, Change[]>()
