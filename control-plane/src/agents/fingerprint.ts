import { createHash } from 'node:crypto'

/**
 * What people compare of a key (SPKI DER, base64), as OpenSSH writes it: `SHA256:` and the digest in base64. The agent
 * makes the same of its own (agent/src/steward/identity.ts).
 */
export function fingerprintOf(publicKey: string): string {
  const digest = createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('base64')
  return `SHA256:${digest.replace(/=+$/, '')}`
}
