/**
 * What something new changes lies nearly always within the last few observations of its router. This tells when that is
 * certain: what is derived from these few is then what would be derived from all, and what is older stays as it is.
 *
 * It is when everybody who says something new was known before by the same address, and whoever of them was active began
 * within these few; and when each failover that can have changed is by a node that heard whom it took over from, and that
 * one's tenure began within them too. Then neither who was heard nor which tenure ended depends on what is not here.
 * An address that another agent had before is taken to be of the one that has it here.
 */
import {
  becomesActive,
  type DerivedFailover,
  deriveFailovers,
  errorOf,
  type Observation,
  observedBy,
  roleAfter,
  tenuresOf,
  UNKNOWN_ERROR_MS,
} from './derive.ts'

export interface Near {
  /** By corrected time. Nothing left out is later than `cutMs`, or was observed by its agent after what is here. */
  readonly observations: readonly Observation[]
  /** Null: nothing was left out. */
  readonly cutMs: number | null
}

type IsNew = (observation: Observation) => boolean

/** The failovers that the new ones among these observations can have changed; null when these do not suffice to tell. */
export function deriveNear({ observations, cutMs }: Near, isNew: IsNew): readonly DerivedFailover[] | null {
  if (cutMs === null) return deriveFailovers(observations)
  const agents = [...observedBy(observations).values()]
  const owners = ownersOf(agents)
  if (owners === null) return null
  // What was left out may be wrong by as much as if nobody had measured.
  const toleranceMs = Math.max(...observations.map(errorOf)) + UNKNOWN_ERROR_MS
  const fromMs = Math.min(...agents.map((own) => changedSince(own, isNew))) - toleranceMs
  if (fromMs <= cutMs) return null
  const changed = observations.filter(({ atMs }) => atMs >= fromMs).filter(becomesActive)
  if (!changed.every((became) => isSettled(became, owners))) return null
  const ids = new Set(changed.map(({ id }) => id))
  return deriveFailovers(observations).filter(({ became }) => ids.has(became.id))
}

/** What each address's owner observed; null when two share one. */
function ownersOf(
  agents: readonly (readonly Observation[])[],
): ReadonlyMap<string, readonly Observation[]> | null {
  const owners = new Map<string, readonly Observation[]>()
  for (const own of agents) {
    for (const { body } of own) {
      if (body.kind !== 'transition' || !body.source) continue
      if ((owners.get(body.source) ?? own) !== own) return null
      owners.set(body.source, own)
    }
  }
  return owners
}

/** From which instant on what this agent newly says can matter; -Infinity when that cannot be told. */
function changedSince(own: readonly Observation[], isNew: IsNew): number {
  const first = own.findIndex(isNew)
  // Who went on in a role was in it before, nobody here knows since when; and an order of epochs is not one of seqs.
  const isClear = !isGoingOn(own[0]) && own.every(({ epochOrder }) => epochOrder === own[0]?.epochOrder)
  if (!isClear) return Number.NEGATIVE_INFINITY
  if (first === -1) return Number.POSITIVE_INFINITY
  const known = own.slice(0, first)
  const fresh = own.slice(first)
  const last = known.at(-1)
  const addresses = new Set(known.flatMap(addressOf))
  const isSame = addresses.size === 1 && fresh.flatMap(addressOf).every((address) => addresses.has(address))
  if (last === undefined || !isSame || !fresh.every(isNew)) return Number.NEGATIVE_INFINITY
  const open = roleAfter(last) === 'active' ? tenuresOf(known).at(-1)?.start.atMs : undefined
  return Math.min(open ?? Number.POSITIVE_INFINITY, ...fresh.map(claimsSince))
}

/** It also says that somebody was active when it heard them. */
function claimsSince({ atMs, body }: Observation): number {
  return body.kind === 'transition' && body.heard !== null ? atMs - Math.max(0, body.heard.agoMs) : atMs
}

function isGoingOn(observation: Observation | undefined): boolean {
  return observation?.body.kind === 'resumed' && roleAfter(observation) === 'active'
}

function addressOf({ body }: Observation): readonly string[] {
  return body.kind === 'transition' && body.source ? [body.source] : []
}

/** Whom it took over from is known by address, and so is the tenure that ended. */
function isSettled(
  became: DerivedFailover['became'],
  owners: ReadonlyMap<string, readonly Observation[]>,
): boolean {
  const own = owners.get(became.body.heard?.address ?? '')
  if (own === undefined || own[0]?.agentId === became.agentId) return false
  return tenuresOf(own).some(({ start }) => start.atMs <= became.atMs)
}
