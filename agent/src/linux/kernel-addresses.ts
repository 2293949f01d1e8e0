/** `Addresses` over the kernel: rtnetlink puts them on an interface, AF_PACKET tells the LAN. */
import { familyOf } from '@aloft/shared/network/address'
import { formatPrefix, type Prefix } from '@aloft/shared/network/prefix'
import { ETHERTYPE_ARP, encodeGratuitousArp } from '../packets/arp.ts'
import type { Addresses, RouterInput } from '../world/router-world.ts'
import { AF_PACKET, linkLayerAddress, SOCK_RAW } from './kernel-numbers.ts'
import type { LinkTable } from './link-table.ts'
import type { NativeSocket, Netio } from './netio.ts'
import type { RouteSocket } from './route-socket.ts'

/** What netio sends in one system call. */
const BATCH = 64

export class KernelAddresses implements Addresses {
  readonly #routes: RouteSocket
  readonly #table: LinkTable
  readonly #frames: NativeSocket
  readonly #input: () => RouterInput | null

  constructor(netio: Netio, { routes, table, input }: KernelAddressesOptions) {
    this.#routes = routes
    this.#table = table
    this.#input = input
    // Protocol 0: this socket never receives a frame.
    this.#frames = netio.socket(AF_PACKET, SOCK_RAW, 0)
  }

  acquire(interfaceName: string, addresses: readonly Prefix[]): void {
    const index = this.#indexOf(interfaceName, addresses)
    if (index === null) return
    const answers = this.#routes.change('add', changesOf(index, addresses))
    for (const [i, prefix] of addresses.entries()) {
      const refusal = answers[i]
      if (refusal === null) this.#table.noteAdded(index, prefix.address)
      else if (refusal !== undefined && refusal.code !== 'EEXIST')
        this.#report(interfaceName, prefix, `cannot add ${formatPrefix(prefix)}: ${refusal.text}`)
    }
  }

  /** Leaves alone what no router put there: an address owner's address is the host's own. */
  release(interfaceName: string, addresses: readonly Prefix[]): void {
    const index = this.#table.find(interfaceName)?.index
    // With the interface went its addresses.
    if (index === undefined) return
    const ours = addresses.filter(({ address }) => this.#table.isOurs(index, address))
    const answers = this.#routes.change('remove', changesOf(index, ours))
    for (const [i, prefix] of ours.entries()) {
      const refusal = answers[i]
      if (refusal === null || refusal?.code === 'EADDRNOTAVAIL' || refusal?.code === 'ENODEV')
        this.#table.noteRemoved(index, prefix.address)
      else this.#report(interfaceName, prefix, `cannot remove ${formatPrefix(prefix)}: ${refusal?.text}`)
    }
  }

  announce(interfaceName: string, addresses: readonly Prefix[]): void {
    const link = this.#table.find(interfaceName)
    // Interfaces without Ethernet addresses (point-to-point) have no neighbours to tell.
    if (link === null || link.mac.length !== 6) return
    const frames = addresses
      .filter(({ address }) => familyOf(address) === 'ipv4')
      .map(({ address }) => encodeGratuitousArp({ mac: link.mac, address }))
    try {
      this.#sendFrames(link.index, frames)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      for (const prefix of addresses) this.#report(interfaceName, prefix, `cannot announce: ${why}`)
    }
  }

  #sendFrames(index: number, frames: readonly Uint8Array[]): void {
    const to = linkLayerAddress(index, ETHERTYPE_ARP)
    for (let sent = 0; sent < frames.length; ) {
      sent += this.#frames.sendMany(frames.slice(sent, sent + BATCH), to, null)
    }
  }

  close(): void {
    this.#frames.close()
  }

  #indexOf(interfaceName: string, addresses: readonly Prefix[]): number | null {
    const link = this.#table.find(interfaceName)
    if (link !== null) return link.index
    for (const prefix of addresses)
      this.#report(interfaceName, prefix, `there is no interface ${interfaceName}`)
    return null
  }

  /** Never inside the call that failed: the loop is in the middle of its actions then. */
  #report(interfaceName: string, prefix: Prefix, error: string): void {
    setImmediate(() => this.#input()?.addressFailed(interfaceName, prefix, error))
  }
}

export interface KernelAddressesOptions {
  readonly routes: RouteSocket
  readonly table: LinkTable
  readonly input: () => RouterInput | null
}

function changesOf(index: number, addresses: readonly Prefix[]): { index: number; prefix: Prefix }[] {
  return addresses.map((prefix) => ({ index, prefix }))
}
