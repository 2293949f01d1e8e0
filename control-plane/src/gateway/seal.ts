import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** What a session without a socket remembers, as the agent carries it: read and changed by nobody without the key. */
export interface SealKey {
  /** Eight hexadecimal digits. */
  readonly id: string
  /** AES-256. */
  readonly key: Buffer
}

const ID_BYTES = 4
const IV_BYTES = 12
const TAG_BYTES = 16

/** AES-256-GCM with a random IV, as base64url: key id, IV, tag, ciphertext. */
export function seal({ id, key }: SealKey, value: unknown): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.from(id, 'hex'), iv, cipher.getAuthTag(), text]).toString('base64url')
}

/** The id of the key it was sealed with, of whatever was sent; null when it is too short to be sealed at all. */
export function sealedWith(sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url')
  return bytes.length > ID_BYTES + IV_BYTES + TAG_BYTES ? bytes.subarray(0, ID_BYTES).toString('hex') : null
}

/** Null for anything that was not sealed with this key, whole and unchanged. */
export function unseal({ key }: SealKey, sealed: string): unknown {
  const bytes = Buffer.from(sealed, 'base64url')
  const iv = bytes.subarray(ID_BYTES, ID_BYTES + IV_BYTES)
  const tag = bytes.subarray(ID_BYTES + IV_BYTES, ID_BYTES + IV_BYTES + TAG_BYTES)
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
    decipher.setAuthTag(tag)
    const text = Buffer.concat([
      decipher.update(bytes.subarray(ID_BYTES + IV_BYTES + TAG_BYTES)),
      decipher.final(),
    ])
    return JSON.parse(text.toString())
  } catch {
    return null
  }
}
