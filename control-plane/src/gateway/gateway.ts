import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { admit } from '../agents/admit.ts'
import { type FleetShare, watchFleetShare } from '../agents/fleet-share.ts'
import { hasNeighbours, markSynced, retireReplica } from '../agents/presence.ts'
import { renew } from '../agents/renew.ts'
import { foundRival } from '../agents/rival.ts'
import type { Bus } from '../bus/bus.ts'
import type { Centre } from '../centre-keys/centre.ts'
import { finishCommand } from '../commands/deliver.ts'
import type { Database } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import { showSnapshot } from '../virtual-routers/show.ts'
import { Connection, type Services } from './connection.ts'
import { type Deliveries, startDeliveries } from './deliveries.ts'
import { createDismissals } from './dismissals.ts'
import { grouped } from './grouped.ts'
import { SESSION_LIMITS, type SessionLimits } from './machine.ts'
import { type PresenceWriter, startPresenceWriter } from './presence-writer.ts'
import { createRegistry, type Registry, spreadMs } from './registry.ts'
import { acceptSockets } from './socket.ts'
import { type Commit, startWriter, type Writer } from './writer.ts'

export interface GatewayOptions {
  readonly db: Database
  /** Its keys were loaded. */
  readonly centre: Centre
  readonly log: { info(facts: object, message: string): void; warn(facts: object, message: string): void }
  /** Says when there is a command to look for. */
  readonly bus: Bus
  /** This process, among all that serve the same database. Default: a random one. */
  readonly replica?: string
  readonly limits?: SessionLimits
  /** Told of every transaction of events. */
  readonly committed?: (commit: Commit) => void
  readonly maxConnections?: number
}

/** All sessions of this replica. */
export interface Gateway {
  readonly replica: string
  /** For `upgrade` events of HTTP servers whose path is `CONNECT_PATH`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  figures(): { readonly connections: number; readonly agents: number; readonly queuedEvents: number }
  /** Sends agents away politely, finishes what is being written, and closes. Events not acknowledged stay theirs. */
  stop(): Promise<void>
}

/** One process can hold far more than this; a replica beyond it should have had a neighbour. */
const CONNECTIONS_MAX = 20_000
/** Events in memory, of all agents, before sockets are paused. */
const QUEUED_EVENTS_MAX = 50_000
const TICK_MS = 1_000
/** The longest a stopping replica waits for its agents to go to another: less than what supervisors kill after. */
const LINGER_MS_MAX = 20_000
/** A snapshot outlives a restart of PostgreSQL; a longer absence ends the session, which begins again later. */
const DATABASE_PATIENCE_MS = 20_000

export function startGateway(options: GatewayOptions): Gateway {
  const replica = options.replica ?? randomUUID()
  const registry = createRegistry()
  const wallMs = () => Date.now()
  const { db, bus, log } = options
  const writer = startWriter({
    db,
    log,
    wallMs,
    ...(options.committed && { committed: options.committed }),
  })
  const presence = startPresenceWriter({
    db: options.db,
    replica,
    wallMs,
    log: options.log,
    superseded: registry.superseded,
  })
  const deliveries = startDeliveries({ db, bus, log, replica, registry, wallMs })
  const share = watchFleetShare(db)
  const services = servicesOf(options, { replica, registry, writer, presence, deliveries, share })
  const lookForDismissals = createDismissals({ db, replica, wallMs, found: registry.superseded })
  const ticks = setInterval(() => {
    tickAll(registry)
    lookForDismissals()
    // So that challenges name the key that is in use; what was known stays good while the database is away.
    options.centre.keys().catch(() => {})
  }, TICK_MS)
  let stopping = false
  const accept = acceptSockets({
    room: () => !stopping && registry.size() < (options.maxConnections ?? CONNECTIONS_MAX),
    retryAfterS: () => Math.ceil(spreadOf(registry, share) / 1_000),
    open: (line) => {
      const connection = new Connection(line, services)
      registry.add(connection)
      return {
        hear: (text) => connection.hear(text),
        hearMalformed: (reason) => connection.hearMalformed(reason),
        broken: (why) => connection.broken(why),
        gone: () => {
          connection.gone()
          registry.remove(connection)
        },
      }
    },
  })
  return {
    replica,
    handleUpgrade: accept,
    figures: () => ({
      connections: registry.size(),
      agents: registry.agents(),
      queuedEvents: writer.queued(),
    }),
    stop: async () => {
      stopping = true
      await deliveries.stop()
      await drain(registry, await lingerOf(options, replica, registry))
      clearInterval(ticks)
      share.stop()
      await writer.stop()
      await presence.stop()
      await retireReplica(options.db, replica).catch(() => {})
    },
  }
}

interface Parts {
  readonly replica: string
  readonly registry: Registry
  readonly writer: Writer
  readonly presence: PresenceWriter
  readonly deliveries: Deliveries
  readonly share: FleetShare
}

function servicesOf({ db, centre, log, limits }: GatewayOptions, parts: Parts): Services {
  const { replica, registry, writer, presence, deliveries, share } = parts
  const wallMs = () => Date.now()
  const admissions = grouped(db, wallMs)
  const marks = grouped(db, wallMs, { reconnectForMs: DATABASE_PATIENCE_MS })
  return {
    log,
    limits: limits ?? SESSION_LIMITS,
    now: () => ({ monoMs: performance.now(), wallMs: wallMs() }),
    nonce: () => randomBytes(32).toString('base64url'),
    spreadMs: () => spreadOf(registry, share),
    centre: () => centre.latest?.name ?? null,
    admit: async (knock) => {
      const keys = await centre.keys()
      const { agentId } = knock.hello
      return admissions(agentId, (tx) => admit(tx, { ...knock, replica, keys, nowMs: wallMs() }))
    },
    renew: async (request) => {
      const keys = await centre.keys()
      return transact(db, (tx) => renew(tx, request, { keys, nowMs: wallMs() }))
    },
    rival: async ({ agent, generation, host }) => {
      const verdict = await foundRival(db, { agentId: agent.id, generation, host }, wallMs())
      if (verdict.code === CloseCode.quarantined)
        log.warn({ agentId: agent.id, reason: verdict.reason }, 'an agent was quarantined')
      return verdict
    },
    show: (shown) =>
      transact(db, (tx) => showSnapshot(tx, shown, wallMs()), { reconnectForMs: DATABASE_PATIENCE_MS }),
    synced: async (session) => {
      await marks(session.agentId, (tx) => markSynced(tx, session, wallMs()))
      deliveries.look()
    },
    finish: (result, session) => finishCommand(db, result, { session, nowMs: wallMs() }),
    write: (batch) => writer.write(batch),
    note: (note) => presence.note(note),
    overfull: () => writer.queued() > QUEUED_EVENTS_MAX,
    joined: (connection) => registry.joined(connection),
    left: ({ agent, excused }) => {
      if (agent === null) return
      const { agent: one, generation } = agent
      presence.ended({ agentId: one.id, generation, atMs: wallMs(), excused })
    },
  }
}

/** Of those that are here, or of those to expect if that is more. */
function spreadOf(registry: Registry, share: FleetShare): number {
  return spreadMs(Math.max(registry.agents(), share.agents()))
}

function tickAll(registry: Registry): void {
  for (const connection of registry.all()) connection.tick()
}

/** Where there is another replica, agents open their next session there before this one ends: they are given the time. */
async function lingerOf(
  { db, limits }: GatewayOptions,
  replica: string,
  registry: Registry,
): Promise<number> {
  const { drainMs } = limits ?? SESSION_LIMITS
  const hasOthers = await hasNeighbours(db, replica).catch(() => false)
  return hasOthers ? Math.max(drainMs, Math.min(spreadMs(registry.agents()) + 1_000, LINGER_MS_MAX)) : drainMs
}

async function drain(registry: Registry, lingerMs: number): Promise<void> {
  const reconnectWithinMs = Math.min(spreadMs(registry.agents()), LINGER_MS_MAX - 1_000)
  for (const connection of registry.all())
    connection.tell({ kind: 'drain', reason: 'this replica is stopping', reconnectWithinMs, lingerMs })
  // Connections close by the machine's deadline; those whose peer does not answer are cut soon after.
  const giveUpAtMs = performance.now() + lingerMs + 4_000
  while (registry.size() > 0 && performance.now() < giveUpAtMs) {
    await sleep(50)
    tickAll(registry)
  }
}
