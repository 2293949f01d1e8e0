/** What helps when the kernel refuses an address, route or rule; null where nobody knows. */
import type { HeldItem } from '../../world/holdings.ts'
import type { Refusal } from '../route-socket.ts'

const REMEDIES: Readonly<Record<string, string>> = {
  EPERM: 'run the agent as root, or with CAP_NET_ADMIN',
  ENODEV: 'the interface is missing: create it, or correct `device`',
  ENETDOWN: 'bring the interface up',
  ENETUNREACH: 'its gateway is not on a network of the host: add an address there, or write `onlink: true`',
  EHOSTUNREACH: 'its gateway is not on a network of the host: add an address there, or write `onlink: true`',
  ENOBUFS: 'the kernel is out of memory for network settings',
  EACCES: 'IPv6 is off on the interface: sysctl net.ipv6.conf.IF.disable_ipv6=0',
  EOPNOTSUPP: 'the kernel was built without it',
  EAFNOSUPPORT: 'the kernel was built without it',
}

export function remedyFor(item: HeldItem, { code }: Refusal): string | null {
  if (code === 'EINVAL' && item.kind === 'route' && item.route.source !== undefined)
    return `is ${item.route.source} an address of this host while the router is active?`
  return REMEDIES[code] ?? null
}

/** A removal was refused because there is nothing left to remove. */
export function isGone({ code }: Refusal): boolean {
  return ['EADDRNOTAVAIL', 'ENODEV', 'ESRCH', 'ENOENT'].includes(code)
}
