/** Carries out what a machine asked for, in its order. */
import type { TransitionBody } from '@aloft/shared/protocol/events'
import type { Action, Transition } from '../../vrrp/virtual-router.ts'
import type { RouterWorld } from '../../world/router-world.ts'
import { advertise } from './advertise.ts'
import type { Announcer } from './announcer.ts'
import { holdingOf } from './holding-of.ts'
import type { Instance } from './instance.ts'

/** What actions take effect on: the world, and the parts of the loop that go on with them. */
export interface Effects {
  readonly world: RouterWorld
  readonly announcer: Announcer
}

export function perform(
  { world, announcer }: Effects,
  instance: Instance,
  actions: readonly Action[],
  now: number,
): void {
  const { config } = instance
  for (const action of actions) {
    switch (action.do) {
      case 'advertise':
        advertise(world, instance, { priority: action.priority, now })
        break
      case 'acquire-addresses':
        if (world.virtualLinks.raise(config)) world.holdings.acquire(holdingOf(config))
        break
      case 'release-addresses':
        world.holdings.release(holdingOf(config))
        world.virtualLinks.lower(config)
        break
      case 'announce':
        announcer.announce(config, action.because, now)
        break
      case 'transition':
        recordTransition(world, instance, action.transition)
        announcer.recovered(instance.parameters, action.transition)
    }
  }
}

function recordTransition(world: RouterWorld, instance: Instance, transition: Transition): void {
  const { config, parameters } = instance
  const { from, to, reason, priority, heard, detectedBy, at } = transition
  const body: TransitionBody = {
    kind: 'transition',
    virtualRouter: config.name,
    vrid: config.vrid,
    family: config.family,
    interface: config.interface,
    from,
    to,
    reason,
    priority,
    heard,
    ...(detectedBy !== undefined && { detectedBy }),
    source: parameters.source,
    outageMs: to === 'active' ? outage(world, transition) : null,
    addresses: config.addresses.map(({ address }) => address),
  }
  if (to === 'active') instance.counters.becameActive++
  instance.roleSince = at
  world.journal.append(body, at)
}

/** The announcement has just been sent, so that now is the end of the outage; that reading is an input as well. */
function outage({ clock, recorder }: RouterWorld, { heard, at }: Transition): number | null {
  if (heard === null) return null
  const now = clock.now()
  recorder.record({ at: now, input: { kind: 'clock' } })
  return now - (at - heard.agoMs)
}
