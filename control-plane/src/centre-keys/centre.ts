import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type CentreName, type Endorsement, endorsementText } from '@aloft/shared/protocol/identity'
import type { Database, Transaction } from '../database/client.ts'
import { transact, unavailability } from '../database/transact.ts'
import { seal, unseal } from './seal.ts'
import { type CentreKeyRow, insertKey, lockKeys, selectKeys, setPrivateKey } from './store.ts'

/** What the centre proves itself with, as it is now. */
export interface CentreKeys {
  /** For the challenge: the key in use, and how agents that trust an older one find to it. */
  readonly name: CentreName
  /** Ed25519 over the text with the key in use, base64. */
  sign(text: string): string
  /** Until when a credential of this issuer counts, whatever it says itself; null for a key that is none of ours. */
  issuedUntilMs(issuer: string): number | null
  readonly credentialLifeMs: number
}

export interface CentreOptions {
  readonly db: Database
  /** What private keys are sealed with in the database; null keeps them there in the clear. */
  readonly keyEncryptionKey: string | null
  /** What they may still be sealed with: whoever finds such a one seals it anew with `keyEncryptionKey`. */
  readonly keyEncryptionKeyBefore?: string | null
  readonly now: () => number
  /** Default: a day. */
  readonly credentialLifeMs?: number
}

const CREDENTIAL_LIFE_MS = 86_400_000

/** Other replicas hear of a new key within this. */
const REFRESH_MS = 5_000
/** After a rotation the key before it is answered and its credentials count for so long: a credential's life, and an hour. */
const OVERLAP_MS = 25 * 3_600_000

/** The signing key of the centre: made once, by whoever needs it first. It is the same for every replica. */
export class Centre {
  readonly #options: CentreOptions
  #keys: CentreKeys | null = null
  #loadedAtMs = Number.NEGATIVE_INFINITY
  #loading: Promise<CentreKeys> | null = null

  constructor(options: CentreOptions) {
    this.#options = options
  }

  /** Fresh to a few seconds. While the database is away what was known stays good; `Unavailable` if nothing was. */
  async keys(): Promise<CentreKeys> {
    if (this.#keys !== null && performance.now() - this.#loadedAtMs < REFRESH_MS) return this.#keys
    this.#loading ??= this.#load()
      .catch((error: unknown) => {
        throw unavailability(error) ?? error
      })
      .finally(() => {
        this.#loading = null
      })
    const before = this.#keys
    return before === null ? this.#loading : this.#loading.catch(() => before)
  }

  /** As they were last known; null before the first `keys()`. */
  get latest(): CentreKeys | null {
    return this.#keys
  }

  /**
   * From now on the centre signs with a new key. The old one signs that it is so, and is then erased: replicas that have
   * it in memory still answer with it for some seconds, which agents accept during the overlap. `within` is told what was
   * and what is, in the same transaction; what it throws leaves everything as it was.
   */
  async rotate(
    within: (tx: Transaction, before: CentreName, name: CentreName) => Promise<void> = async () => {},
  ): Promise<CentreName> {
    await this.keys()
    const name = await transact(this.#options.db, async (tx) => {
      await lockKeys(tx)
      const rows = await selectKeys(tx)
      const last = rows.at(-1)
      if (last === undefined) throw new Error('there is no key to follow')
      const row = this.#newKey(last)
      await insertKey(tx, row)
      await setPrivateKey(tx, last.publicKey, { privateKey: null, sealed: false })
      const after = nameOf([...rows, row])
      await within(tx, nameOf(rows), after)
      return after
    })
    // Not read again here: under an Idempotency-Key it is not committed yet, and the old key would be read as the new one.
    this.#loadedAtMs = Number.NEGATIVE_INFINITY
    return name
  }

  async #load(): Promise<CentreKeys> {
    const { db } = this.#options
    let rows = await selectKeys(db)
    const last = rows.at(-1)
    if (last === undefined || this.#wantsSeal(last)) rows = await transact(db, (tx) => this.#settle(tx))
    this.#keys = {
      ...keysOf(rows, (row) => this.#privateKey(row)),
      credentialLifeMs: this.#options.credentialLifeMs ?? CREDENTIAL_LIFE_MS,
    }
    this.#loadedAtMs = performance.now()
    return this.#keys
  }

  /** It is in the clear and need not be, or sealed with a key that is on its way out. */
  #wantsSeal({ publicKey, privateKey, sealed }: CentreKeyRow): boolean {
    const { keyEncryptionKey, keyEncryptionKeyBefore = null } = this.#options
    if (keyEncryptionKey === null || privateKey === null) return false
    if (!sealed) return true
    return keyEncryptionKeyBefore !== null && unseal(keyEncryptionKey, publicKey, privateKey) === null
  }

  /** There is a key, and it is sealed as it should be. */
  async #settle(tx: Transaction): Promise<readonly CentreKeyRow[]> {
    const { keyEncryptionKey } = this.#options
    await lockKeys(tx)
    const last = (await selectKeys(tx)).at(-1)
    if (last === undefined) await insertKey(tx, this.#newKey(null))
    else if (keyEncryptionKey !== null && this.#wantsSeal(last))
      await setPrivateKey(tx, last.publicKey, {
        privateKey: seal(keyEncryptionKey, last.publicKey, this.#plain(last)),
        sealed: true,
      })
    return selectKeys(tx)
  }

  #newKey(before: CentreKeyRow | null): CentreKeyRow {
    const { keyEncryptionKey, now } = this.#options
    const pair = generateKeyPairSync('ed25519')
    const publicKey = pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
    const privateKey = pair.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')
    const kept = keyEncryptionKey === null ? privateKey : seal(keyEncryptionKey, publicKey, privateKey)
    const row = {
      publicKey,
      privateKey: kept,
      sealed: keyEncryptionKey !== null,
      createdAtMs: Math.max(now(), (before?.createdAtMs ?? 0) + 1),
    }
    if (before === null) return { ...row, endorsedBy: null, endorsement: null, overlapUntilMs: null }
    const overlapUntilMs = now() + OVERLAP_MS
    const endorsement = signWith(
      this.#privateKey(before),
      endorsementText({ key: publicKey, by: before.publicKey, overlapUntilMs }),
    )
    return { ...row, endorsedBy: before.publicKey, endorsement, overlapUntilMs }
  }

  #privateKey(row: CentreKeyRow): KeyObject {
    return createPrivateKey({ key: Buffer.from(this.#plain(row), 'base64'), format: 'der', type: 'pkcs8' })
  }

  /** As PKCS #8 in base64. Throws an Error that names the setting that is missing or wrong. */
  #plain({ publicKey, privateKey, sealed }: CentreKeyRow): string {
    const { keyEncryptionKey, keyEncryptionKeyBefore = null } = this.#options
    if (privateKey === null) throw new Error('the signing key of this centre was erased from its database')
    if (!sealed) return privateKey
    if (keyEncryptionKey === null)
      throw new Error(
        'the signing key of this centre is sealed: set ALOFT_KEY_ENCRYPTION_KEY to what it was sealed with',
      )
    const plain = unseal(keyEncryptionKey, publicKey, privateKey)
    if (plain !== null) return plain
    if (keyEncryptionKeyBefore === null)
      throw new Error(
        'ALOFT_KEY_ENCRYPTION_KEY does not open the signing key of this centre; it was sealed with another',
      )
    const before = unseal(keyEncryptionKeyBefore, publicKey, privateKey)
    if (before !== null) return before
    throw new Error(
      'neither ALOFT_KEY_ENCRYPTION_KEY nor ALOFT_KEY_ENCRYPTION_KEY_BEFORE opens the signing key of this centre; it was sealed with another',
    )
  }
}

function keysOf(
  rows: readonly CentreKeyRow[],
  privateKeyOf: (row: CentreKeyRow) => KeyObject,
): Omit<CentreKeys, 'credentialLifeMs'> {
  const last = rows.at(-1)
  if (last === undefined) throw new Error('there is no key')
  const privateKey = privateKeyOf(last)
  const until = new Map(rows.map(({ publicKey }) => [publicKey, Number.POSITIVE_INFINITY]))
  for (const { endorsedBy, overlapUntilMs } of rows) {
    if (endorsedBy !== null) until.set(endorsedBy, overlapUntilMs ?? 0)
  }
  return {
    name: nameOf(rows),
    sign: (text) => signWith(privateKey, text),
    issuedUntilMs: (issuer) => until.get(issuer) ?? null,
  }
}

function nameOf(rows: readonly CentreKeyRow[]): CentreName {
  const endorsements = rows.flatMap(
    ({ publicKey, endorsedBy, endorsement, overlapUntilMs }): Endorsement[] =>
      endorsedBy === null || endorsement === null || overlapUntilMs === null
        ? []
        : [{ key: publicKey, by: endorsedBy, overlapUntilMs, signature: endorsement }],
  )
  return { key: rows.at(-1)?.publicKey ?? '', endorsements: endorsements.slice(-ENDORSEMENTS_MAX) }
}

/** Rotated every month, agents that were away for five years still find their way. */
const ENDORSEMENTS_MAX = 64

function signWith(key: KeyObject, text: string): string {
  return sign(null, Buffer.from(text), key).toString('base64')
}
