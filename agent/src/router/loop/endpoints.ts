/** Which sockets the virtual routers need: opened when the first of them comes, closed when the last has gone. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { groupOf } from '../../vrrp/transport-acceptance.ts'
import type { Endpoint, Links } from '../../world/links.ts'

function endpointOf(config: VirtualRouterConfig): Endpoint {
  const { interface: interfaceName, family, authentication } = config
  return { interfaceName, family, group: groupOf(config), isAuthenticated: authentication.type === 'ah' }
}

export class OpenEndpoints {
  readonly #links: Links
  #open = new Map<string, Endpoint>()

  constructor(links: Links) {
    this.#links = links
  }

  /** Opens what these routers need beside what is open already. */
  open(routers: readonly VirtualRouterConfig[]): void {
    for (const [key, endpoint] of byKey(routers)) {
      if (this.#open.has(key)) continue
      this.#links.open(endpoint)
      this.#open.set(key, endpoint)
    }
  }

  /** Closes what these routers do not need. */
  keep(routers: readonly VirtualRouterConfig[]): void {
    const wanted = byKey(routers)
    for (const [key, endpoint] of this.#open) if (!wanted.has(key)) this.#links.close(endpoint)
    this.#open = new Map([...this.#open].filter(([key]) => wanted.has(key)))
  }

  hears(interfaceName: string, family: Endpoint['family']): boolean {
    for (const endpoint of this.#open.values()) {
      if (endpoint.interfaceName === interfaceName && endpoint.family === family) return true
    }
    return false
  }
}

function byKey(routers: readonly VirtualRouterConfig[]): Map<string, Endpoint> {
  return new Map(
    routers.map(endpointOf).map((endpoint) => {
      const { interfaceName, family, group, isAuthenticated } = endpoint
      return [`${interfaceName} ${family} ${group} ${isAuthenticated}`, endpoint] as const
    }),
  )
}
