/**
 * Listens for others who say that one of our addresses is at theirs. The kernel drops every other frame, so that a busy
 * LAN wakes nobody; and only while addresses are held is there anything to listen for.
 */
import { type Address, familyOf } from '@aloft/shared/network/address'
import {
  arpFilter,
  type Claim,
  claimInArp,
  claimInNeighbourAdvertisement,
  macText,
  neighbourAdvertisementFilter,
} from '../packets/address-claim.ts'
import { ETHERTYPE_ARP } from '../packets/arp.ts'
import { ETHERTYPE_IPV6 } from '../packets/neighbour-advertisement.ts'
import type { Holding, Holdings } from '../world/holdings.ts'
import type { RouterInput } from '../world/router-world.ts'
import { AF_PACKET, linkLayerAddress, SO_RCVBUF, SOCK_RAW, SOL_SOCKET } from './kernel-numbers.ts'
import type { LinkTable } from './link-table.ts'
import type { NativeSocket, Netio } from './netio.ts'

const FRAME_BYTES = 256
const RECEIVE_BUFFER_BYTES = 1 << 16
const FRAMES_PER_TURN = 16
/** Whoever claims our addresses faster than this is heard often enough. */
const CLAIMS_PER_SECOND = 20
/** struct sockaddr_ll: sll_ifindex and sll_pkttype (packet(7)). */
const INDEX_AT = 4
const PACKET_TYPE_AT = 10
const PACKET_OUTGOING = 4
const EVERY_INTERFACE = 0

interface Kind {
  readonly protocol: number
  readonly filter: (addresses: readonly Address[]) => Uint8Array
  readonly read: (frame: Uint8Array) => Claim | null
}

const KINDS: Readonly<Record<'ipv4' | 'ipv6', Kind>> = {
  ipv4: { protocol: ETHERTYPE_ARP, filter: arpFilter, read: claimInArp },
  ipv6: {
    protocol: ETHERTYPE_IPV6,
    filter: neighbourAdvertisementFilter,
    read: claimInNeighbourAdvertisement,
  },
}

export interface ClaimWatchOptions {
  readonly table: LinkTable
  readonly input: () => RouterInput | null
  readonly now: () => number
}

export class ClaimWatch {
  readonly #options: ClaimWatchOptions
  readonly #held = new Map<string, readonly Address[]>()
  readonly #sockets: Readonly<Record<'ipv4' | 'ipv6', NativeSocket>>
  readonly #bound = new Set<'ipv4' | 'ipv6'>()
  readonly #frame = new Uint8Array(FRAME_BYTES)
  readonly #from = new Uint8Array(20)
  #isChanging = false
  #isClosed = false
  #countedSinceMs = 0
  #counted = 0

  constructor(netio: Netio, options: ClaimWatchOptions) {
    this.#options = options
    // Protocol 0 until there is something to listen for: they receive nothing.
    const open = () => netio.socket(AF_PACKET, SOCK_RAW, 0)
    this.#sockets = { ipv4: open(), ipv6: open() }
  }

  /** The same holdings, of whose addresses we hear from now on. */
  over(holdings: Holdings): Holdings {
    return {
      acquire: (holding) => {
        holdings.acquire(holding)
        this.#hold(holding)
      },
      release: (holding) => {
        holdings.release(holding)
        this.#held.delete(holding.holder)
        this.#change()
      },
      renew: (holders) => holdings.renew(holders),
      announce: (interfaceName, addresses) => holdings.announce(interfaceName, addresses),
    }
  }

  close(): void {
    this.#isClosed = true
    for (const socket of Object.values(this.#sockets)) socket.close()
  }

  #hold({ holder, addresses }: Holding): void {
    this.#held.set(
      holder,
      addresses.map(({ address }) => address),
    )
    this.#change()
  }

  /** After the turn: a takeover has more urgent things to do. */
  #change(): void {
    if (this.#isChanging) return
    this.#isChanging = true
    setImmediate(() => {
      this.#isChanging = false
      if (this.#isClosed) return
      const all = [...this.#held.values()].flat()
      for (const family of ['ipv4', 'ipv6'] as const)
        this.#watch(
          family,
          all.filter((address) => familyOf(address) === family),
        )
    })
  }

  /** Whoever cannot listen (no memory for a filter) is no worse off than without: it is no reason to end. */
  #watch(family: 'ipv4' | 'ipv6', addresses: readonly Address[]): void {
    const socket = this.#sockets[family]
    const { protocol, filter } = KINDS[family]
    if (addresses.length === 0 && !this.#bound.has(family)) return
    try {
      socket.setFilter(filter(addresses))
      if (this.#bound.has(family)) return
      socket.setOption(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES)
      socket.bind(linkLayerAddress(EVERY_INTERFACE, protocol))
      socket.watch(() => this.#receive(socket, KINDS[family]))
      this.#bound.add(family)
    } catch {
      // The next change tries again.
    }
  }

  #receive(socket: NativeSocket, { read }: Kind): void {
    for (let taken = 0; taken < FRAMES_PER_TURN && !this.#isClosed; taken++) {
      const received = socket.receive(this.#frame, this.#from, null)
      if (received === null) return
      if (this.#from[PACKET_TYPE_AT] === PACKET_OUTGOING || this.#isTooMuch()) continue
      const claim = read(this.#frame.subarray(0, Math.min(received.bytes, FRAME_BYTES)))
      if (claim !== null) this.#tell(claim)
    }
  }

  #tell({ address, mac }: Claim): void {
    const { table, input } = this.#options
    const index = new DataView(this.#from.buffer).getInt32(INDEX_AT, true)
    let interfaceName: string | null = null
    for (const name of table.names()) {
      const link = table.find(name)
      if (link === null) continue
      // Our own words, come back by another of our interfaces or from a reflecting switch.
      if (link.mac.length === 6 && macText(link.mac) === mac) return
      if (link.index === index) interfaceName = name
    }
    if (interfaceName !== null) input()?.addressClaimed?.({ interfaceName, address, mac })
  }

  #isTooMuch(): boolean {
    const now = this.#options.now()
    if (now - this.#countedSinceMs >= 1_000) {
      this.#countedSinceMs = now
      this.#counted = 0
    }
    this.#counted++
    return this.#counted > CLAIMS_PER_SECOND
  }
}
