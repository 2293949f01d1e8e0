/** Tells the LAN where an address is now: frames of our own making, out of one interface. */
import type { Prefix } from '@aloft/shared/network/prefix'
import { ETHERTYPE_ARP } from '../../packets/arp.ts'
import { ETHERTYPE_IPV6 } from '../../packets/neighbour-advertisement.ts'
import { announcementsOf } from '../announcements.ts'
import { AF_PACKET, linkLayerAddress, SOCK_RAW } from '../kernel-numbers.ts'
import type { LinkTable } from '../link-table.ts'
import type { NativeSocket, Netio } from '../netio.ts'

/** What netio sends in one system call. */
const BATCH = 64

export class AnnouncementSocket {
  readonly #table: LinkTable
  readonly #frames: NativeSocket

  constructor(netio: Netio, table: LinkTable) {
    this.#table = table
    // Protocol 0: this socket never receives a frame.
    this.#frames = netio.socket(AF_PACKET, SOCK_RAW, 0)
  }

  /** Null: sent, or there is nobody to tell. Otherwise why it could not be. */
  send(interfaceName: string, addresses: readonly Prefix[]): string | null {
    const link = this.#table.find(interfaceName)
    // Interfaces without Ethernet addresses (point-to-point) have no neighbours to tell.
    if (link === null || link.mac.length !== 6) return null
    const [ipv4, ipv6] = [announcementsOf(link, 'ipv4', addresses), announcementsOf(link, 'ipv6', addresses)]
    try {
      this.#sendFrames(linkLayerAddress(link.index, ETHERTYPE_ARP), ipv4)
      this.#sendFrames(linkLayerAddress(link.index, ETHERTYPE_IPV6), ipv6)
      return null
    } catch (error) {
      return `cannot announce: ${error instanceof Error ? error.message : String(error)}`
    }
  }

  close(): void {
    this.#frames.close()
  }

  #sendFrames(to: Uint8Array, frames: readonly Uint8Array[]): void {
    for (let sent = 0; sent < frames.length; ) {
      sent += this.#frames.sendMany(frames.slice(sent, sent + BATCH), to, null)
    }
  }
}
