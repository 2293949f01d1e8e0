import type { AccessRole } from '@aloft/shared/api/access'
import { doublePrecision, index, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'

/** A role at some sites, by id (a name may change); null is everywhere. */
export interface StoredGrant {
  readonly role: AccessRole
  readonly siteIds: readonly string[] | null
}

/** People. A row is never removed, so that records can name it for good; who left is disabled. */
export const users = pgTable('users', {
  id: uuid('id').primaryKey().defaultRandom(),
  /** What one signs in with; lower case. */
  name: text('name').notNull().unique(),
  /** Argon2id in PHC form; null signs in through the identity provider only. */
  passwordHash: text('password_hash'),
  grants: jsonb('grants').$type<readonly StoredGrant[]>().notNull(),
  /** `provider`: read anew from the identity provider's claims at every sign-in. */
  grantsFrom: text('grants_from').$type<'admin' | 'provider'>().notNull(),
  createdAtMs: doublePrecision('created_at_ms').notNull(),
  lastSignInAtMs: doublePrecision('last_sign_in_at_ms'),
  disabledAtMs: doublePrecision('disabled_at_ms'),
  /** Grows with what an admin changes; what `If-Match` names. */
  revision: integer('revision').notNull().default(1),
})

/** Who a user is to an identity provider. By subject and nothing else: names and addresses change hands. */
export const userIdentities = pgTable(
  'user_identities',
  {
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAtMs: doublePrecision('created_at_ms').notNull(),
  },
  (t) => [primaryKey({ columns: [t.issuer, t.subject] }), index('user_identities_user').on(t.userId)],
)

/** API tokens. The prefix is shown to people, the SHA-256 is compared, the token itself is not kept. */
export const apiTokens = pgTable(
  'api_tokens',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    name: text('name').notNull(),
    prefix: text('prefix').notNull(),
    hash: text('hash').notNull().unique(),
    grants: jsonb('grants').$type<readonly StoredGrant[]>().notNull(),
    /** Whose it is: it may never do more than its owner may now. Null when no user made it. */
    userId: uuid('user_id').references(() => users.id, { onDelete: 'cascade' }),
    createdBy: text('created_by'),
    createdAtMs: doublePrecision('created_at_ms').notNull(),
    expiresAtMs: doublePrecision('expires_at_ms'),
    revokedAtMs: doublePrecision('revoked_at_ms'),
    /** To the minute. */
    lastUsedAtMs: doublePrecision('last_used_at_ms'),
  },
  (t) => [index('api_tokens_user').on(t.userId)],
)

/** One-time sign-in links. */
export const signInCodes = pgTable('sign_in_codes', {
  hash: text('hash').primaryKey(),
  createdAtMs: doublePrecision('created_at_ms').notNull(),
  expiresAtMs: doublePrecision('expires_at_ms').notNull(),
  usedAtMs: doublePrecision('used_at_ms'),
})

export type SignInMethod = 'password' | 'provider' | 'token' | 'link'

/**
 * Browsers that signed in; the cookie holds the secret, the row its SHA-256. What a session may is asked of its user or
 * its token at every request; `grants` is for those of a one-time link, which have neither.
 */
export const browserSessions = pgTable(
  'browser_sessions',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    hash: text('hash').notNull().unique(),
    grants: jsonb('grants').$type<readonly StoredGrant[]>(),
    userId: uuid('user_id').references(() => users.id, { onDelete: 'cascade' }),
    apiTokenId: uuid('api_token_id').references(() => apiTokens.id, { onDelete: 'cascade' }),
    method: text('method').$type<SignInMethod>().notNull(),
    address: text('address'),
    userAgent: text('user_agent'),
    createdAtMs: doublePrecision('created_at_ms').notNull(),
    /** To the minute. */
    lastSeenAtMs: doublePrecision('last_seen_at_ms').notNull(),
    expiresAtMs: doublePrecision('expires_at_ms').notNull(),
  },
  (t) => [index('browser_sessions_user').on(t.userId), index('browser_sessions_token').on(t.apiTokenId)],
)

/** How often signing in went wrong, by what it was tried with; `key` is a hash, for people type passwords as names. */
export const signInFailures = pgTable('sign_in_failures', {
  key: text('key').primaryKey(),
  failures: integer('failures').notNull(),
  lastFailedAtMs: doublePrecision('last_failed_at_ms').notNull(),
  blockedUntilMs: doublePrecision('blocked_until_ms').notNull(),
})

/** Sign-ins that went to the identity provider and are not back yet. Taken out by the first that comes back. */
export const providerSignIns = pgTable('provider_sign_ins', {
  stateHash: text('state_hash').primaryKey(),
  expiresAtMs: doublePrecision('expires_at_ms').notNull(),
})
