/** Values that tests of VRRP begin from. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { type Address, parseAddress } from '@aloft/shared/network/address'
import { type Prefix, parsePrefix } from '@aloft/shared/network/prefix'

export function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === null) throw new RangeError(`not an address: ${text}`)
  return parsed
}

export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text)
  if (parsed === null) throw new RangeError(`not a prefix: ${text}`)
  return parsed
}

export function routerConfig(changes: Partial<VirtualRouterConfig> = {}): VirtualRouterConfig {
  return {
    name: 'web',
    interface: 'eth0',
    vrid: 51,
    version: 3,
    family: 'ipv4',
    priority: 100,
    advertisementIntervalMs: 1000,
    preempt: { enabled: true, delayMs: 0 },
    addresses: [prefix('192.0.2.100/24')],
    authentication: { type: 'none' },
    checksum: 'pseudo-header',
    sourceAddress: null,
    ...changes,
  }
}
