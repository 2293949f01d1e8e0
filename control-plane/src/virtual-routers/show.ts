import type { Snapshot } from '@aloft/shared/protocol/frames'
import type { Transaction } from '../database/client.ts'
import { appendToFeed } from '../feed/append.ts'
import type { ClockOffset } from '../gateway/machine.ts'
import { leaveOtherRouters, observeRouters, type RouterObservation } from './observe.ts'
import { epochStartedAt, isNewest } from './store-observe.ts'

/** The state of all routers of one node, as its session showed it. */
export interface Shown {
  readonly agentId: string
  readonly siteId: string
  /** Of the session that shows it: what an older one shows is no longer so. Null when it is none of ours. */
  readonly generation: number | null
  readonly epoch: string
  readonly snapshot: Snapshot
  readonly clock: ClockOffset | null
}

/**
 * Brings the members of one agent up to date with its snapshot. `routers: null` says that the router process does not
 * answer, which tells nothing of the roles: they stay, and the session's `routerAlive` says that they are old.
 */
export async function showSnapshot(tx: Transaction, shown: Shown, nowMs: number): Promise<void> {
  const { agentId, siteId, generation, epoch, snapshot, clock } = shown
  if (snapshot.routers === null) return
  if (generation !== null && !(await isNewest(tx, agentId, generation))) return
  const epochStartedAtMs = await epochStartedAt(tx, agentId, epoch)
  const observations = snapshot.routers.map(
    (router): RouterObservation => ({
      siteId,
      agentId,
      epoch,
      epochStartedAtMs,
      asOfSeq: snapshot.asOfSeq,
      name: router.virtualRouter,
      vrid: router.vrid,
      family: router.family,
      interface: router.interface,
      role: router.role,
      priority: router.priority,
      addresses: router.addresses,
      atMs: router.sinceWallMs + (clock?.offsetMs ?? 0),
      entered: false,
      agoMs: 0,
      agoErrorMs: 0,
      source: router.source ?? (router.role === 'active' ? (router.active?.address ?? null) : null),
      heard: router.role === 'backup' ? (router.active?.address ?? null) : null,
      tookFrom: null,
    }),
  )
  const { routers, changed } = await observeRouters(tx, observations, nowMs)
  const left = await leaveOtherRouters(tx, { agentId, epoch, asOfSeq: snapshot.asOfSeq }, routers)
  const ids = [...new Set([...changed, ...left])]
  await appendToFeed(
    tx,
    ids.map((ref) => ({ kind: 'virtual-router', ref })),
    nowMs,
  )
}
