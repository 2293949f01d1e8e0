import { createPrivateKey, createPublicKey, verify } from 'node:crypto'
import { endorsementText } from '@aloft/shared/protocol/identity'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseSecrets } from '../command.ts'
import { createTestDatabase, type TestDatabase } from '../database/test-database.ts'
import { Centre } from './centre.ts'
import { seal, unseal } from './seal.ts'

const KEK = 'a key-encryption key of some length'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())
beforeEach(() => database.sql`delete from centre_keys`)

const NEW = 'another key-encryption key, which replaces it'
const changing = (keyEncryptionKey: string, keyEncryptionKeyBefore: string) =>
  new Centre({ db: database.db, keyEncryptionKey, keyEncryptionKeyBefore, now: Date.now })
const centre = (keyEncryptionKey: string | null = null, nowMs = Date.now()) =>
  new Centre({ db: database.db, keyEncryptionKey, now: () => nowMs })
const rows = () => database.sql`select * from centre_keys order by created_at_ms`

function isSignedBy(key: string, text: string, signature: string): boolean {
  const publicKey = createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' })
  return verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64'))
}

describe('the key of a centre', () => {
  it('is made once, however many replicas want it at the same moment', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => centre().keys()))
    expect(new Set(all.map(({ name }) => name.key)).size).toBe(1)
    expect(await rows()).toHaveLength(1)
    const [{ name, sign }] = all as [(typeof all)[number]]
    expect(isSignedBy(name.key, 'text', sign('text'))).toBe(true)
    expect(isSignedBy(name.key, 'another', sign('text'))).toBe(false)
  })

  it('is sealed in the database, and opens with what it was sealed with', async () => {
    const { name } = await centre(KEK).keys()
    const [row] = await rows()
    expect(row?.['sealed']).toBe(true)
    const kept = { key: Buffer.from(row?.['private_key'], 'base64'), format: 'der', type: 'pkcs8' } as const
    expect(() => createPrivateKey(kept)).toThrow()
    expect((await centre(KEK).keys()).name).toEqual(name)
  })

  it.each([
    [
      null,
      'the signing key of this centre is sealed: set ALOFT_KEY_ENCRYPTION_KEY to what it was sealed with',
    ],
    [
      'another key-encryption key, as long',
      'ALOFT_KEY_ENCRYPTION_KEY does not open the signing key of this centre; it was sealed with another',
    ],
  ])('does not open with %s, and says which setting is wrong', async (wrong, message) => {
    await centre(KEK).keys()
    await expect(centre(wrong).keys()).rejects.toThrow(message)
  })

  it('that was in the clear is sealed as soon as there is a key-encryption key', async () => {
    const { name } = await centre().keys()
    const [before] = await rows()
    expect((await centre(KEK).keys()).name).toEqual(name)
    const [after] = await rows()
    expect([before?.['sealed'], after?.['sealed']]).toEqual([false, true])
    expect(after?.['private_key']).not.toContain(before?.['private_key'])
  })
})

describe('a change of the key-encryption key', () => {
  it('seals the same signing key anew; from then on the old one opens nothing', async () => {
    const { name } = await centre(KEK).keys()
    const [before] = await rows()
    const { name: after, sign } = await changing(NEW, KEK).keys()
    expect([after, isSignedBy(name.key, 'text', sign('text'))]).toEqual([name, true])
    const [row] = await rows()
    expect(row?.['private_key']).not.toBe(before?.['private_key'])
    expect((await centre(NEW).keys()).name).toEqual(name)
    await expect(centre(KEK).keys()).rejects.toThrow('it was sealed with another')
  })

  it('is done once, however many replicas start with both, and not undone by a start with the new one alone', async () => {
    const { name } = await centre(KEK).keys()
    const all = await Promise.all(Array.from({ length: 5 }, () => changing(NEW, KEK).keys()))
    const [row] = await rows()
    await changing(NEW, KEK).keys()
    await centre(NEW).keys()
    expect([all.map((each) => each.name), (await rows())[0]]).toEqual([Array(5).fill(name), row])
  })

  it('leaves a replica that still has the old one alone at work until it is restarted', async () => {
    const old = centre(KEK)
    const { name } = await old.keys()
    await changing(NEW, KEK).keys()
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000)
    const { name: same, sign } = await old.keys()
    vi.restoreAllMocks()
    expect([same, isSignedBy(name.key, 'text', sign('text'))]).toEqual([name, true])
  })

  it('in the wrong order, or with two that are both wrong, changes nothing and says so', async () => {
    const { name } = await centre(KEK).keys()
    const before = await rows()
    await expect(changing(NEW, 'x'.repeat(32)).keys()).rejects.toThrow(
      'neither ALOFT_KEY_ENCRYPTION_KEY nor ALOFT_KEY_ENCRYPTION_KEY_BEFORE opens',
    )
    expect((await changing(KEK, NEW).keys()).name).toEqual(name)
    expect(await rows()).toEqual(before)
  })

  it('seals what was in the clear with the new one', async () => {
    const { name } = await centre().keys()
    expect((await changing(NEW, KEK).keys()).name).toEqual(name)
    expect((await centre(NEW).keys()).name).toEqual(name)
  })

  it('is a setting that needs the new one, and has a least length', () => {
    expect(parseSecrets(NEW, KEK)).toEqual({ keyEncryptionKey: NEW, keyEncryptionKeyBefore: KEK })
    expect(parseSecrets(undefined, '')).toEqual({ keyEncryptionKey: null, keyEncryptionKeyBefore: null })
    expect(() => parseSecrets(undefined, KEK)).toThrow('ALOFT_KEY_ENCRYPTION_KEY_BEFORE needs the new one')
    expect(() => parseSecrets(KEK, 'short')).toThrow(
      'ALOFT_KEY_ENCRYPTION_KEY_BEFORE must have 32 characters',
    )
  })
})

describe('a rotation', () => {
  it('makes a key that the one before it endorses, and erases that', async () => {
    const one = centre(KEK)
    const first = (await one.keys()).name.key
    const { key, endorsements } = await one.rotate()
    expect(key).not.toBe(first)
    const [endorsement] = endorsements
    expect(endorsement).toMatchObject({ key, by: first })
    if (endorsement === undefined) throw new Error('nothing endorses it')
    expect(isSignedBy(first, endorsementText(endorsement), endorsement.signature)).toBe(true)
    expect((await rows()).map((row) => row['private_key'] === null)).toEqual([true, false])
    const { sign } = await one.keys()
    expect(isSignedBy(key, 'text', sign('text'))).toBe(true)
  })

  it('is told whole: the way from the first key to the last', async () => {
    const one = centre()
    const first = (await one.keys()).name.key
    await one.rotate()
    const { key, endorsements } = await one.rotate()
    expect(endorsements.map(({ by }) => by)[0]).toBe(first)
    expect(endorsements[1]?.by).toBe(endorsements[0]?.key)
    expect(endorsements[1]?.key).toBe(key)
  })

  it('keeps what the old key signed good for the overlap: a credential’s life and an hour', async () => {
    const one = centre(null, 1_000_000)
    const first = (await one.keys()).name.key
    const { key } = await one.rotate()
    const { issuedUntilMs } = await one.keys()
    expect(issuedUntilMs(first)).toBe(1_000_000 + 25 * 3_600_000)
    expect(issuedUntilMs(key)).toBe(Number.POSITIVE_INFINITY)
    expect(issuedUntilMs('a stranger')).toBeNull()
  })

  it('by two at once makes two keys, one after the other', async () => {
    await centre().keys()
    await Promise.all([centre().rotate(), centre().rotate()])
    const keys = await rows()
    expect(keys.map((row) => row['endorsed_by'])).toEqual([
      null,
      keys[0]?.['public_key'],
      keys[1]?.['public_key'],
    ])
  })
})

describe('a seal', () => {
  it('opens to what was sealed, under its name only, and never when it was touched', () => {
    const sealed = seal(KEK, 'name', 'secret')
    expect(unseal(KEK, 'name', sealed)).toBe('secret')
    expect(unseal(KEK, 'other', sealed)).toBeNull()
    expect(unseal('x'.repeat(40), 'name', sealed)).toBeNull()
    expect(seal(KEK, 'name', 'secret')).not.toBe(sealed)
    const bytes = Buffer.from(sealed, 'base64')
    for (let at = 0; at < bytes.length; at++) {
      const touched = Buffer.from(bytes)
      touched.writeUInt8(touched.readUInt8(at) ^ 1, at)
      expect(unseal(KEK, 'name', touched.toString('base64')), String(at)).toBeNull()
    }
    expect(unseal(KEK, 'name', '')).toBeNull()
  })
})
