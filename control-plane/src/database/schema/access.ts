import type { AccessRole } from '@aloft/shared/api/access'
import { doublePrecision, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'

/** A role at some sites, by id (a name may change); null is everywhere. */
export interface StoredGrant {
  readonly role: AccessRole
  readonly siteIds: readonly string[] | null
}

/** API tokens. The prefix is shown to people, the SHA-256 is compared, the token itself is not kept. */
export const apiTokens = pgTable('api_tokens', {
  id: uuid('id').primaryKey().defaultRandom(),
  name: text('name').notNull(),
  prefix: text('prefix').notNull(),
  hash: text('hash').notNull().unique(),
  grants: jsonb('grants').$type<readonly StoredGrant[]>().notNull(),
  createdAtMs: doublePrecision('created_at_ms').notNull(),
  expiresAtMs: doublePrecision('expires_at_ms'),
  revokedAtMs: doublePrecision('revoked_at_ms'),
})

/** One-time sign-in links. */
export const signInCodes = pgTable('sign_in_codes', {
  hash: text('hash').primaryKey(),
  createdAtMs: doublePrecision('created_at_ms').notNull(),
  expiresAtMs: doublePrecision('expires_at_ms').notNull(),
  usedAtMs: doublePrecision('used_at_ms'),
})

/** Browsers that signed in; the cookie holds the secret, the row its SHA-256. */
export const browserSessions = pgTable('browser_sessions', {
  id: uuid('id').primaryKey().defaultRandom(),
  hash: text('hash').notNull().unique(),
  grants: jsonb('grants').$type<readonly StoredGrant[]>().notNull(),
  createdAtMs: doublePrecision('created_at_ms').notNull(),
  expiresAtMs: doublePrecision('expires_at_ms').notNull(),
})
