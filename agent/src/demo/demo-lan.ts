/** The demo's LANs: network namespaces for root, the simulated LAN for everybody else. The agents are the same. */
import path from 'node:path'
import { parsePrefix } from '@aloft/shared/network/prefix'
import { createLan, ip, type Lan } from '../linux/namespace.ts'
import { startSimulatedSite } from '../simulated/site.ts'
import type { DemoFolder } from './demo-folder.ts'
import type { DemoSite } from './demo-sites.ts'

export interface DemoLan {
  /** How to start a program on a node of this LAN: what goes before its command line, and its environment. */
  launch(node: string): {
    readonly before: readonly string[]
    readonly environment: Readonly<Record<string, string>>
  }
  /** Pulls the node's cable. */
  fail(node: string): Promise<void>
  /** Cuts the node off at the switch, its link still up: both sides of the cut go on alone. */
  partition(node: string): Promise<void>
  /** Undoes both. */
  restore(node: string): Promise<void>
  remove(): Promise<void>
}

/** Null when this process can make network namespaces, else why it cannot. */
export async function whyNoNamespaces(folder: DemoFolder): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'root would get real ones'
  const probe = `${folder.namespacePrefix}probe`
  try {
    await ip('netns', 'add', probe)
    await ip('netns', 'del', probe)
    return null
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return why.includes('ENOENT')
      ? 'the Debian package iproute2 would give real ones'
      : `this host lets nobody make real ones: ${why}`
  }
}

export async function createNamespaceLan(site: DemoSite, folder: DemoFolder): Promise<DemoLan> {
  const hosts = site.nodes.map(({ name, address }) => ({ name, addresses: [address] }))
  const lan: Lan = await createLan(`${folder.namespacePrefix}${site.name}`, hosts, site.clientAddress)
  return {
    launch: (node) => ({ before: ['ip', 'netns', 'exec', lan.namespaceOf(node)], environment: {} }),
    fail: (node) => lan.setCable(node, false),
    partition: (node) => lan.setForwarding(node, false),
    async restore(node) {
      await lan.setForwarding(node, true)
      await lan.setCable(node, true)
    },
    remove: () => lan.remove(),
  }
}

export async function createSimulatedLan(site: DemoSite, folder: DemoFolder): Promise<DemoLan> {
  const socketPath = path.join(folder.path, `lan-${site.name}.sock`)
  const hosts = site.nodes.map(({ name, address }) => ({
    name,
    interfaces: [{ name: 'eth0', segment: site.name, ipv4: parsePrefix(address)?.address ?? null }],
  }))
  const lan = await startSimulatedSite({ socketPath, hosts })
  const apart = new Set<string>()
  const divide = () => {
    lan.heal()
    for (const node of apart) lan.partition([node])
  }
  return {
    launch: (node) => ({ before: [], environment: { ALOFT_SIMULATED_LAN: `${socketPath}#${node}` } }),
    fail: async (node) => lan.setLink(node, 'eth0', false),
    async partition(node) {
      apart.add(node)
      divide()
    },
    async restore(node) {
      apart.delete(node)
      divide()
      lan.setLink(node, 'eth0', true)
    },
    remove: () => lan.close(),
  }
}
