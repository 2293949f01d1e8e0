import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
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
    /** Address of whoever sent its enrolment; null when that came without one, or before it was kept. */
    enrolledFrom: text('enrolled_from'),
    /** Not null: refused at the door, and why. */
    quarantinedReason: text('quarantined_reason'),
    /** Of the token it enrolled with. */
    labels: jsonb('labels').$type<Labels>().notNull().default({}),
    /** Whether people let it in: only an approved one is. */
    standing: text('standing').$type<Standing>().notNull().default('approved'),
    standingReason: text('standing_reason'),
    /** Since when it has its key; null for one that enrolled before that was kept: since it enrolled. */
    keySinceMs: doublePrecision('key_since_ms'),
    /** The newest credential it was given; null for one that never was given any. */
    credentialSerial: text('credential_serial'),
    credentialExpiresAtMs: doublePrecision('credential_expires_at_ms'),
    /** A key that is to follow `publicKey` once the agent has tried it. */
    candidateKey: text('candidate_key'),
    /** Somebody wants it to have a new key, since then. */
    rotateRequestedAtMs: doublePrecision('rotate_requested_at_ms'),
  },
  (t) => [unique('agents_site_node').on(t.siteId, t.node), unique('agents_public_key').on(t.publicKey)],
)

export type Labels = Readonly<Record<string, string>>
export type Standing = 'approved' | 'pending' | 'revoked'

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
    /** `exchange`: over HTTP requests that any replica answers, so that only silence ends it. */
    transport: text('transport', { enum: ['websocket', 'exchange'] })
      .notNull()
      .default('websocket'),
    /** Of a session over HTTP requests: its newest turn. One before that is a repetition, and changes nothing. */
    turn: bigint('turn', { mode: 'number' }).notNull().default(0),
    bootId: text('boot_id').notNull(),
    runId: text('run_id').notNull(),
    machineId: text('machine_id'),
    connectedAtMs: doublePrecision('connected_at_ms').notNull(),
    lastSeenAtMs: doublePrecision('last_seen_at_ms').notNull(),
    disconnectedAtMs: doublePrecision('disconnected_at_ms'),
    /** The centre ended it, on its own account: until then the agent's absence says nothing. */
    excusedUntilMs: doublePrecision('excused_until_ms'),
    /** The state that was last told to whoever follows the stream (`agents/tell-states.ts`). */
    toldState: text('told_state'),
    /** Set by `synced`: until then the member rows may show what was before. */
    synced: boolean('synced').notNull().default(false),
    clockOffsetMs: doublePrecision('clock_offset_ms'),
    clockErrorMs: doublePrecision('clock_error_ms'),
    spoolBacklog: integer('spool_backlog'),
    routerAlive: boolean('router_alive'),
    /** The session was ended from here: the close code and the reason its replica has to tell the agent. */
    dismissedCode: integer('dismissed_code'),
    dismissedReason: text('dismissed_reason'),
  },
  (t) => [
    index('agent_sessions_live').on(t.replica).where(sql`${t.disconnectedAtMs} is null`),
    index('agent_sessions_dismissed').on(t.replica).where(sql`${t.dismissedCode} is not null`),
  ],
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

/**
 * One row: when any replica was last alive, and when the centre was last away as a whole. What began while it was away,
 * or before the amnesty after it is over, is nobody's fault.
 */
export const centreWatch = pgTable('centre_watch', {
  id: integer('id').primaryKey(),
  seenAtMs: doublePrecision('seen_at_ms').notNull(),
  /** By then the next sign of life must be there. */
  dueAtMs: doublePrecision('due_at_ms').notNull(),
  awaySinceMs: doublePrecision('away_since_ms').notNull(),
  backAtMs: doublePrecision('back_at_ms').notNull(),
  amnestyUntilMs: doublePrecision('amnesty_until_ms').notNull(),
})

/** What sessions over HTTP requests are sealed with between two of them. A row that is deleted ends those it sealed. */
export const exchangeKeys = pgTable('exchange_keys', {
  id: text('id').primaryKey(),
  /** AES-256, base64. */
  key: text('key').notNull(),
  createdAtMs: doublePrecision('created_at_ms').notNull(),
})

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
    /** Given to every agent that enrols with it. */
    labels: jsonb('labels').$type<Labels>().notNull().default({}),
    /** Agents that enrol with it wait until somebody approves them. */
    needsApproval: boolean('needs_approval').notNull().default(false),
    createdBy: text('created_by').notNull(),
  },
  (t) => [check('enrolment_tokens_uses', sql`${t.uses} between 0 and ${t.maxUses}`)],
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

/**
 * The keys the centre proves itself with. The one made last is used; each but the first was endorsed by the one before
 * it, so that an agent that trusts an old one finds its way.
 */
export const centreKeys = pgTable('centre_keys', {
  /** Ed25519, SPKI DER, base64. */
  publicKey: text('public_key').primaryKey(),
  /** PKCS8, base64; sealed with the key-encryption key where there is one. Null: erased, for its time is over. */
  privateKey: text('private_key'),
  sealed: boolean('sealed').notNull(),
  createdAtMs: doublePrecision('created_at_ms').notNull(),
  /** The key that endorsed it, its signature, and until when either may answer. Null of the first. */
  endorsedBy: text('endorsed_by'),
  endorsement: text('endorsement'),
  overlapUntilMs: doublePrecision('overlap_until_ms'),
})
