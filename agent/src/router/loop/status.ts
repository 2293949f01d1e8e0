/** What `aloft status` and the snapshot to the centre say of a virtual router. */
import type { IpvlanMode, VirtualMac } from '@aloft/shared/config/virtual-link-config'
import type { RouterState } from '@aloft/shared/protocol/frames'
import type { Effect } from '../../tracking/standing.ts'
import { type FaultReason, OWNER, type Parameters, RESIGN, type State } from '../../vrrp/virtual-router.ts'
import { describeHeld } from '../../world/describe-held.ts'
import type { HeldItem } from '../../world/holdings.ts'
import type { Clock, LinkState } from '../../world/router-world.ts'
import type { BfdStatus } from './bfd-status.ts'
import type { DiscardTotal, RouterCounters } from './counters.ts'
import type { HoldingFailureCount } from './holding-keeper.ts'
import { holdingOf } from './holding-of.ts'
import type { Instance } from './instance.ts'
import type { FindingTotal } from './lan-watch.ts'
import type { StallFigures } from './stall-guard.ts'

/** Why a router is in fault. RFC 8347 has one word for an interface that is down and one that is not there. */
export type FaultName = 'interface-missing' | 'virtual-link' | FaultReason

export interface FaultDetail {
  readonly reason: FaultName
  /** The tracker, the interface, …; null when there is nothing more to say. */
  readonly what: string | null
}

export interface RouterDetail extends RouterState {
  readonly counters: RouterCounters
  /** Holds its addresses although it is not active any more: a successor is awaited. */
  readonly isLeaving?: true
  /** Was told to step down, and preempts nobody until then; null: until that is undone. */
  readonly standsBack?: { readonly untilWallMs: number | null }
  /** Neighbours with which its interface has a BFD session that is up: of an active, the backups it knows of. */
  readonly pairedWith?: readonly string[]
  /** The device its addresses are on, where it has one of its own. */
  readonly virtualMac?: { readonly device: string; readonly address: string }
  readonly ipvlan?: { readonly device: string; readonly mode: IpvlanMode }
  /** Packets to its addresses are dropped. */
  readonly accepts?: false
  /** Only in the role `fault`. */
  readonly faults?: readonly FaultDetail[]
  /** What it follows, and what each does to it; only where it follows anything. */
  readonly tracking?: readonly Effect[]
  /** Whom a unicast router speaks to, and which of the peers it leaves out because they are this host itself. */
  readonly peers?: readonly string[]
  readonly ownPeers?: readonly string[]
  /** What it holds while active besides what it advertises, as `ip` prints it. Left out where there is nothing. */
  readonly holdsBesides?: readonly string[]
  /** Its addresses outlive a killed or frozen agent. */
  readonly isLeased?: false
  /** The written priority, where trackers have made it another. */
  readonly configuredPriority?: number
}

export interface LoopStatus {
  readonly virtualRouters: readonly RouterDetail[]
  readonly discards: readonly DiscardTotal[]
  /** Left out where there is no BFD. */
  readonly bfd?: BfdStatus
  /** What is not as it should be on the LANs, since the start. */
  readonly findings: readonly FindingTotal[]
  /** How often, and how long at most, this process was not running for longer than its peers wait. */
  readonly stalls: StallFigures
  /** What the kernel refused: addresses, routes, rules, the latest error of each. */
  readonly holdingFailures: readonly HoldingFailureCount[]
}

/** `link` is the state of the router's interface; null: there is none of that name. */
export function statusOf(instance: Instance, link: LinkState | null, clock: Clock): RouterDetail {
  const { config, state, parameters, roleSince } = instance
  return {
    virtualRouter: config.name,
    vrid: config.vrid,
    family: config.family,
    interface: config.interface,
    version: config.version,
    role: state.role,
    sinceWallMs: clock.wallMs() - (clock.now() - roleSince),
    priority: parameters.priority,
    ...(parameters.priority !== config.priority && { configuredPriority: config.priority }),
    advertisementIntervalMs: config.advertisementIntervalMs,
    addresses: config.addresses.map(({ address }) => address),
    active: activeRouter(parameters, state),
    source: parameters.source,
    counters: { ...instance.counters },
    ...peersOf(instance),
    ...(config.virtualMac && { virtualMac: shownOf(config.virtualMac) }),
    ...(config.ipvlan && { ipvlan: { device: config.ipvlan.name, mode: config.ipvlan.mode } }),
    ...(!config.accept && { accepts: false as const }),
    ...heldBesides(instance),
    ...departureOf(instance, clock),
    ...(config.track.length > 0 && { tracking: instance.standing.effects }),
    ...(state.role === 'fault' && { faults: currentFaults(instance, link) }),
  }
}

/** The owner's addresses are the host's own, and have no lease whatever the config says. */
function heldBesides({ config }: Instance): Pick<RouterDetail, 'holdsBesides' | 'isLeased'> {
  const { addresses, routes, rules } = holdingOf(config)
  const besides: HeldItem[] = [
    ...addresses.slice(config.addresses.length).map((address): HeldItem => ({ kind: 'address', address })),
    ...routes.map((route): HeldItem => ({ kind: 'route', route })),
    ...rules.map((rule): HeldItem => ({ kind: 'rule', rule })),
  ]
  return {
    ...(besides.length > 0 && { holdsBesides: besides.map(describeHeld) }),
    ...((!config.lease || config.priority === OWNER) && { isLeased: false as const }),
  }
}

function shownOf({ name, address }: VirtualMac): NonNullable<RouterDetail['virtualMac']> {
  return { device: name, address }
}

function peersOf({ config, peers }: Instance): Pick<RouterDetail, 'peers' | 'ownPeers'> {
  if (config.unicast === null) return {}
  const ownPeers = config.unicast.peers.map(({ address }) => address).filter((each) => !peers.includes(each))
  return { peers, ...(ownPeers.length > 0 && { ownPeers }) }
}

function currentFaults({ faults }: Instance, link: LinkState | null): readonly FaultDetail[] {
  return [...faults].flatMap(([source, said]) =>
    said.map(({ reason, what }) => {
      if (source === 'virtual-link') return { reason: 'virtual-link', what }
      return { reason: reason === 'interface-down' && link === null ? 'interface-missing' : reason, what }
    }),
  )
}

function departureOf({ departure }: Instance, clock: Clock): Pick<RouterDetail, 'isLeaving' | 'standsBack'> {
  const untilMs = departure.standBack?.untilMs ?? null
  const isOver = untilMs !== null && untilMs <= clock.now()
  const untilWallMs = untilMs === null ? null : clock.wallMs() + (untilMs - clock.now())
  return {
    ...(departure.leaving && { isLeaving: true as const }),
    ...(departure.standBack && !isOver && { standsBack: { untilWallMs } }),
  }
}

/** Whom we hold for active: ourselves, the last one heard, or nobody. */
function activeRouter({ priority, source }: Parameters, state: State): RouterState['active'] {
  if (state.role === 'active' && source !== null) return { address: source, priority }
  if (state.role !== 'backup' || state.lastHeard === null || state.lastHeard.priority === RESIGN) return null
  return { address: state.lastHeard.source, priority: state.lastHeard.priority }
}
