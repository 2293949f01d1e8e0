import { createHash, randomBytes } from 'node:crypto'

/** A new secret of 256 bits with a prefix that says what it is, to people and to secret scanners. */
export function mintSecret(kind: 'api' | 'enrol' | 'code' | 'session'): string {
  return `aloft_${kind}_${randomBytes(32).toString('base64url')}`
}

/** What is kept of a secret. It has 256 bits of entropy: a plain hash cannot be searched. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** The first characters of a secret, for people to tell one from another. */
export function secretPrefix(secret: string): string {
  return secret.slice(0, 16)
}
