import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { sites } from './sites.ts'

/** A node that enrolled. The key is its identity: who holds it is the agent. */
export const agents = pgTable(
  'agents',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    siteId: uuid('site_id')
      .notNull()
      .references(() => sites.id),
    node: text('node').notNull(),
    /** Ed25519, SPKI DER, base64. */
    publicKey: text('public_key').notNull(),
    software: text('software').notNull(),
    enrolledAtMs: doublePrecision('enrolled_at_ms').notNull(),
    /** Not null: refused at the door, and why. */
    quarantinedReason: text('quarantined_reason'),
  },
  (t) => [unique('agents_site_node').on(t.siteId, t.node), unique('agents_public_key').on(t.publicKey)],
)

/**
 * The newest session of each agent, and what it last said of itself. A session is live while `disconnectedAtMs` is
 * null *and* its replica is alive (`replicas`): a replica that was killed closes nothing.
 */
export const agentSessions = pgTable(
  'agent_sessions',
  {
    agentId: uuid('agent_id')
      .primaryKey()
      .references(() => agents.id, { onDelete: 'cascade' }),
    sessionId: text('session_id').notNull(),
    /** Grows with every session of the agent, so that an old session's end cannot overwrite a newer one's start. */
    generation: bigint('generation', { mode: 'number' }).notNull(),
    replica: text('replica').notNull(),
    bootId: text('boot_id').notNull(),
    runId: text('run_id').notNull(),
    connectedAtMs: doublePrecision('connected_at_ms').notNull(),
    lastSeenAtMs: doublePrecision('last_seen_at_ms').notNull(),
    disconnectedAtMs: doublePrecision('disconnected_at_ms'),
    /** Set by `synced`: until then the member rows may show what was before. */
    synced: boolean('synced').notNull().default(false),
    clockOffsetMs: doublePrecision('clock_offset_ms'),
    clockErrorMs: doublePrecision('clock_error_ms'),
    spoolBacklog: integer('spool_backlog'),
    routerAlive: boolean('router_alive'),
  },
  (t) => [index('agent_sessions_live').on(t.replica).where(sql`${t.disconnectedAtMs} is null`)],
)

/** How far the centre holds each spool of each agent: everything from 1 to `seq`, without holes. */
export const agentEpochs = pgTable(
  'agent_epochs',
  {
    agentId: uuid('agent_id')
      .notNull()
      .references(() => agents.id, { onDelete: 'cascade' }),
    epoch: text('epoch').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    startedAtMs: doublePrecision('started_at_ms').notNull(),
  },
  (t) => [primaryKey({ columns: [t.agentId, t.epoch] })],
)

/** Running control plane processes. A row older than the lease is a dead process, and so are its sessions. */
export const replicas = pgTable('replicas', {
  id: text('id').primaryKey(),
  startedAtMs: doublePrecision('started_at_ms').notNull(),
  seenAtMs: doublePrecision('seen_at_ms').notNull(),
})

/** Tokens a new node enrols with. Only the SHA-256 of the token is kept. */
export const enrolmentTokens = pgTable(
  'enrolment_tokens',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    /** Hex SHA-256 of the whole token text. */
    hash: text('hash').notNull().unique(),
    siteId: uuid('site_id')
      .notNull()
      .references(() => sites.id),
    createdAtMs: doublePrecision('created_at_ms').notNull(),
    expiresAtMs: doublePrecision('expires_at_ms').notNull(),
    maxUses: integer('max_uses').notNull(),
    uses: integer('uses').notNull().default(0),
    revokedAtMs: doublePrecision('revoked_at_ms'),
    createdBy: text('created_by').notNull(),
    idempotencyKey: text('idempotency_key'),
    requestHash: text('request_hash').notNull(),
  },
  (t) => [
    unique('enrolment_tokens_idempotency').on(t.createdBy, t.idempotencyKey),
    check('enrolment_tokens_uses', sql`${t.uses} between 0 and ${t.maxUses}`),
  ],
)

/** Which agent used which token: the same key may repeat its own enrolment, another key needs a use of its own. */
export const enrolmentTokenUses = pgTable(
  'enrolment_token_uses',
  {
    tokenId: uuid('token_id')
      .notNull()
      .references(() => enrolmentTokens.id, { onDelete: 'cascade' }),
    publicKey: text('public_key').notNull(),
    agentId: uuid('agent_id')
      .notNull()
      .references(() => agents.id, { onDelete: 'cascade' }),
    usedAtMs: doublePrecision('used_at_ms').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tokenId, t.publicKey] })],
)
