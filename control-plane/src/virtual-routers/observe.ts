import type { FamilyName, Role } from '@aloft/shared/protocol/events'
import type { z } from 'zod'
import type { Transaction } from '../database/client.ts'
import {
  insertRouters,
  lockRouters,
  markTaken,
  putMembers,
  type RouterKey,
  removeMembersBut,
  routerName,
} from './store-observe.ts'

export { routerName } from './store-observe.ts'

/** What one node's event or snapshot says of its part in a virtual router. */
export interface RouterObservation {
  readonly siteId: string
  readonly agentId: string
  readonly epoch: string
  readonly epochStartedAtMs: number
  /** The event it shows the state after. */
  readonly asOfSeq: number
  readonly name: string
  readonly vrid: number
  readonly family: z.infer<typeof FamilyName>
  readonly interface: string
  readonly role: Role
  readonly priority: number
  /** Null when the observation does not say. */
  readonly addresses: readonly string[] | null
  readonly atMs: number
  /** How long before now it was observed, whatever the clocks say, and by how much that may be wrong. */
  readonly agoMs: number
  readonly agoErrorMs: number
  /** What its peers hear the node by; null when the observation does not say. */
  readonly source: string | null
  /** Of a backup: the active it hears, null when it hears none; undefined when the observation does not say. */
  readonly heard: string | null | undefined
  /** It became active because this address fell silent; null otherwise. */
  readonly tookFrom: string | null
  /** The role began at `atMs`; otherwise the node went on in it, and an earlier beginning that is known stands. */
  readonly entered: boolean
}

/** A virtual router that was observed, and between which instants. */
export interface TouchedRouter extends RouterKey {
  readonly id: string
  readonly fromMs: number
  readonly toMs: number
}

export interface Observed {
  readonly routers: readonly TouchedRouter[]
  /** Ids of routers whose row or members are different now. */
  readonly changed: readonly string[]
  /** Of those the ones whose active a peer took over from now. */
  readonly taken: readonly string[]
}

/**
 * Brings routers and their members up to date. An observation counts only if it is the newest of its agent, so a
 * backlog that arrives after a snapshot does not turn back the clock. The routers stay locked until the commit:
 * what is derived from their events next sees every transaction that was before.
 */
export async function observeRouters(
  tx: Transaction,
  observations: readonly RouterObservation[],
  nowMs: number,
): Promise<Observed> {
  if (observations.length === 0) return { routers: [], changed: [], taken: [] }
  const { ids, written } = await lockObserved(tx, observations, nowMs)
  // Each of them, not the newest alone: a node may have taken over and given the role away in one batch.
  const takeovers = observations.filter(({ tookFrom }) => tookFrom !== null)
  const [moved, taken] = await Promise.all([
    putMembers(tx, newestOfEach(observations), ids),
    markTaken(tx, takeovers, ids),
  ])
  const changed = [...new Set([...written, ...moved, ...taken])]
  return { routers: touched(observations, ids), changed, taken }
}

/**
 * Locks the observed routers. Nearly always they are there as they are told, and nothing is written. Gives their ids by
 * `routerName`, and which are new or have other addresses now.
 */
async function lockObserved(
  tx: Transaction,
  observations: readonly RouterObservation[],
  nowMs: number,
): Promise<{ readonly ids: ReadonlyMap<string, string>; readonly written: readonly string[] }> {
  const latest = new Map(observations.map((observation) => [routerName(observation), observation] as const))
  const there = byName(await lockRouters(tx, [...latest.values()]))
  const different = [...latest].flatMap(([name, told]) => (isAsTold(there.get(name), told) ? [] : told))
  if (different.length === 0) return { ids: idsOf(there), written: [] }
  const written = await insertRouters(tx, different, nowMs)
  return { ids: idsOf(byName(await lockRouters(tx, [...latest.values()]))), written }
}

type Locked = Awaited<ReturnType<typeof lockRouters>>[number]

function byName(routers: readonly Locked[]): ReadonlyMap<string, Locked> {
  return new Map(routers.map((router) => [routerName(router), router]))
}

function idsOf(routers: ReadonlyMap<string, Locked>): ReadonlyMap<string, string> {
  return new Map([...routers].map(([name, { id }]) => [name, id]))
}

/** An observation without addresses says nothing of them. */
function isAsTold(there: Locked | undefined, { addresses }: RouterObservation): boolean {
  if (there === undefined) return false
  return !addresses?.length || JSON.stringify(there.addresses) === JSON.stringify(addresses)
}

/** A snapshot names every router the node runs: its part in any other is over. Gives the routers it left. */
export async function leaveOtherRouters(
  tx: Transaction,
  spool: { readonly agentId: string; readonly epoch: string; readonly asOfSeq: number },
  stays: readonly TouchedRouter[],
): Promise<readonly string[]> {
  return removeMembersBut(
    tx,
    spool,
    stays.map(({ id }) => id),
  )
}

/** Events of one spool come in order, so the last one of each (router, agent) is the newest. */
function newestOfEach(observations: readonly RouterObservation[]): readonly RouterObservation[] {
  const newest = new Map<string, RouterObservation>()
  for (const observation of observations) {
    const name = `${routerName(observation)}/${observation.agentId}`
    const before = newest.get(name)
    // A role entered in this batch stays entered, even if a later event only says the node went on in it.
    const since =
      before !== undefined && !observation.entered && before.entered && before.role === observation.role
        ? { atMs: before.atMs, entered: true }
        : {}
    newest.set(name, {
      ...observation,
      addresses: observation.addresses ?? before?.addresses ?? null,
      source: observation.source ?? before?.source ?? null,
      heard: observation.heard === undefined ? before?.heard : observation.heard,
      ...since,
    })
  }
  return [...newest.values()]
}

function touched(
  observations: readonly RouterObservation[],
  ids: ReadonlyMap<string, string>,
): readonly TouchedRouter[] {
  const routers = new Map<string, TouchedRouter>()
  for (const { siteId, name, vrid, family, atMs } of observations) {
    const id = ids.get(routerName({ siteId, name, vrid, family }))
    if (id === undefined) continue
    const before = routers.get(id)
    routers.set(id, {
      id,
      siteId,
      name,
      vrid,
      family,
      fromMs: Math.min(before?.fromMs ?? atMs, atMs),
      toMs: Math.max(before?.toMs ?? atMs, atMs),
    })
  }
  return [...routers.values()]
}
