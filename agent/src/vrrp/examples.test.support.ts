/** Values that tests of VRRP begin from. */
import { ROUTER_DEFAULTS, type VirtualRouterConfig } from '@aloft/shared/config/agent-config'
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
    ...ROUTER_DEFAULTS,
    // Renewals would stand between everything else; lease-keeper.test.ts is about them.
    lease: false,
    name: 'web',
    interface: 'eth0',
    vrid: 51,
    family: 'ipv4',
    addresses: [prefix('192.0.2.100/24')],
    ...changes,
  }
}
