/** Between virtual routers and the BFD sessions that pair them: what each is told of the other. */
import type { Address, Family } from '@aloft/shared/network/address'
import { lossSkewMs } from '../../bfd/pairing.ts'
import type { Event } from '../../vrrp/virtual-router.ts'
import type { LinkState, RouterWorld } from '../../world/router-world.ts'
import { BfdPart } from './bfd-part.ts'
import type { Instance } from './instance.ts'
import type { FalseAlarm, InterfaceStanding, Loss } from './pairing-keeper.ts'
import type { RunningRouters } from './running-routers.ts'
import type { Trackers } from './trackers.ts'

function standingOf(
  instances: Iterable<Instance>,
  { interfaceName, family }: { readonly interfaceName: string; readonly family: Family },
  link: LinkState | null,
): InterfaceStanding {
  let isActive = false
  const [sources, own] = [new Set<Address>(), new Set<Address>()]
  for (const { config, state, parameters } of instances) {
    if (config.interface !== interfaceName || config.family !== family || config.pairing === null) continue
    isActive ||= state.role === 'active'
    if (parameters.source === null) continue
    own.add(parameters.source)
    if (state.role === 'active') sources.add(parameters.source)
  }
  return { isActive, sources: [...sources], own: [...own], prefixes: link?.prefixes ?? [] }
}

/** What the loss of a session is to one router; null: nothing. */
function lossEvent({ config, state, parameters }: Instance, loss: Loss): Event | null {
  if (state.role !== 'backup' || config.pairing === null) return null
  if (config.interface !== loss.interfaceName || state.lastHeard?.source !== loss.remote) return null
  return {
    kind: 'active-lost',
    source: loss.remote,
    silentMs: loss.detectionMs,
    skewMs: lossSkewMs(parameters.priority, loss.intervalMs),
  }
}

/** What a false alarm is to one router; null: nothing. */
function foundEvent({ config, state }: Instance, { interfaceName, remote }: FalseAlarm): Event | null {
  if (state.role !== 'backup' || config.interface !== interfaceName) return null
  return { kind: 'active-found', source: remote }
}

interface Surroundings {
  linkOf(interfaceName: string): LinkState | null
  /** Asked for when it is needed: they need BFD as well. */
  routers(): RunningRouters
  readonly trackers: Trackers
}

/** The part of the loop that keeps the sessions; null where the world has no BFD. */
export function bfdOf(world: RouterWorld, { linkOf, routers, trackers }: Surroundings): BfdPart | null {
  if (world.bfd === undefined) return null
  return new BfdPart(world, world.bfd, {
    judge: (name, state) => trackers.bfd(name, state),
    judged: (now) => routers().followTrackers(now),
    standing: (interfaceName, family) =>
      standingOf(routers().byKey.values(), { interfaceName, family }, linkOf(interfaceName)),
    lost: (loss, now) => routers().tell((instance) => lossEvent(instance, loss), now),
    found: (alarm, now) => routers().tell((instance) => foundEvent(instance, alarm), now),
  })
}
