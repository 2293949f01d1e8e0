import { createHash, randomBytes } from 'node:crypto'
import { admit } from '../agents/admit.ts'
import {
  closeSessions,
  type EndedSession,
  markSynced,
  noteSessions,
  type SessionNote,
} from '../agents/presence.ts'
import { renew } from '../agents/renew.ts'
import { foundRival } from '../agents/rival.ts'
import { stillHolds, type Turn } from '../agents/turns.ts'
import type { Centre } from '../centre-keys/centre.ts'
import { finishCommand } from '../commands/deliver.ts'
import type { Database } from '../database/client.ts'
import { transact, unavailability } from '../database/transact.ts'
import { type Batch, ingest, type Outcome } from '../events/ingest.ts'
import { Unavailable } from '../problems.ts'
import { showSnapshot } from '../virtual-routers/show.ts'
import type { Services } from './connection.ts'
import type { Holds } from './holds.ts'
import type { SessionLimits } from './machine.ts'
import { merged } from './presence-writer.ts'
import { spreadMs } from './registry.ts'
import type { SealKeys } from './seal-keys.ts'
import type { Commit } from './writer.ts'

/** What sessions over HTTP requests stand on. Nothing in it is of one session. */
export interface ExchangeContext {
  readonly db: Database
  readonly keys: SealKeys
  readonly centre: Centre
  readonly holds: Holds
  /** Wall clock: deadlines must mean the same to every replica. */
  readonly now: () => number
  /** How many agents are connected to the centre, roughly. */
  readonly connected: () => Promise<number>
  /** The same as it was last counted, without asking anybody; 0 before. */
  readonly connectedLately: () => number
  readonly log: Services['log']
  readonly limits: SessionLimits
  /** How long a request may be held; 0 where every moment of a process is paid for. */
  readonly holdMs: number
  /** Told of every transaction of events. */
  readonly committed?: ((commit: Commit) => void) | undefined
}

/** The effects of one request, and what came of them. */
export interface RequestServices extends Services {
  /** The database went away: the request has no answer, and may be made again as it is. */
  away(): Unavailable | null
  /** What the agent said of itself. */
  noted(): SessionNote | null
  ends(): EndedSession | null
}

/** A restart of PostgreSQL is waited for; nothing here is done twice by being tried again. */
const DATABASE_PATIENCE = { reconnectForMs: 3_000 }

/** `turn`: the one taken; null before the agent is admitted. */
export function servicesOf(context: ExchangeContext, turn: Turn | null): RequestServices {
  const { db, centre, now, log, limits, connected } = context
  let away: Unavailable | null = null
  let noted: SessionNote | null = null
  let ends: EndedSession | null = null
  let spread = 0
  let before: Promise<unknown> = Promise.resolve()
  const noticing = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      if (error instanceof Unavailable) away = error
      throw error
    })
  return {
    log,
    limits,
    now: () => ({ monoMs: now(), wallMs: now() }),
    nonce: () => randomBytes(32).toString('base64url'),
    spreadMs: () => spread,
    admit: async (knock) => {
      const exchangeSessionId = sessionIdOf(knock.nonce)
      const keys = await noticing(centre.keys())
      const entering = { ...knock, replica: 'exchange', keys, nowMs: now(), exchangeSessionId }
      const admission = await noticing(transact(db, (tx) => admit(tx, entering), DATABASE_PATIENCE))
      spread = spreadMs(await noticing(connected()))
      return admission
    },
    centre: () => centre.latest?.name ?? null,
    renew: async (request) => {
      const keys = await noticing(centre.keys())
      return noticing(transact(db, (tx) => renew(tx, request, { keys, nowMs: now() }), DATABASE_PATIENCE))
    },
    rival: ({ agent, generation, host }) =>
      noticing(foundRival(db, { agentId: agent.id, generation, host }, now())),
    finish: (result, session) => noticing(orAway(finishCommand(db, result, { session, nowMs: now() }))),
    show: (shown) =>
      noticing(
        transact(
          db,
          async (tx) => {
            if (turn !== null && (await stillHolds(tx, turn))) await showSnapshot(tx, shown, now())
          },
          DATABASE_PATIENCE,
        ),
      ),
    synced: (session) => noticing(transact(db, (tx) => markSynced(tx, session, now()), DATABASE_PATIENCE)),
    write: (batch) => {
      // Side by side the second could come first, and would be a hole.
      const written = before.then(() => noticing(writeBatch(context, batch)))
      before = written.catch(() => {})
      return written
    },
    note: (note) => {
      noted = merged(noted, note)
    },
    overfull: () => false,
    joined: () => {},
    left: ({ agent, excused }) => {
      if (agent === null) return
      ends = { agentId: agent.agent.id, generation: agent.generation, atMs: now(), excused }
    },
    away: () => away,
    noted: () => noted,
    ends: () => ends,
  }
}

async function writeBatch({ db, now, committed }: ExchangeContext, batch: Batch): Promise<Outcome> {
  const beganAtMs = now()
  const outcomes = await transact(db, (tx) => ingest(tx, [batch], now()), DATABASE_PATIENCE)
  committed?.({ batches: [batch], outcomes, beganAtMs, committedAtMs: now() })
  const [outcome] = outcomes
  if (outcome === undefined) throw new Error('ingest gave no outcome for a batch')
  return outcome
}

function orAway<T>(query: Promise<T>): Promise<T> {
  return query.catch((error: unknown) => {
    throw unavailability(error) ?? error
  })
}

/** The end of a session is on record before the agent hears of it. */
export async function writeEnd({ db, now }: ExchangeContext, services: RequestServices): Promise<void> {
  const end = services.ends()
  if (end !== null) await transact(db, (tx) => closeSessions(tx, [end], now()), DATABASE_PATIENCE)
}

/** That the agent was heard, and what it said of itself; of a session that is no longer the newest it changes nothing. */
export async function writeNote(
  { db, now }: ExchangeContext,
  services: RequestServices,
  seen: SessionNote,
): Promise<void> {
  const note = merged(seen, services.noted() ?? seen)
  await transact(db, (tx) => noteSessions(tx, [note], now()), DATABASE_PATIENCE)
}

/** A hello that comes again opens the session it opened before: it is named for its challenge. */
function sessionIdOf(nonce: string): string {
  const hex = createHash('sha256').update(`aloft.v1 exchange ${nonce}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}
