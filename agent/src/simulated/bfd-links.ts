/** The UDP sockets for BFD of one host on a simulated LAN. Like a kernel's they hear only what is for the host. */
import { type Address, type Family, familyOf } from '@aloft/shared/network/address'
import type { Prefix } from '@aloft/shared/network/prefix'
import { isOnLink } from '../bfd/pairing.ts'
import type { BfdDatagram, BfdLinks, BfdPath, Hops } from '../world/bfd-links.ts'
import type { Entropy } from './entropy.ts'
import type { Frame } from './lan.ts'

export type BfdFrame = Extract<Frame, { kind: 'bfd' }>

/** What the sockets need of their host. */
export interface BfdWays {
  readonly interfaces: readonly string[]
  /** The primary address of a family; null: it has none. */
  primary(interfaceName: string, family: Family): Address | null
  /** Of the host's own addresses on an interface. */
  prefixes(interfaceName: string): readonly Prefix[]
  /** Whether the address, virtual ones included, is on the interface now. */
  has(interfaceName: string, address: Address): boolean
  transmit(interfaceName: string, frame: BfdFrame): boolean
}

export class SimulatedBfd implements BfdLinks {
  readonly #ways: BfdWays
  readonly #entropy: Entropy
  readonly #listening = new Set<string>()

  constructor(ways: BfdWays, entropy: Entropy) {
    this.#ways = ways
    this.#entropy = entropy
  }

  listen(hops: Hops, family: Family): null {
    this.#listening.add(`${hops} ${family}`)
    return null
  }

  ignore(hops: Hops, family: Family): void {
    this.#listening.delete(`${hops} ${family}`)
  }

  send(path: BfdPath, payload: Uint8Array): boolean {
    const { remote, hops, ttl } = path
    const interfaceName = path.interfaceName ?? this.#wayTo(remote)
    if (interfaceName === null) return false
    const source = path.local ?? this.#ways.primary(interfaceName, familyOf(remote))
    // A socket is bound to its address, and cannot send once the host has it no more.
    if (source === null || !this.#ways.has(interfaceName, source)) return false
    return this.#ways.transmit(interfaceName, {
      kind: 'bfd',
      source,
      destination: remote,
      hops,
      ttl,
      payload,
    })
  }

  /** Ports are not simulated. */
  close(): void {}

  draw(): number {
    return this.#entropy.next()
  }

  /** The process is gone. */
  closeAll(): void {
    this.#listening.clear()
  }

  /** The datagram a frame is to this host; null: nobody listens for it, or it is for somebody else. */
  received(interfaceName: string, frame: BfdFrame): BfdDatagram | null {
    const { kind: _, ...fields } = frame
    const isHeard = this.#listening.has(`${fields.hops} ${familyOf(fields.destination)}`)
    return isHeard && this.#ways.has(interfaceName, fields.destination) ? { interfaceName, ...fields } : null
  }

  #wayTo(remote: Address): string | null {
    return this.#ways.interfaces.find((name) => isOnLink(remote, this.#ways.prefixes(name))) ?? null
  }
}
