import { doublePrecision, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'

/** Who may do what through the API. Issue 4 gives the scopes to roles; until then a token has one of these. */
export type Scope = 'read' | 'write'

/** API tokens. The prefix is shown to people, the SHA-256 is compared, the token itself is not kept. */
export const apiTokens = pgTable('api_tokens', {
  id: uuid('id').primaryKey().defaultRandom(),
  name: text('name').notNull(),
  prefix: text('prefix').notNull(),
  hash: text('hash').notNull().unique(),
  scopes: jsonb('scopes').$type<readonly Scope[]>().notNull(),
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
  scopes: jsonb('scopes').$type<readonly Scope[]>().notNull(),
  createdAtMs: doublePrecision('created_at_ms').notNull(),
  expiresAtMs: doublePrecision('expires_at_ms').notNull(),
})
