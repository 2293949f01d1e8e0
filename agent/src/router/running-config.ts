/** `STATE/running-config.json`: the last configuration this router was given, and the only thing it needs to boot. */
import { AGENT_DEFAULTS, type AgentConfig, ROUTER_DEFAULTS } from '@aloft/shared/config/agent-config'
import { homeDevice } from '@aloft/shared/config/virtual-link-config'
import type { Address } from '@aloft/shared/network/address'
import { OWNER } from '../vrrp/virtual-router.ts'
import { readJson, replaceFile } from './atomic-file.ts'

export interface RunningConfig {
  readonly revision: string
  readonly config: AgentConfig
}

/** Durable: after a power cut the router must come up with what it ran. Throws when the file cannot be written. */
export function saveRunningConfig(file: string, running: RunningConfig): void {
  replaceFile(file, `${JSON.stringify(running)}\n`, 'durable')
}

/** Null: there is none, or it is not one, and the router waits to be configured. */
export function loadRunningConfig(file: string): RunningConfig | null {
  const value = readJson(file)
  return isRunningConfig(value) ? completed(value) : null
}

/** What an older agent wrote, or says: it knew fewer settings. */
export function completed({ revision, config }: RunningConfig): RunningConfig {
  const virtualRouters = alike(config.virtualRouters.map((router) => ({ ...ROUTER_DEFAULTS, ...router })))
  return { revision, config: { ...AGENT_DEFAULTS, ...config, virtualRouters } }
}

/**
 * The same values, in objects that V8 holds for alike: those that a spread makes of so many keys have each a shape of
 * its own, and whatever then looks at hundreds of them in turn finds every key by searching for it.
 */
function alike<T>(values: readonly T[]): readonly T[] {
  // `as`: what has come as JSON goes through it unchanged.
  return JSON.parse(JSON.stringify(values)) as readonly T[]
}

/**
 * Enough of a check to refuse a message or file that is something else. The whole of it was checked by the steward
 * before it was sent, and the schema's library is deliberately not part of this process.
 */
export function isRunningConfig(value: unknown): value is RunningConfig {
  if (typeof value !== 'object' || value === null || !('revision' in value) || !('config' in value))
    return false
  const { revision, config } = value
  if (typeof revision !== 'string' || typeof config !== 'object' || config === null) return false
  if (!('virtualRouters' in config) || !Array.isArray(config.virtualRouters)) return false
  return config.virtualRouters.every(
    (router: unknown) =>
      typeof router === 'object' &&
      router !== null &&
      ['name', 'interface', 'vrid', 'family', 'priority', 'advertisementIntervalMs', 'addresses'].every(
        (key) => key in router,
      ),
  )
}

/** Whether a virtual router of this configuration has the address on that interface. */
export function isGivenTo(running: RunningConfig | null, interfaceName: string, address: Address): boolean {
  return holders(running, interfaceName, address).length > 0
}

/** Whether it may be the host's own, which no router put there and none may remove (priority 255). */
export function isOwned(running: RunningConfig | null, interfaceName: string, address: Address): boolean {
  return holders(running, interfaceName, address).some(({ priority }) => priority === OWNER)
}

function holders(running: RunningConfig | null, interfaceName: string, address: Address) {
  return (running?.config.virtualRouters ?? []).filter((router) =>
    [...router.addresses, ...router.excludedAddresses].some(
      (each) => each.address === address && homeDevice(router, each.device) === interfaceName,
    ),
  )
}
