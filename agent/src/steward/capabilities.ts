/** May this process speak VRRP? Linux capabilities of the process, from the text of `/proc/self/status`. */

/** capabilities(7), include/uapi/linux/capability.h. */
const NEEDED = [
  { name: 'CAP_NET_ADMIN', bit: 12n },
  { name: 'CAP_NET_RAW', bit: 13n },
]

/** The names of the needed capabilities that are not effective. A text without the line counts as having none. */
export function missingCapabilities(procStatus: string): readonly string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(procStatus)?.[1] ?? '0'}`)
  return NEEDED.filter(({ bit }) => (effective & (1n << bit)) === 0n).map(({ name }) => name)
}

/** What to tell the person who started the agent without them. */
export function missingCapabilitiesText(missing: readonly string[]): string {
  return (
    `this process may not speak VRRP or move addresses: it lacks ${missing.join(' and ')}. ` +
    'Run it as root, or give a systemd unit AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN CAP_SYS_NICE'
  )
}
