import { familyOf } from '../network/address.ts'
import { parseDuration } from '../time/duration.ts'
import {
  AGENT_DEFAULTS,
  type AgentConfig,
  ROUTER_DEFAULTS,
  type VirtualRouterConfig,
} from './agent-config.ts'
import { resolveAnnouncementGroups, resolveAnnouncements } from './announcements-schema.ts'
import { resolveBfdSession, resolvePairing } from './bfd-resolve.ts'
import { resolveElection, resolveStartup } from './election-resolve.ts'
import { advertised } from './holdings-overflow.ts'
import { resolveAddress, resolveRoute, resolveRule, resolveStatic } from './holdings-resolve.ts'
import { resolveNotifications, resolveNotify } from './notify-schema.ts'
import type { AgentDocument, VirtualRouterDocument } from './schema.ts'
import { asMember, resolveSyncGroups } from './sync-group-resolve.ts'
import {
  resolveRouterTracking,
  resolveTracking,
  type TrackerDefaults,
  trackerDefaults,
} from './tracking-resolve.ts'
import { inFamilies, resolveTransport } from './transport-resolve.ts'
import { resolveFirewall, resolveVirtualLink } from './virtual-link-schema.ts'

/** Step three of three: a document the schema and the rules accept → what the router process is given. */
export function resolve(document: AgentDocument): AgentConfig {
  const trackers = trackerDefaults(document.trackers)
  const groups = resolveSyncGroups(document.syncGroups, trackers)
  return {
    ...AGENT_DEFAULTS,
    node: document.node,
    virtualRouters: document.virtualRouters
      .flatMap((each) => inFamilies(resolveVirtualRouter(each, trackers)))
      .map(pairedWhereHeard)
      .map((router) => asMember(router, groups.syncGroups)),
    ...groups,
    ...resolveTracking(document),
    ...resolveStartup(document),
    ...resolveFirewall(document),
    bfd: document.bfd.map(resolveBfdSession),
    ...resolveStatic(document.static),
    announcementGroups: resolveAnnouncementGroups(document.announcementGroups),
    notifications: resolveNotifications(document.notifications),
  }
}

/** `trackers`: what the lines of `track` take over from the trackers they name. */
export function resolveVirtualRouter(
  document: VirtualRouterDocument,
  trackers: TrackerDefaults = new Map(),
): VirtualRouterConfig {
  const { name, interface: onInterface, vrid, version, priority, checksum } = document
  const { addresses, rest } = advertised(document.addresses.map(resolveAddress))
  const [first] = addresses
  const family = first === undefined ? 'ipv4' : familyOf(first.address)
  return {
    ...ROUTER_DEFAULTS,
    name,
    interface: onInterface,
    vrid,
    version,
    family,
    priority,
    advertisementIntervalMs: durationMs(document.advertisementInterval),
    preempt: resolvePreempt(document),
    addresses,
    authentication: document.authentication ?? { type: 'none' },
    checksum,
    ...resolveTransport(document),
    ...resolveRouterTracking(document, trackers),
    announcements: resolveAnnouncements(document),
    notify: resolveNotify(document.notify),
    ...resolveElection(document),
    ...resolveVirtualLink(document, family),
    excludedAddresses: [...rest, ...document.excludedAddresses.map(resolveAddress)],
    routes: document.routes.map(resolveRoute),
    rules: document.rules.map(resolveRule),
    lease: document.lease,
    promoteSecondaries: document.promoteSecondaries,
    whenLost: document.whenLost,
    pairing: resolvePairing(document.pairing),
  }
}

/** BFD to an ipvlan's own address comes in by that device, where no session looks for it (decision 0013). */
function pairedWhereHeard(router: VirtualRouterConfig): VirtualRouterConfig {
  return router.ipvlan?.address ? { ...router, pairing: null } : router
}

/** RFC 9568 §6.1: the owner of the addresses preempts whatever Preempt_Mode says, and at once. */
function resolvePreempt({ priority, preempt }: VirtualRouterDocument): VirtualRouterConfig['preempt'] {
  if (priority === 255) return { enabled: true, delayMs: 0 }
  if (typeof preempt === 'boolean') return { enabled: preempt, delayMs: 0 }
  return { enabled: true, delayMs: durationMs(preempt.delay) }
}

function durationMs(written: string): number {
  const ms = parseDuration(written)
  if (ms === null) throw new RangeError(`the schema let a bad duration through: ${written}`)
  return ms
}
