import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/**
 * AES-256-GCM under a key made from the operator's by HKDF. `name` is bound to what is sealed, so that one secret
 * cannot be put in another's place. Base64 of: 12 bytes of nonce, the ciphertext, 16 bytes of tag.
 */
export function seal(keyEncryptionKey: string, name: string, secret: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', derived(keyEncryptionKey), nonce)
  cipher.setAAD(Buffer.from(name))
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64')
}

/** Null when the key is not the one it was sealed with, or what is sealed was touched. */
export function unseal(keyEncryptionKey: string, name: string, sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64')
  try {
    const decipher = createDecipheriv('aes-256-gcm', derived(keyEncryptionKey), bytes.subarray(0, 12))
    decipher.setAAD(Buffer.from(name))
    decipher.setAuthTag(bytes.subarray(-16))
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

function derived(keyEncryptionKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', keyEncryptionKey, '', 'aloft centre key', 32))
}
