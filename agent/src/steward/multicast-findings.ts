/** keepalived-and-vrrp.md §1.5: an interface without multicast carries advertisements to unicast peers only. */
import { readFileSync } from 'node:fs'
import type { AgentConfig } from '@aloft/shared/config/agent-config'
import type { Finding } from '@aloft/shared/config/diagnostic'

/** From linux/if.h. */
const IFF_MULTICAST = 0x1000

/** `flagsOf`: an interface's IFF_… bits; null where there is no such interface, which is told as a fault when it runs. */
export function multicastFindings({ virtualRouters }: AgentConfig, flagsOf = kernelFlags): Finding[] {
  // Both families of a virtual router stand at one place of the document, under one name.
  const names = [...new Set(virtualRouters.map(({ name }) => name))]
  return names.flatMap((name, index): Finding[] => {
    const router = virtualRouters.find((each) => each.name === name)
    if (router === undefined || router.unicast !== null) return []
    const flags = flagsOf(router.interface)
    if (flags === null || (flags & IFF_MULTICAST) !== 0) return []
    return [
      {
        severity: 'warning',
        code: 'no-multicast',
        message: `${router.interface} has no multicast on this host; no other router hears the advertisements`,
        hint: `write unicast: { peers: […] }, or \`ip link set ${router.interface} multicast on\``,
        path: ['virtualRouters', index, 'interface'],
        at: 'value',
      },
    ]
  })
}

function kernelFlags(name: string): number | null {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/flags`, 'utf8'))
  } catch {
    return null
  }
}
