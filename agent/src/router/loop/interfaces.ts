/** On which interfaces does the loop listen, and what is known of their links? */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { Family } from '@aloft/shared/network/address'
import type { LinkState, Links } from '../../world/router-world.ts'
import { OpenEndpoints } from './endpoints.ts'

export interface Interface {
  link: LinkState | null
}

/** Those that are followed besides the one a router runs on. */
function trackedBy(routers: readonly VirtualRouterConfig[]): string[] {
  return routers.flatMap(({ track }) => track.flatMap(({ kind, name }) => (kind === 'interface' ? name : [])))
}

export class Interfaces {
  readonly #links: Links
  readonly #watched = new Set<string>()
  readonly #endpoints: OpenEndpoints
  readonly #known = new Map<string, Interface>()

  constructor(links: Links) {
    this.#links = links
    this.#endpoints = new OpenEndpoints(links)
  }

  /** Null: there is no such interface, or none of ours. */
  linkOf(name: string): LinkState | null {
    return this.#known.get(name)?.link ?? null
  }

  get(name: string): Interface | undefined {
    return this.#known.get(name)
  }

  /** The last datagrams of a socket that was closed meanwhile are nobody's. */
  hears(name: string, family: Family): boolean {
    return this.#endpoints.hears(name, family)
  }

  /** Begins to listen wherever these routers need it and nobody did yet; returns the interfaces that are new. */
  open(routers: readonly VirtualRouterConfig[]): readonly (readonly [string, Interface])[] {
    this.#endpoints.open(routers)
    const added: [string, Interface][] = []
    const tracked = trackedBy(routers)
    for (const name of tracked) {
      if (!this.#watched.has(name)) this.#links.watch(name)
      this.#watched.add(name)
    }
    for (const name of [...routers.map((router) => router.interface), ...tracked]) {
      if (this.#known.has(name)) continue
      const opened: Interface = { link: null }
      this.#known.set(name, opened)
      added.push([name, opened])
    }
    return added
  }

  /** Listens no more where none of these routers needs it. */
  close(routers: readonly VirtualRouterConfig[]): void {
    this.#endpoints.keep(routers)
    const tracked = new Set(trackedBy(routers))
    const wanted = new Set([...routers.map((router) => router.interface), ...tracked])
    for (const name of this.#watched) {
      if (tracked.has(name)) continue
      this.#links.unwatch(name)
      this.#watched.delete(name)
    }
    for (const name of this.#known.keys()) if (!wanted.has(name)) this.#known.delete(name)
  }

  names(): ReadonlySet<string> {
    return new Set(this.#known.keys())
  }
}
