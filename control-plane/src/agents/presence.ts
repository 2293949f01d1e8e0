import type { Database, Transaction } from '../database/client.ts'
import type { Duty } from '../duties/duty.ts'
import { appendToFeed, type Change } from '../feed/append.ts'
import {
  dropReplica,
  endSessions,
  endSessionsOfDead,
  type NewerSession,
  renewLease,
  routersOf,
  type SessionNote,
  selectNewer,
  setSynced,
  writeNotes,
} from './store-sessions.ts'

export type { NewerSession, SessionNote } from './store-sessions.ts'

/** A replica that has not renewed its lease for so long is dead, and so are its sessions. */
export const REPLICA_LEASE_MS = 15_000

/** Writes what sessions said of themselves. Returns the newer sessions of agents that have one, here or elsewhere. */
export async function noteSessions(
  tx: Transaction,
  notes: readonly SessionNote[],
  nowMs: number,
): Promise<readonly NewerSession[]> {
  const written = await writeNotes(tx, notes)
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

/** Ends sessions; one that a newer session replaced changes nothing. */
export async function closeSessions(
  tx: Transaction,
  ended: readonly { readonly agentId: string; readonly generation: number; readonly atMs: number }[],
  nowMs: number,
): Promise<void> {
  await publishPresence(tx, await endSessions(tx, ended), nowMs)
}

/** To be called every few seconds: this replica lives. */
export async function keepReplica(tx: Transaction, replica: string, nowMs: number): Promise<void> {
  await renewLease(tx, replica, nowMs)
}

/** The sessions of replicas that died are over: nobody else will say so. */
export async function buryReplicas(tx: Transaction, nowMs: number): Promise<void> {
  await publishPresence(tx, await endSessionsOfDead(tx, nowMs - REPLICA_LEASE_MS), nowMs)
}

export const replicaLeases: Duty = {
  name: 'replica-leases',
  everyMs: 2_000,
  run: ({ fence, nowMs }) => fence.transact((tx) => buryReplicas(tx, nowMs)),
}

/** A replica that stops is not waited for. */
export async function retireReplica(db: Database, replica: string): Promise<void> {
  await dropReplica(db, replica)
}

/** Where an agent comes or goes, what is known of its routers changes too. */
async function publishPresence(tx: Transaction, agentIds: readonly string[], nowMs: number): Promise<void> {
  if (agentIds.length === 0) return
  const changes: Change[] = agentIds.map((ref) => ({ kind: 'agent', ref }))
  for (const ref of await routersOf(tx, agentIds)) changes.push({ kind: 'virtual-router', ref })
  await appendToFeed(tx, changes, nowMs)
}
