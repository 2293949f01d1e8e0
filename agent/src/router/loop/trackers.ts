/** What the loop knows of everything that routers follow, and what that makes of each of them. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { TrackReference } from '@aloft/shared/config/tracking-config'
import type { EventBody } from '@aloft/shared/protocol/events'
import { type Standing, standing, whyMoved } from '../../tracking/standing.ts'
import { trackerKey, type Verdict, type VerdictState } from '../../tracking/verdict.ts'
import { effectivePriority } from '../../vrrp/priority.ts'
import type { LinkState } from '../../world/router-world.ts'
import type { Instance } from './instance.ts'

export class Trackers {
  readonly #link: (interfaceName: string) => LinkState | null
  #reported = new Map<string, Verdict>()
  readonly #bfd = new Map<string, Verdict>()

  /** `link`: what counts as the state of an interface now. */
  constructor(link: (interfaceName: string) => LinkState | null) {
    this.#link = link
  }

  /** All that the steward knows, in place of what it said before. */
  report(verdicts: readonly Verdict[]): void {
    this.#reported = new Map(verdicts.map((verdict) => [trackerKey(verdict), verdict]))
  }

  /** What a BFD session of the loop's own has become. */
  bfd(name: string, state: VerdictState): void {
    const verdict: Verdict = { kind: 'bfd', name, state, value: null }
    this.#bfd.set(trackerKey(verdict), verdict)
  }

  standingOf({ config, awaited }: Pick<Instance, 'config' | 'awaited'>): Standing {
    return standing(config, (reference) => this.#verdictOf(reference), awaited)
  }

  #verdictOf(reference: TrackReference): Verdict | null {
    const { kind, name } = reference
    if (kind === 'interface') return { kind, name, state: this.#link(name)?.up ? 'up' : 'down', value: null }
    const key = trackerKey(reference)
    return (kind === 'bfd' ? this.#bfd.get(key) : this.#reported.get(key)) ?? null
  }
}

/**
 * A check that a reload adds is no reason to leave a role: that it has not been run yet says nothing. Whoever does not
 * take part waits for it, as after a start.
 */
export function awaitAdded(instance: Instance, before: VirtualRouterConfig): void {
  const { role } = instance.state
  const known = new Set(before.track.map(trackerKey))
  const added = instance.config.track.map(trackerKey).filter((key) => !known.has(key))
  const takesPart = role === 'active' || role === 'backup'
  instance.awaited = new Set(takesPart ? [...instance.awaited, ...added] : [])
}

/** Gives a router what its trackers come to now. Returns the priority it had before, null when that is the same. */
export function takeStanding(
  instance: Instance,
  standing: Standing,
  observe: (body: EventBody) => void,
): number | null {
  const { config, parameters } = instance
  // Nothing that is tracked moved: the written priority did.
  const why = whyMoved(instance.standing.effects, standing.effects) || 'configuration'
  instance.standing = standing
  const from = parameters.priority
  const to = effectivePriority(config, standing.priority)
  if (from === to) return null
  instance.parameters = { ...parameters, priority: to }
  const { name: virtualRouter, vrid, family, interface: interfaceName } = config
  const { role } = instance.state
  observe({ kind: 'priority', virtualRouter, vrid, family, interface: interfaceName, role, from, to, why })
  return from
}
