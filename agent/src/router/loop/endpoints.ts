/** Which sockets the virtual routers need: opened when the first of them comes, closed when the last has gone. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { groupOf } from '../../vrrp/transport-acceptance.ts'
import type { Endpoint, Links } from '../../world/links.ts'

function endpointOf(config: VirtualRouterConfig): Endpoint {
  const { interface: interfaceName, family, authentication, receiveBufferBytes } = config
  const isAuthenticated = authentication.type === 'ah'
  return { interfaceName, family, group: groupOf(config), isAuthenticated, receiveBufferBytes }
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
      const { receiveBufferBytes } = this.#open.get(key) ?? {}
      if (receiveBufferBytes === endpoint.receiveBufferBytes) continue
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
  const endpoints = new Map<string, Endpoint>()
  for (const endpoint of routers.map(endpointOf)) {
    const { interfaceName, family, group, isAuthenticated, receiveBufferBytes = 0 } = endpoint
    const key = `${interfaceName} ${family} ${group} ${isAuthenticated}`
    const isSmaller = receiveBufferBytes < (endpoints.get(key)?.receiveBufferBytes ?? 0)
    if (!isSmaller) endpoints.set(key, endpoint)
  }
  return endpoints
}
