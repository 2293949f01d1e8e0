import type {
  EventBody,
  FamilyName,
  ResumedBody,
  TransitionBody,
  TransitionReason,
} from '@aloft/shared/protocol/events'
import { sql } from 'drizzle-orm'
import {
  bigint,
  bigserial,
  boolean,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import type { z } from 'zod'
import { agents } from './agents.ts'
import { sites } from './sites.ts'
import { virtualRouters } from './virtual-routers.ts'

/**
 * Everything the agents observed, once. No foreign keys: this is the hot path, and the gateway knows whom it speaks to.
 * `id` is the order of arrival, which for one agent is the order of observation. Partitioned by the day of `wallMs`
 * (UTC), for which drizzle has no word: each partition has the primary key (agent, epoch, seq) of its own, and what is
 * of no day that has one, an agent's clock being in 1970, is in `events_default`.
 */
export const events = pgTable(
  'events',
  {
    id: bigserial('id', { mode: 'number' }).notNull(),
    agentId: uuid('agent_id').notNull(),
    epoch: text('epoch').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    siteId: uuid('site_id').notNull(),
    /** As the agent observed it (`Observed`): its wall clock, its monotonic clock, its boot. */
    wallMs: doublePrecision('wall_ms').notNull(),
    monoMs: doublePrecision('mono_ms').notNull(),
    bootId: text('boot_id').notNull(),
    /** Corrected by the measured offset of the agent's clock; the error is null when no offset was known. */
    occurredAtMs: doublePrecision('occurred_at_ms').notNull(),
    occurredAtErrorMs: doublePrecision('occurred_at_error_ms'),
    receivedAtMs: doublePrecision('received_at_ms').notNull(),
    late: boolean('late').notNull(),
    kind: text('kind').$type<EventBody['kind']>().notNull(),
    /** Of events about a virtual router; null of all others. */
    virtualRouter: text('virtual_router'),
    vrid: integer('vrid'),
    family: text('family').$type<z.infer<typeof FamilyName>>(),
    body: jsonb('body').$type<EventBody>().notNull(),
    /** Of the observation and the body as sent: the same key with another content is an agent whose history was rewound. */
    contentHash: text('content_hash').notNull(),
  },
  (t) => [
    index('events_arrival').on(t.id),
    index('events_site').on(t.siteId, t.id),
    index('events_virtual_router').on(t.siteId, t.vrid, t.family, t.id).where(sql`${t.vrid} is not null`),
    index('events_times').using('brin', t.receivedAtMs, t.occurredAtMs),
  ],
)

/**
 * The events that say which role a node had in a virtual router, whole and once more: they outlive the days of
 * `events`, and what is derived from a router's past finds it here in one index.
 */
export const transitions = pgTable(
  'transitions',
  {
    agentId: uuid('agent_id').notNull(),
    epoch: text('epoch').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    virtualRouterId: uuid('virtual_router_id').notNull(),
    wallMs: doublePrecision('wall_ms').notNull(),
    monoMs: doublePrecision('mono_ms').notNull(),
    bootId: text('boot_id').notNull(),
    occurredAtMs: doublePrecision('occurred_at_ms').notNull(),
    occurredAtErrorMs: doublePrecision('occurred_at_error_ms'),
    receivedAtMs: doublePrecision('received_at_ms').notNull(),
    late: boolean('late').notNull(),
    body: jsonb('body').$type<TransitionBody | ResumedBody>().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.agentId, t.epoch, t.seq] }),
    index('transitions_virtual_router').on(t.virtualRouterId, t.occurredAtMs),
    index('transitions_member').on(t.virtualRouterId, t.agentId, t.occurredAtMs),
    index('transitions_received').using('brin', t.receivedAtMs),
  ],
)

/** An event's key in the whole fleet. */
export interface EventKey {
  readonly agentId: string
  readonly epoch: string
  readonly seq: number
}

/** A virtual router whose active changed, joined from the events of every side. Derived: made again from `events`. */
export const failovers = pgTable(
  'failovers',
  {
    /** Made from the key of the new active's event, so that deriving it again meets the same row. */
    id: text('id').primaryKey(),
    siteId: uuid('site_id')
      .notNull()
      .references(() => sites.id),
    virtualRouterId: uuid('virtual_router_id')
      .notNull()
      .references(() => virtualRouters.id),
    vrid: integer('vrid').notNull(),
    fromAgentId: uuid('from_agent_id').references(() => agents.id),
    toAgentId: uuid('to_agent_id')
      .notNull()
      .references(() => agents.id),
    reason: text('reason').$type<TransitionReason>().notNull(),
    planned: boolean('planned').notNull(),
    occurredAtMs: doublePrecision('occurred_at_ms').notNull(),
    occurredAtErrorMs: doublePrecision('occurred_at_error_ms'),
    receivedAtMs: doublePrecision('received_at_ms').notNull(),
    late: boolean('late').notNull(),
    outageMs: doublePrecision('outage_ms'),
    evidence: jsonb('evidence').$type<readonly EventKey[]>().notNull(),
  },
  (t) => [
    index('failovers_occurred').on(t.occurredAtMs, t.id),
    index('failovers_site').on(t.siteId, t.occurredAtMs, t.id),
    index('failovers_virtual_router').on(t.virtualRouterId, t.occurredAtMs, t.id),
    index('failovers_received').using('brin', t.receivedAtMs),
  ],
)

/**
 * What changed, in the order it was committed: the stream reads it. `events` rows stand for a run of events
 * (`agentId`, `epoch`, `firstSeq`–`lastSeq`), all others for the object `ref` as it is now.
 */
export const feed = pgTable('feed', {
  id: bigserial('id', { mode: 'number' }).primaryKey(),
  kind: text('kind').$type<FeedKind>().notNull(),
  ref: text('ref').notNull(),
  epoch: text('epoch'),
  firstSeq: bigint('first_seq', { mode: 'number' }),
  lastSeq: bigint('last_seq', { mode: 'number' }),
  /** Between which instants of the agent's clock the run lies, so that its days are found; null: anywhere. */
  fromWallMs: doublePrecision('from_wall_ms'),
  toWallMs: doublePrecision('to_wall_ms'),
  atMs: doublePrecision('at_ms').notNull(),
})
export type FeedKind = 'events' | 'failover' | 'virtual-router' | 'agent'
