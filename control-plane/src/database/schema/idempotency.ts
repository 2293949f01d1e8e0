import { doublePrecision, index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'

/** A POST that was answered: the same key brings the same answer for a day. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    /** The credential (`token:…`, `session:…`): keys of two callers never meet. */
    owner: text('owner').notNull(),
    key: text('key').notNull(),
    requestHash: text('request_hash').notNull(),
    /** Sealed with what the caller presented, which is not in the database: it may hold a token that is shown once. */
    answer: text('answer').notNull(),
    createdAtMs: doublePrecision('created_at_ms').notNull(),
  },
  (t) => [primaryKey({ columns: [t.owner, t.key] }), index('idempotency_keys_age').on(t.createdAtMs)],
)
