import { z } from 'zod'

/** A change somebody made. `id` counts from 1 without holes; `hash` is the SHA-256 of `auditText`, in hex. `at` is `atMs` for people. */
export const AuditEntry = z
  .object({
    id: z.int(),
    at: z.string(),
    atMs: z.number(),
    actor: z.string(),
    actorName: z.string(),
    credential: z.string().nullable(),
    requestId: z.string().nullable(),
    action: z.string(),
    targetKind: z.string(),
    targetId: z.string(),
    siteId: z.string().nullable(),
    before: z.unknown(),
    after: z.unknown(),
    previousHash: z.string(),
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry' })
export type AuditEntry = z.infer<typeof AuditEntry>

/** What stands before the first entry. */
export const AUDIT_GENESIS = '0'.repeat(64)

/**
 * What an entry's hash is made of: everything in it but the hash itself, the hash of the entry before included. Object
 * keys are sorted, so that it is the same text however the object was kept in between.
 */
export function auditText(entry: Omit<AuditEntry, 'hash' | 'at'>): string {
  const { id, atMs, actor, actorName, credential, requestId, action, targetKind, targetId, siteId } = entry
  const { before, after, previousHash } = entry
  return canonicalJson([
    ...['aloft audit 1', previousHash, id, atMs, actor, actorName, credential, requestId],
    ...[action, targetKind, targetId, siteId, before, after],
  ])
}

/** JSON with sorted keys and no spaces. What JSON cannot say (undefined in an object, functions) is left out as JSON leaves it out. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
