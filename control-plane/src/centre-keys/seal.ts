import { hkdfSync } from 'node:crypto'
import { decrypt, encrypt } from '../aes-gcm.ts'

/**
 * Sealed under a key made from the operator's by HKDF, as base64. `name` is bound to what is sealed, so that one secret
 * cannot be put in another's place.
 */
export function seal(keyEncryptionKey: string, name: string, secret: string): string {
  return encrypt(derived(keyEncryptionKey), secret, name).toString('base64')
}

/** Null when the key is not the one it was sealed with, or what is sealed was touched. */
export function unseal(keyEncryptionKey: string, name: string, sealed: string): string | null {
  return decrypt(derived(keyEncryptionKey), Buffer.from(sealed, 'base64'), name)
}

function derived(keyEncryptionKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', keyEncryptionKey, '', 'aloft centre key', 32))
}
