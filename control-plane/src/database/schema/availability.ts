import { sql } from 'drizzle-orm'
import { bigint, doublePrecision, index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { virtualRouters } from './virtual-routers.ts'

/** Each boot of an agent's host, and between which instants the agent is known to have run on it, by the centre's clock. */
export const agentBoots = pgTable(
  'agent_boots',
  {
    agentId: uuid('agent_id').notNull(),
    bootId: text('boot_id').notNull(),
    firstMs: doublePrecision('first_ms').notNull(),
    lastMs: doublePrecision('last_ms').notNull(),
  },
  (t) => [primaryKey({ columns: [t.agentId, t.bootId] })],
)

/**
 * Periods whose events are lost: what a `gap` event says, and what an agent no longer had when it connected. Named by
 * the event, or by the first that is missing. `toMs` is null until the next event of the spool ends the period.
 */
export const agentGaps = pgTable(
  'agent_gaps',
  {
    agentId: uuid('agent_id').notNull(),
    epoch: text('epoch').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    fromMs: doublePrecision('from_ms').notNull(),
    toMs: doublePrecision('to_ms'),
    cause: text('cause').notNull(),
    events: integer('events'),
  },
  (t) => [
    primaryKey({ columns: [t.agentId, t.epoch, t.seq] }),
    index('agent_gaps_open').on(t.agentId, t.epoch).where(sql`${t.toMs} is null`),
  ],
)

/**
 * How far a virtual router's availability is summed up, and from where on it has to be again. `marks` grows with every
 * change of the past, so that a sum that began before it does not pass for new.
 */
export const availabilityRouters = pgTable('availability_routers', {
  virtualRouterId: uuid('virtual_router_id')
    .primaryKey()
    .references(() => virtualRouters.id, { onDelete: 'cascade' }),
  firstMs: doublePrecision('first_ms').notNull(),
  computedUntilMs: doublePrecision('computed_until_ms').notNull(),
  /** From here on, what was computed stood on nodes that had not told everything yet. */
  settledUntilMs: doublePrecision('settled_until_ms').notNull(),
  staleFromMs: doublePrecision('stale_from_ms'),
  marks: bigint('marks', { mode: 'number' }).notNull().default(0),
})

const sums = {
  virtualRouterId: uuid('virtual_router_id').notNull(),
  startMs: doublePrecision('start_ms').notNull(),
  servedMs: doublePrecision('served_ms').notNull(),
  degradedMs: doublePrecision('degraded_ms').notNull(),
  downMs: doublePrecision('down_ms').notNull(),
  unknownMs: doublePrecision('unknown_ms').notNull(),
  excludedMs: doublePrecision('excluded_ms').notNull(),
  outages: integer('outages').notNull(),
}

/** A virtual router's whole hour. */
export const availabilityHours = pgTable('availability_hours', sums, (t) => [
  primaryKey({ columns: [t.virtualRouterId, t.startMs] }),
  // A few hours of every router: the edges of what is asked about the whole fleet, and what retention takes away.
  index('availability_hours_start').on(t.startMs),
])

/** A virtual router's UTC day, as far as its hours go. */
export const availabilityDays = pgTable('availability_days', sums, (t) => [
  primaryKey({ columns: [t.virtualRouterId, t.startMs] }),
])
