/** On which interfaces and for which families does the loop listen, and what is known of their links? */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Family } from '@aloft/shared/network/address'
import type { LinkState, Links } from '../../world/router-world.ts'

export interface Interface {
  link: LinkState | null
  families: ReadonlySet<Family>
}

export class Interfaces {
  readonly #links: Links
  readonly #known = new Map<string, Interface>()

  constructor(links: Links) {
    this.#links = links
  }

  get(name: string): Interface | undefined {
    return this.#known.get(name)
  }

  /** Begins to listen wherever these routers need it and nobody did yet; returns the interfaces that are new. */
  open(routers: readonly VirtualRouterConfig[]): readonly (readonly [string, Interface])[] {
    const added: [string, Interface][] = []
    for (const [name, families] of familiesByInterface(routers)) {
      const known = this.#known.get(name)
      for (const family of families) if (!known?.families.has(family)) this.#links.open(name, family)
      if (known) {
        known.families = new Set([...known.families, ...families])
        continue
      }
      const opened: Interface = { link: null, families }
      this.#known.set(name, opened)
      added.push([name, opened])
    }
    return added
  }

  /** Listens no more where none of these routers needs it. */
  close(routers: readonly VirtualRouterConfig[]): void {
    const wanted = familiesByInterface(routers)
    for (const [name, known] of this.#known) {
      const families = wanted.get(name) ?? new Set()
      for (const family of known.families) if (!families.has(family)) this.#links.close(name, family)
      known.families = families
      if (families.size === 0) this.#known.delete(name)
    }
  }
}

function familiesByInterface(routers: readonly VirtualRouterConfig[]): Map<string, Set<Family>> {
  const families = new Map<string, Set<Family>>()
  for (const { interface: name, family } of routers) {
    families.set(name, (families.get(name) ?? new Set()).add(family))
  }
  return families
}
