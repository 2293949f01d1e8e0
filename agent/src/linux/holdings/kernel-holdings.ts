/** `Holdings` over the kernel: rtnetlink puts them on an interface, AF_PACKET tells the LAN. */
import { formatPrefix, type Prefix } from '@aloft/shared/network/prefix'
import { ETHERTYPE_ARP } from '../../packets/arp.ts'
import { ETHERTYPE_IPV6 } from '../../packets/neighbour-advertisement.ts'
import {
  byDevice,
  type HeldAddress,
  type Holding,
  type HoldingFailure,
  type Holdings,
} from '../../world/holdings.ts'
import type { RouterInput } from '../../world/router-world.ts'
import { announcementsOf } from '../announcements.ts'
import { AF_PACKET, linkLayerAddress, SOCK_RAW } from '../kernel-numbers.ts'
import type { LinkTable } from '../link-table.ts'
import type { NativeSocket, Netio } from '../netio.ts'
import type { RouteSocket } from '../route-socket.ts'

/** What netio sends in one system call. */
const BATCH = 64

export class KernelHoldings implements Holdings {
  readonly #routes: RouteSocket
  readonly #table: LinkTable
  readonly #frames: NativeSocket
  readonly #input: () => RouterInput | null

  constructor(netio: Netio, { routes, table, input }: KernelHoldingsOptions) {
    this.#routes = routes
    this.#table = table
    this.#input = input
    // Protocol 0: this socket never receives a frame.
    this.#frames = netio.socket(AF_PACKET, SOCK_RAW, 0)
  }

  acquire(holding: Holding): void {
    for (const [device, addresses] of byDevice(holding.addresses)) this.#acquireOn(device, addresses, holding)
  }

  /** Leaves alone what no router put there: an address owner's address is the host's own. */
  release(holding: Holding): void {
    for (const [device, addresses] of byDevice(holding.addresses)) this.#releaseOn(device, addresses, holding)
  }

  renew(_holdings: readonly Holding[]): void {}

  #acquireOn(device: string, addresses: readonly HeldAddress[], { holder }: Holding): void {
    const index = this.#table.find(device)?.index
    if (index === undefined) {
      for (const each of addresses) this.#refused(holder, each, `there is no interface ${device}`)
      return
    }
    const answers = this.#routes.change('add', changesOf(index, addresses))
    for (const [i, each] of addresses.entries()) {
      const refusal = answers[i]
      if (refusal === null) this.#table.noteAdded(index, each.address)
      else if (refusal !== undefined && refusal.code !== 'EEXIST')
        this.#refused(holder, each, `cannot add: ${refusal.text}`)
    }
  }

  #releaseOn(device: string, addresses: readonly HeldAddress[], { holder }: Holding): void {
    const index = this.#table.find(device)?.index
    // With the interface went its addresses.
    if (index === undefined) return
    const ours = addresses.filter(({ address }) => this.#table.isOurs(index, address))
    const answers = this.#routes.change('remove', changesOf(index, ours))
    for (const [i, each] of ours.entries()) {
      const refusal = answers[i]
      if (refusal === null || refusal?.code === 'EADDRNOTAVAIL' || refusal?.code === 'ENODEV')
        this.#table.noteRemoved(index, each.address)
      else this.#refused(holder, each, `cannot remove: ${refusal?.text}`)
    }
  }

  announce(interfaceName: string, addresses: readonly Prefix[]): void {
    const link = this.#table.find(interfaceName)
    // Interfaces without Ethernet addresses (point-to-point) have no neighbours to tell.
    if (link === null || link.mac.length !== 6) return
    const [ipv4, ipv6] = [announcementsOf(link, 'ipv4', addresses), announcementsOf(link, 'ipv6', addresses)]
    try {
      this.#sendFrames(linkLayerAddress(link.index, ETHERTYPE_ARP), ipv4)
      this.#sendFrames(linkLayerAddress(link.index, ETHERTYPE_IPV6), ipv6)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      for (const each of addresses) {
        const what = `${formatPrefix(each)} dev ${interfaceName}`
        this.#report({ holder: null, kind: 'announcement', what, error: why, remedy: null })
      }
    }
  }

  #sendFrames(to: Uint8Array, frames: readonly Uint8Array[]): void {
    for (let sent = 0; sent < frames.length; ) {
      sent += this.#frames.sendMany(frames.slice(sent, sent + BATCH), to, null)
    }
  }

  close(): void {
    this.#frames.close()
  }

  #refused(holder: string, address: HeldAddress, error: string): void {
    const what = `${formatPrefix(address)} dev ${address.device}`
    this.#report({ holder, kind: 'address', what, error, remedy: null })
  }

  /** Never inside the call that failed: the loop is in the middle of its actions then. */
  #report(failure: HoldingFailure): void {
    setImmediate(() => this.#input()?.holdingFailed(failure))
  }
}

export interface KernelHoldingsOptions {
  readonly routes: RouteSocket
  readonly table: LinkTable
  readonly input: () => RouterInput | null
}

function changesOf(index: number, addresses: readonly Prefix[]): { index: number; prefix: Prefix }[] {
  return addresses.map((prefix) => ({ index, prefix }))
}
