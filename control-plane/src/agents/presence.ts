import type { Database, Transaction } from '../database/client.ts'
import { transact } from '../database/transact.ts'
import type { Duty } from '../duties/duty.ts'
import { appendToFeed, type Change } from '../feed/append.ts'
import { REPLICA_LEASE_MS } from './absence.ts'
import {
  type EndedSession,
  endSessions,
  type NewerSession,
  routersOf,
  type SessionNote,
  selectNewer,
  setSynced,
  writeNotes,
} from './store-sessions.ts'
import {
  dropReplica,
  endSessionsOfDead,
  renewLease,
  selectNeighbours,
  signOfLife,
  takeUntold,
  tellConnected,
} from './store-watch.ts'

export type { EndedSession, NewerSession, SessionNote } from './store-sessions.ts'

/** Writes what sessions said of themselves. Returns the newer sessions of agents that have one, here or elsewhere. */
export async function noteSessions(
  tx: Transaction,
  notes: readonly SessionNote[],
  nowMs: number,
): Promise<readonly NewerSession[]> {
  const written = await writeNotes(tx, notes, nowMs)
  const changed = written.filter(({ routerChanged }) => routerChanged).map(({ agentId }) => agentId)
  await publishPresence(tx, changed, nowMs)
  const newest = new Set(written.map(({ agentId }) => agentId))
  const missed = notes.map(({ agentId }) => agentId).filter((agentId) => !newest.has(agentId))
  return missed.length === 0 ? [] : selectNewer(tx, { agentIds: missed })
}

/** Sessions of this replica that were ended from elsewhere (`store-identity.ts`), with what to tell their agents. */
export function dismissedSince(
  db: Database,
  replica: string,
  sinceMs: number,
): Promise<readonly NewerSession[]> {
  return selectNewer(db, { dismissedOf: replica, sinceMs })
}

/** The session has shown its present state whole: what its nodes do now is known. */
export async function markSynced(
  tx: Transaction,
  session: { readonly agentId: string; readonly generation: number },
  nowMs: number,
): Promise<void> {
  if (await setSynced(tx, session.agentId, session.generation))
    await publishPresence(tx, [session.agentId], nowMs)
}

/** Its session is on record: whoever follows the stream hears of it, unless the agent was not away for them. */
export async function sessionBegan(tx: Transaction, agentId: string, nowMs: number): Promise<void> {
  if (await tellConnected(tx, agentId)) await appendToFeed(tx, [{ kind: 'agent', ref: agentId }], nowMs)
}

/**
 * Ends sessions; one that a newer session replaced changes nothing. Nothing is told yet: the agent may be on its way
 * back (`agentStates`).
 */
export async function closeSessions(
  tx: Transaction,
  ended: readonly EndedSession[],
  nowMs: number,
): Promise<void> {
  await endSessions(tx, ended, nowMs)
}

/** To be called every few seconds: this replica lives, and so does the centre. */
export async function keepReplica(tx: Transaction, replica: string): Promise<void> {
  await signOfLife(tx, REPLICA_LEASE_MS)
  await renewLease(tx, replica)
}

/**
 * To be called at every tick from outside: where nothing lives long that is the centre's sign of life, and the next one is
 * due within two and a half times as long as it took until this one.
 */
export async function keepCentre(db: Database): Promise<void> {
  await transact(db, (tx) => signOfLife(tx, null))
}

/** The sessions of replicas that died are over: nobody else will say so. */
export const replicaLeases: Duty = {
  name: 'replica-leases',
  everyMs: 2_000,
  run: ({ fence }) => fence.transact(endSessionsOfDead),
}

/** Who follows the stream hears of agents that went silent, are down, or are back, and of their routers. */
export const agentStates: Duty = {
  name: 'agent-states',
  everyMs: 900,
  run: ({ fence, nowMs }) => fence.transact(async (tx) => publishPresence(tx, await takeUntold(tx), nowMs)),
}

/** Whether there is another replica that agents could go to. */
export function hasNeighbours(db: Database, replica: string): Promise<boolean> {
  return selectNeighbours(db, replica)
}

/** A replica that stops is not waited for. */
export async function retireReplica(db: Database, replica: string): Promise<void> {
  await dropReplica(db, replica)
}

/** Where an agent comes or goes, what is known of its routers changes too. */
export async function publishPresence(
  tx: Transaction,
  agentIds: readonly string[],
  nowMs: number,
): Promise<void> {
  if (agentIds.length === 0) return
  const changes: Change[] = agentIds.map((ref) => ({ kind: 'agent', ref }))
  for (const ref of await routersOf(tx, agentIds)) changes.push({ kind: 'virtual-router', ref })
  await appendToFeed(tx, changes, nowMs)
}
