import { hkdfSync, randomBytes } from 'node:crypto'
import { decrypt, encrypt } from '../aes-gcm.ts'

const SALT_BYTES = 16

/** Under a key that only who has `secret` can make; as base64url, with the salt of that key before it. */
export function seal(secret: string, text: string): string {
  const salt = randomBytes(SALT_BYTES)
  return Buffer.concat([salt, encrypt(keyOf(secret, salt), text)]).toString('base64url')
}

/** Null with another secret, and when a byte of it was changed. */
export function unseal(secret: string, sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url')
  return decrypt(keyOf(secret, bytes.subarray(0, SALT_BYTES)), bytes.subarray(SALT_BYTES))
}

function keyOf(secret: string, salt: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, 'aloft answer to an Idempotency-Key', 32))
}
