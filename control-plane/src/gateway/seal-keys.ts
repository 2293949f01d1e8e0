import { randomBytes } from 'node:crypto'
import type { Database } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import type { SealKey } from './seal.ts'
import { deleteKeysBefore, insertKey, type KeyRow, lockKeys, selectKeys } from './store-keys.ts'

/** The keys that sessions without a socket are sealed with: made here, kept in the database, the same for all replicas. */
export interface SealKeys {
  /** What to seal with now. */
  newest(): Promise<SealKey>
  /** Null: it was given up, or never was one of ours. */
  byId(id: string): Promise<SealKey | null>
}

/** A key seals for a week. What it sealed last is read for a day more: a session without a socket is silent for minutes at most. */
const KEY_LIFE_MS = 604_800_000
const KEY_GRACE_MS = 86_400_000
/** An id that is not known may be of a key another replica has just made; nonsense must not make us look each time. */
const LOOK_EVERY_MS = 1_000

interface KnownKey extends SealKey {
  readonly createdAtMs: number
}

export function openSealKeys(db: Database, now: () => number): SealKeys {
  let known: readonly KnownKey[] = []
  let lookedAtMs = Number.NEGATIVE_INFINITY
  const load = async () => {
    known = (await currentKeys(db, now())).map(asKnownKey)
    lookedAtMs = performance.now()
  }
  return {
    newest: async () => {
      const fresh = () => known.find((key) => isFresh(key, now()))
      if (fresh() === undefined) await load()
      const key = fresh()
      if (key === undefined) throw new Error('no key to seal with')
      return key
    },
    byId: async (id) => {
      const find = () => known.find((key) => key.id === id) ?? null
      if (find() === null && performance.now() - lookedAtMs > LOOK_EVERY_MS) await load()
      return find()
    },
  }
}

/** At least one that is fresh: made now if there is none, and then what nothing alive is sealed with is dropped. */
async function currentKeys(db: Database, nowMs: number): Promise<readonly KeyRow[]> {
  const before = await selectKeys(db)
  if (before.some((key) => isFresh(key, nowMs))) return before
  return transact(db, async (tx) => {
    await lockKeys(tx)
    if (!(await selectKeys(tx)).some((key) => isFresh(key, nowMs))) {
      const key = randomBytes(32).toString('base64')
      await insertKey(tx, { id: randomBytes(4).toString('hex'), key, createdAtMs: nowMs })
      await deleteKeysBefore(tx, nowMs - KEY_LIFE_MS - KEY_GRACE_MS)
    }
    return selectKeys(tx)
  })
}

/** A key from far in the future was made by a clock that was wrong. */
function isFresh({ createdAtMs }: { readonly createdAtMs: number }, nowMs: number): boolean {
  return Math.abs(nowMs - createdAtMs) < KEY_LIFE_MS
}

function asKnownKey({ id, key, createdAtMs }: KeyRow): KnownKey {
  return { id, key: Buffer.from(key, 'base64'), createdAtMs }
}
