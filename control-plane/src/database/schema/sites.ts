import { doublePrecision, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'

/** A LAN, or several that belong together. Made by hand, or by the first enrolment token that names it. */
export const sites = pgTable('sites', {
  id: uuid('id').primaryKey().defaultRandom(),
  name: text('name').notNull().unique(),
  createdAtMs: doublePrecision('created_at_ms').notNull(),
  /** Of what people may change: `If-Match` is compared by it. */
  revision: integer('revision').notNull().default(1),
})
