import { bigint, doublePrecision, index, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'

/**
 * Who changed what, once and for good: a trigger refuses to change or remove a row. `id` counts without holes and each
 * row carries the hash of the one before it, so that what was changed or removed behind the trigger's back shows.
 */
export const audit = pgTable(
  'audit',
  {
    id: bigint('id', { mode: 'number' }).primaryKey(),
    atMs: doublePrecision('at_ms').notNull(),
    /** Who: `user:UUID`, `token:UUID`, `console`, `system:…`, `enrolment-token:UUID`; and the name it had then. */
    actor: text('actor').notNull(),
    actorName: text('actor_name').notNull(),
    /** Through which credential (`token:UUID`, `session:UUID`); null when there is none. */
    credential: text('credential'),
    requestId: text('request_id'),
    /** `KIND.VERB`, such as `enrolment-token.create`. */
    action: text('action').notNull(),
    targetKind: text('target_kind').notNull(),
    targetId: text('target_id').notNull(),
    /** The site it belongs to; null when it is of none. No foreign key: the record outlives what it is about. */
    siteId: uuid('site_id'),
    before: jsonb('before').$type<unknown>(),
    after: jsonb('after').$type<unknown>(),
    previousHash: text('previous_hash').notNull(),
    hash: text('hash').notNull(),
  },
  (t) => [
    index('audit_site').on(t.siteId, t.id),
    index('audit_actor').on(t.actor, t.id),
    index('audit_target').on(t.targetKind, t.targetId, t.id),
  ],
)
