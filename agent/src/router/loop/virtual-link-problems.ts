/** Which routers cannot take part because the device with their virtual MAC, or their firewall, is not as it must be? */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { RecordedInput, RouterWorld } from '../../world/router-world.ts'
import type { Preparation } from '../../world/virtual-links.ts'
import type { Fault } from './faults.ts'
import { keyOf } from './instance.ts'

export class VirtualLinkProblems {
  readonly #world: RouterWorld
  readonly #record: (input: RecordedInput['input']) => number
  /** By the router's key; only those that have one. */
  readonly #problems = new Map<string, string>()

  constructor(world: RouterWorld, record: (input: RecordedInput['input']) => number) {
    this.#world = world
    this.#record = record
  }

  /** Has the devices made, and notes what came of it. */
  prepare(preparation: Preparation): void {
    this.#world.virtualLinks.prepare(preparation)
    for (const router of preparation.routers) {
      if (this.#world.virtualLinks.problem(router) !== (this.#problems.get(keyOf(router)) ?? null))
        this.look(router)
    }
  }

  /** Reads anew what stands in the way of one router; when that was. */
  look(router: VirtualRouterConfig): number {
    const problem = this.#world.virtualLinks.problem(router)
    if (problem === null) this.#problems.delete(keyOf(router))
    else this.#problems.set(keyOf(router), problem)
    return this.#record({ kind: 'virtual-link', router: keyOf(router), problem })
  }

  faultsOf(router: VirtualRouterConfig): readonly Fault[] {
    const problem = this.#problems.get(keyOf(router))
    return problem === undefined ? [] : [{ reason: 'interface-down', what: problem }]
  }
}
