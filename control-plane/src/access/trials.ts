import { createHash } from 'node:crypto'
import type { Database, Transaction } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import { TooManyRequests } from '../problems.ts'
import { countTrial, takeBack } from './store-trials.ts'

/** Somebody tries a password. */
export interface Trial {
  readonly name: string
  readonly address: string | null
}

interface Counted {
  readonly key: string
  /** So many may go wrong before there is any wait. */
  readonly free: number
}

/**
 * Counts the trial before the password is looked at, so that many at once are counted too, and throws
 * `TooManyRequests` while it must wait. What goes wrong for one name from one address soon waits long; the same name from
 * everywhere, and one address for all names, have more patience, for others share them.
 */
export async function beginTrial(db: Database, trial: Trial, nowMs: number): Promise<void> {
  await count(db, countedAs(trial), nowMs)
}

/**
 * Somebody is sent to the identity provider, which costs a row here and a request there. One address may leave sixty
 * unfinished, then it waits ever longer; `endProviderTrial` when one was finished. Throws `TooManyRequests`.
 */
export async function beginProviderTrial(db: Database, address: string | null, nowMs: number): Promise<void> {
  await count(db, [{ key: providerKeyOf(address), free: 60 }], nowMs)
}

export async function endProviderTrial(tx: Transaction, address: string | null): Promise<void> {
  await takeBack(tx, providerKeyOf(address), 'one')
}

function providerKeyOf(address: string | null): string {
  return keyOf('provider', address ?? 'no address')
}

async function count(db: Database, counted: readonly Counted[], nowMs: number): Promise<void> {
  await transact(db, async (tx) => {
    for (const { key, free } of counted) {
      const blockedUntilMs = await countTrial(tx, { key, free, nowMs })
      if (blockedUntilMs === null) continue
      const waitMs = Math.max(1_000, blockedUntilMs - nowMs)
      throw new TooManyRequests(
        `too many attempts went wrong; try again in ${Math.ceil(waitMs / 1_000)} s`,
        waitMs,
      )
    }
  })
}

/** It was right: it does not count, and that name starts anew from there. */
export async function endTrial(tx: Transaction, trial: Trial): Promise<void> {
  const [here, ...shared] = countedAs(trial)
  if (here !== undefined) await takeBack(tx, here.key, 'all')
  for (const { key } of shared) await takeBack(tx, key, 'one')
}

/** In one order everywhere, so that two of them never wait for each other. */
function countedAs({ name, address }: Trial): readonly Counted[] {
  const from = address ?? 'no address'
  return [
    { key: keyOf('name and address', name, from), free: 5 },
    { key: keyOf('name', name), free: 30 },
    { key: keyOf('address', from), free: 60 },
  ]
}

function keyOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
