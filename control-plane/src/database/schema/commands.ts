import { sql } from 'drizzle-orm'
import { bigint, check, doublePrecision, index, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { agents } from './agents.ts'

/**
 * A word to an agent. It waits while `outcome` is null and its deadline is ahead; what became of one without an
 * outcome whose deadline has passed is told by whether it was ever sent.
 */
export const commands = pgTable(
  'commands',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    agentId: uuid('agent_id')
      .notNull()
      .references(() => agents.id, { onDelete: 'cascade' }),
    kind: text('kind').notNull(),
    createdAtMs: doublePrecision('created_at_ms').notNull(),
    createdBy: text('created_by').notNull(),
    expiresAtMs: doublePrecision('expires_at_ms').notNull(),
    /** When, and in which session, it was last sent. A newer session is sent it again. */
    sentAtMs: doublePrecision('sent_at_ms'),
    sentGeneration: bigint('sent_generation', { mode: 'number' }),
    outcome: text('outcome').$type<CommandOutcome>(),
    detail: text('detail'),
    finishedAtMs: doublePrecision('finished_at_ms'),
  },
  (t) => [
    index('commands_waiting').on(t.expiresAtMs).where(sql`${t.outcome} is null`),
    index('commands_agent').on(t.agentId, t.createdAtMs, t.id),
    check('commands_outcome', sql`${t.outcome} in ('done', 'failed', 'unsupported', 'expired')`),
    check('commands_finished', sql`(${t.outcome} is null) = (${t.finishedAtMs} is null)`),
  ],
)
export type CommandOutcome = 'done' | 'failed' | 'unsupported' | 'expired'
