import { bigint, doublePrecision, integer, pgTable, text } from 'drizzle-orm/pg-core'

/**
 * Work that is due now and then, whoever does it. `fence` grows with every run: what a run writes is refused once
 * another has begun. `outcome` is null while a run is under way, or when the process that ran it died.
 */
export const duties = pgTable('duties', {
  name: text('name').primaryKey(),
  fence: bigint('fence', { mode: 'number' }).notNull(),
  replica: text('replica').notNull(),
  startedAtMs: doublePrecision('started_at_ms').notNull(),
  finishedAtMs: doublePrecision('finished_at_ms'),
  outcome: text('outcome').$type<'done' | 'failed'>(),
  /** Why the last run failed. */
  problem: text('problem'),
  /** Runs that failed since the last one that did not. */
  failures: integer('failures').notNull().default(0),
})
