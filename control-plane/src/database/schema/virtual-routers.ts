import type { FamilyName, Role } from '@aloft/shared/protocol/events'
import {
  bigint,
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
import type { z } from 'zod'
import { agents } from './agents.ts'
import { sites } from './sites.ts'

/**
 * A virtual router of a site. A VRID is unique on a LAN only and a site may have several LANs, so the name is part of
 * the key: the nodes of one router agree on its name as they agree on its VRID.
 */
export const virtualRouters = pgTable(
  'virtual_routers',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    siteId: uuid('site_id')
      .notNull()
      .references(() => sites.id),
    name: text('name').notNull(),
    vrid: integer('vrid').notNull(),
    family: text('family').$type<z.infer<typeof FamilyName>>().notNull(),
    addresses: jsonb('addresses').$type<readonly string[]>().notNull(),
    createdAtMs: doublePrecision('created_at_ms').notNull(),
  },
  (t) => [unique('virtual_routers_key').on(t.siteId, t.name, t.vrid, t.family)],
)

/** One node's part in a virtual router, as far as the centre knows: as of event `(epoch, asOfSeq)` of that agent. */
export const virtualRouterMembers = pgTable(
  'virtual_router_members',
  {
    virtualRouterId: uuid('virtual_router_id')
      .notNull()
      .references(() => virtualRouters.id, { onDelete: 'cascade' }),
    agentId: uuid('agent_id')
      .notNull()
      .references(() => agents.id, { onDelete: 'cascade' }),
    role: text('role').$type<Role>().notNull(),
    sinceMs: doublePrecision('since_ms').notNull(),
    priority: integer('priority').notNull(),
    interface: text('interface').notNull(),
    epoch: text('epoch').notNull(),
    asOfSeq: bigint('as_of_seq', { mode: 'number' }).notNull(),
    /** What its peers hear it by; null until it said so. */
    source: text('source'),
    /** Of a backup: where the active is that it hears; null when it hears none. */
    heardAddress: text('heard_address'),
    /** A peer took over because this node, last known as the active, fell silent: when, by the database's clock, and who. */
    takenAtMs: doublePrecision('taken_at_ms'),
    takenBy: uuid('taken_by'),
  },
  (t) => [
    primaryKey({ columns: [t.virtualRouterId, t.agentId] }),
    index('virtual_router_members_agent').on(t.agentId),
  ],
)
