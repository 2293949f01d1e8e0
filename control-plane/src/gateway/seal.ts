import { decrypt, ENCRYPTION_BYTES, encrypt } from '../aes-gcm.ts'

/** What a session without a socket remembers, as the agent carries it: read and changed by nobody without the key. */
export interface SealKey {
  /** Eight hexadecimal digits. */
  readonly id: string
  /** AES-256. */
  readonly key: Buffer
}

const ID_BYTES = 4

/** As base64url: key id, then what is encrypted with that key. */
export function seal({ id, key }: SealKey, value: unknown): string {
  return Buffer.concat([Buffer.from(id, 'hex'), encrypt(key, JSON.stringify(value))]).toString('base64url')
}

/** The id of the key it was sealed with, of whatever was sent; null when it is too short to be sealed at all. */
export function sealedWith(sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url')
  return bytes.length > ID_BYTES + ENCRYPTION_BYTES ? bytes.subarray(0, ID_BYTES).toString('hex') : null
}

/** Null for anything that was not sealed with this key, whole and unchanged. */
export function unseal({ key }: SealKey, sealed: string): unknown {
  const text = decrypt(key, Buffer.from(sealed, 'base64url').subarray(ID_BYTES))
  return text === null ? null : JSON.parse(text)
}
