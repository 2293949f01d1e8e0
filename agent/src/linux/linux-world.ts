/** The kernel as the world of a router: everything of `RouterWorld` but the journal and the recorder. */
import { release } from 'node:os'
import { knownAddress } from '@aloft/shared/network/address'
import type { Prefix } from '@aloft/shared/network/prefix'
import { GROUP } from '../vrrp/virtual-router.ts'
import type { HeldAddress, HeldItem, Holding } from '../world/holdings.ts'
import type { RouterInput, RouterWorld } from '../world/router-world.ts'
import { BfdTransport } from './bfd-transport.ts'
import { ClaimWatch } from './claim-watch.ts'
import { createClock, KernelAlarm } from './clock.ts'
import { AnnouncementSocket } from './holdings/announcement-socket.ts'
import { requestFor } from './holdings/held-item.ts'
import { KernelHoldings } from './holdings/kernel-holdings.ts'
import { Ipv4Transport } from './ipv4-transport.ts'
import { KernelLinks } from './kernel-links.ts'
import { type IsVirtual, LinkTable } from './link-table.ts'
import { type Netio, netio } from './netio.ts'
import { RouteSocket, RouteWatch } from './route-socket.ts'
import type { ChangesStore } from './virtual-links/host-changes.ts'
import { KernelVirtualLinks } from './virtual-links/kernel-virtual-links.ts'

export interface LinuxWorldOptions {
  /** Whether the running configuration gives this address to a virtual router: those are nobody's primary address. */
  readonly isVirtual?: IsVirtual
  /** Where to remember what was changed on the host; without one, nothing outlives the process. */
  readonly changes?: ChangesStore
}

export interface LinuxWorld
  extends Pick<RouterWorld, 'clock' | 'alarm' | 'links' | 'holdings' | 'virtualLinks'> {
  readonly bfd: BfdTransport
  /** Scheduling classes and the rest of the addon. */
  readonly netio: Netio
  /** From now on the loop is told. Until then `links.state` and `holdings` work, and nothing is delivered. */
  start(input: RouterInput): void
  /** Virtual addresses on the interface that are ours: at a start, those that the router before us left. */
  held(interfaceName: string): Prefix[]
  /** All addresses on the interface, whoever put them there. */
  present(interfaceName: string): Prefix[]
  /** Removes addresses that are ours, and such that are nobody's in particular. */
  removeLeft(left: Holding, isNobodys: (address: HeldAddress) => boolean): void
  /** Removes routes and rules that a router before us left, but for what these hold. */
  removeLeftRouting(kept: readonly Holding[]): void
  /** Names of all interfaces there are. */
  interfaces(): string[]
  /** Runs the code of a takeover once, without effect: compiled in the middle of one it would cost milliseconds. */
  warmUp(): void
  close(): void
}

/** Throws, with what is missing, where the process may not have the sockets it needs. */
export function createLinuxWorld(options: LinuxWorldOptions = {}): LinuxWorld {
  const addon = netio()
  let input: RouterInput | null = null
  const current = () => input
  const clock = createClock()
  const table = new LinkTable({
    isVirtual: options.isVirtual ?? (() => false),
    keepsOrigin: kernelIsAtLeast(5, 18),
  })
  const routes = new RouteSocket(addon)
  const announcements = privileged(() => new AnnouncementSocket(addon, table))
  const links = new KernelLinks(addon, table, current)
  const store = options.changes ?? { load: () => null, save() {} }
  const virtualLinks = new KernelVirtualLinks(addon, { table, store, input: current })
  const bfd = new BfdTransport({ netio: addon, table, receive: (datagram) => input?.bfd(datagram) })
  // Watching begins before the first dump, so that no change falls between the two.
  const watch = new RouteWatch(addon, {
    changed(messages) {
      table.apply(messages)
      holdings.hear(messages)
      virtualLinks.refresh()
      const forwarding = messages.flatMap((each) => (each.kind === 'forwarding' ? [each.index] : []))
      if (forwarding.length > 0) virtualLinks.forwardingChanged(new Set(forwarding))
      links.refresh()
    },
    lost() {
      table.replace(routes.dump())
      holdings.suspectAll()
      virtualLinks.refresh()
      virtualLinks.forwardingChanged(null)
      links.refresh()
    },
  })
  const holdings = new KernelHoldings({
    routes,
    table,
    clock,
    announcements,
    input: current,
    followRouting: () => watch.followRouting(),
  })
  const claims = new ClaimWatch(addon, { table, input: current, now: () => clock.now() })
  table.replace(routes.dump())
  const alarm = new KernelAlarm(addon, clock, {
    beforeRing() {
      for (const each of [links, virtualLinks, bfd]) each.drain()
    },
    ring: () => input?.alarm(),
  })
  return {
    clock,
    alarm,
    links,
    holdings: claims.over(holdings),
    virtualLinks,
    bfd,
    netio: addon,
    start(to) {
      input = to
    },
    ...leftovers(table, holdings),
    interfaces: () => table.names(),
    warmUp: () => warmUp({ addon, routes, table, holdings }),
    close() {
      input = null
      for (const each of [alarm, claims, watch, routes, announcements, virtualLinks]) each.close()
      for (const each of [links, bfd]) each.closeAll()
    },
  }
}

/** What is there at a start. */
function leftovers(table: LinkTable, holdings: KernelHoldings) {
  return {
    held: (interfaceName: string) => table.held(interfaceName),
    present: (interfaceName: string) => table.present(interfaceName),
    removeLeft: (left: Holding, isNobodys: (address: HeldAddress) => boolean) =>
      holdings.removeLeft(left, isNobodys),
    removeLeftRouting: (kept: readonly Holding[]) => holdings.removeLeftRouting(kept),
  }
}

/**
 * A takeover in miniature: requests the kernel refuses, and packets into the loopback interface, which drops them (it
 * does no ARP and nobody on it joined the group).
 */
function warmUp({ addon, routes, table, holdings }: Warmable): void {
  const prefix = { address: knownAddress('192.0.2.1'), prefixLength: 32 }
  const address: HeldItem = { kind: 'address', address: { ...prefix, device: 'lo' } }
  // No interface has the highest index.
  const nowhere = { indexOf: () => 0x7fff_ffff, leaseMs: 2000, heldMs: 0 }
  const loopback = table.find('lo')
  const options = { netio: addon, interfaceName: 'lo', ...IGNORING }
  const transport = loopback && new Ipv4Transport({ ...options, index: loopback.index })
  for (let round = 0; round < 3; round++) {
    for (const change of ['add', 'remove'] as const) {
      const request = requestFor(change, address, nowhere)
      if (request !== null) routes.change([request])
    }
    holdings.announce('lo', [prefix])
    transport?.send({ source: prefix.address, destination: GROUP.ipv4, ttl: 1, payload: new Uint8Array(8) })
    transport?.drain()
  }
  transport?.close()
}

const IGNORING = {
  isAuthenticated: false,
  receive() {},
  together() {},
  undecodable() {},
  failed() {},
}

interface Warmable {
  readonly addon: Netio
  readonly routes: RouteSocket
  readonly table: LinkTable
  readonly holdings: KernelHoldings
}

function privileged<T>(open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) throw error
    throw new Error('VRRP needs root, or the capabilities CAP_NET_RAW and CAP_NET_ADMIN', { cause: error })
  }
}

function kernelIsAtLeast(major: number, minor: number): boolean {
  const [ours = 0, oursMinor = 0] = release().split('.').map(Number)
  return ours > major || (ours === major && oursMinor >= minor)
}
