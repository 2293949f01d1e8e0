import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const IV_BYTES = 12
const TAG_BYTES = 16
/** By how much what is encrypted is longer than the text. */
export const ENCRYPTION_BYTES = IV_BYTES + TAG_BYTES

/** AES-256-GCM with a random IV: IV, tag, ciphertext. `bound` must be the same for `decrypt`, and is not kept. */
export function encrypt(key: Buffer, text: string, bound = ''): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(bound))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed])
}

/** Null for anything that was not encrypted with this key and bound to this, whole and unchanged. Never throws. */
export function decrypt(key: Buffer, bytes: Buffer, bound = ''): string | null {
  const iv = bytes.subarray(0, IV_BYTES)
  const tag = bytes.subarray(IV_BYTES, ENCRYPTION_BYTES)
  const sealed = bytes.subarray(ENCRYPTION_BYTES)
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(bound)).setAuthTag(tag)
    return Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}
