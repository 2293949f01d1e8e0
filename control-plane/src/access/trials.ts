import { createHash } from 'node:crypto'
import type { Database, Transaction } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import { limitedAs } from '../http/client-address.ts'
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
  /** Nobody else has a part in it. */
  readonly isOwn: boolean
}

/**
 * Counts the trial before the password is looked at, so that many at once are counted too, and throws
 * `TooManyRequests` while it must wait. What goes wrong for one name from one address soon waits long; the same name from
 * everywhere, and one address for all names, have more patience, for others share them.
 */
export async function beginTrial(db: Database, trial: Trial, nowMs: number): Promise<void> {
  await count(db, { counted: countedAs(trial), problem: 'too many attempts went wrong', nowMs })
}

/** It was right: it does not count, and that name starts anew from there. */
export async function endTrial(tx: Transaction, trial: Trial): Promise<void> {
  for (const { key, isOwn } of countedAs(trial)) await takeBack(tx, key, isOwn ? 'all' : 'one')
}

/**
 * Somebody is sent to the identity provider, which costs a row here and a request there. One address may leave sixty
 * unfinished, then it waits ever longer, but not for passwords; `endProviderTrial` when one was finished. Throws
 * `TooManyRequests`.
 */
export async function beginProviderTrial(db: Database, address: string | null, nowMs: number): Promise<void> {
  const problem = 'too many sign-ins were begun from here and not finished'
  await count(db, { counted: providerCountedAs(address), problem, nowMs })
}

export async function endProviderTrial(tx: Transaction, address: string | null): Promise<void> {
  for (const { key } of providerCountedAs(address)) await takeBack(tx, key, 'one')
}

interface Count {
  readonly counted: readonly Counted[]
  readonly problem: string
  readonly nowMs: number
}

async function count(db: Database, { counted, problem, nowMs }: Count): Promise<void> {
  await transact(db, async (tx) => {
    for (const { key, free } of counted) {
      const blockedUntilMs = await countTrial(tx, { key, free, nowMs })
      if (blockedUntilMs === null) continue
      const waitMs = Math.max(1_000, blockedUntilMs - nowMs)
      throw new TooManyRequests(`${problem}; try again in ${waitWords(waitMs)}`, waitMs)
    }
  })
}

function waitWords(waitMs: number): string {
  return waitMs <= 120_000 ? `${Math.ceil(waitMs / 1_000)} s` : `${Math.ceil(waitMs / 60_000)} min`
}

/**
 * In one order everywhere, so that two of them never wait for each other. Who has no address (a unix socket, a serverless
 * call) is counted by name alone: one count for all of them would let anybody keep everybody out.
 */
function countedAs({ name, address }: Trial): readonly Counted[] {
  const everywhere = { key: keyOf('name', name), free: 30, isOwn: false }
  if (address === null) return [everywhere]
  const from = limitedAs(address)
  return [
    { key: keyOf('name and address', name, from), free: 5, isOwn: true },
    everywhere,
    { key: keyOf('address', from), free: 60, isOwn: false },
  ]
}

function providerCountedAs(address: string | null): readonly Counted[] {
  return address === null ? [] : [{ key: keyOf('provider', limitedAs(address)), free: 60, isOwn: false }]
}

function keyOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
