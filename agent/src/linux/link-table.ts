/** What the kernel has said about links and addresses, and what a router may conclude. Pure: messages in, state out. */
import { OUR_PROTOCOL } from '@aloft/shared/config/holdings-config'
import { type Address, type Family, familyOf } from '@aloft/shared/network/address'
import type { Prefix } from '@aloft/shared/network/prefix'
import type { LinkState } from '../world/router-world.ts'
import type { AddressNotice, KernelMessage, LinkNotice } from './rtnetlink.ts'

/** Whether the configuration gives an address to a virtual router on this interface. */
export type IsVirtual = (interfaceName: string, address: Address) => boolean

interface Link {
  readonly notice: LinkNotice
  /** In the kernel's order, which is the order in which they were added. */
  readonly addresses: Map<Address, AddressNotice>
}

const SCOPE_LINK = 253
const SCOPE_HOST = 254

export interface LinkTableOptions {
  readonly isVirtual: IsVirtual
  /** Whether the kernel keeps IFA_PROTO (Linux 5.18); without it, every virtual address counts as a router's. */
  readonly keepsOrigin: boolean
}

export class LinkTable {
  readonly #options: LinkTableOptions
  #links = new Map<number, Link>()
  /** Addresses this process added itself, by interface index. */
  readonly #added = new Map<number, Set<Address>>()

  constructor(options: LinkTableOptions) {
    this.#options = options
  }

  /** Starts over from a dump. */
  replace(messages: readonly KernelMessage[]): void {
    this.#links = new Map()
    this.apply(messages)
  }

  apply(messages: readonly KernelMessage[]): void {
    for (const message of messages) {
      if (message.kind === 'link') this.#applyLink(message.link, message.gone)
      if (message.kind === 'address') this.#applyAddress(message.address, message.gone)
    }
  }

  #applyLink(notice: LinkNotice, gone: boolean): void {
    if (gone) {
      this.#links.delete(notice.index)
      this.#added.delete(notice.index)
      return
    }
    this.#links.set(notice.index, {
      notice,
      addresses: this.#links.get(notice.index)?.addresses ?? new Map(),
    })
  }

  #applyAddress(notice: AddressNotice, gone: boolean): void {
    const addresses = this.#links.get(notice.index)?.addresses
    // `#added` stays: this may be the late echo of a removal of ours, and the address be back by now.
    if (gone) addresses?.delete(notice.address)
    else addresses?.set(notice.address, notice)
  }

  /** The interface of that name, null when there is none. */
  find(interfaceName: string): LinkNotice | null {
    for (const { notice } of this.#links.values()) if (notice.name === interfaceName) return notice
    return null
  }

  /** Null: there is no interface with that number. */
  nameOf(index: number): string | null {
    return this.#links.get(index)?.notice.name ?? null
  }

  names(): string[] {
    return [...this.#links.values()].map(({ notice }) => notice.name)
  }

  state(interfaceName: string): LinkState | null {
    const notice = this.find(interfaceName)
    if (notice === null) return null
    const addresses = [...(this.#links.get(notice.index)?.addresses.values() ?? [])]
    const own = this.#own(notice, addresses)
    const [ipv4, ipv6] = [first(own, 'ipv4'), first(own, 'ipv6')]
    const others = own.map(({ address }) => address).filter((each) => each !== ipv4 && each !== ipv6)
    const prefixes = own
      .filter(({ address }) => !this.#options.isVirtual(interfaceName, address))
      .map(({ address, prefixLength }) => ({ address, prefixLength }))
    return { up: notice.up, ipv4, ipv6, ...(others.length > 0 && { others }), prefixes }
  }

  /**
   * The host's own addresses, those that are no virtual router's first. An address owner (priority 255) may have no
   * other than the virtual one; it is then the host's own, provided that no router put it there.
   */
  #own({ index, name }: LinkNotice, addresses: readonly AddressNotice[]): AddressNotice[] {
    const real = addresses.filter(
      (each) => each.scope < SCOPE_HOST && !each.isTentative && !this.#isMarked(index, each.address),
    )
    const isVirtual = ({ address }: AddressNotice) => this.#options.isVirtual(name, address)
    return [...real.filter((each) => !isVirtual(each)), ...real.filter(isVirtual)]
  }

  #isMarked(index: number, address: Address): boolean {
    if (this.#added.get(index)?.has(address)) return true
    return this.#links.get(index)?.addresses.get(address)?.origin === OUR_PROTOCOL
  }

  /** Whether we (or a router before us) put the address there: only those are ours to remove. */
  isOurs(index: number, address: Address): boolean {
    if (this.#options.keepsOrigin || this.#isMarked(index, address)) return this.#isMarked(index, address)
    const name = this.#links.get(index)?.notice.name
    return name !== undefined && this.#options.isVirtual(name, address)
  }

  /** Addresses on the interface that are ours: after a start, what the router before us left. */
  held(interfaceName: string): Prefix[] {
    const index = this.find(interfaceName)?.index
    if (index === undefined) return []
    const addresses = [...(this.#links.get(index)?.addresses.values() ?? [])]
    return addresses
      .filter(({ address }) => this.isOurs(index, address))
      .map(({ address, prefixLength }) => ({ address, prefixLength }))
  }

  /** All addresses on the interface. */
  present(interfaceName: string): Prefix[] {
    const index = this.find(interfaceName)?.index
    const addresses = index === undefined ? undefined : this.#links.get(index)?.addresses
    return [...(addresses?.values() ?? [])].map(({ address, prefixLength }) => ({ address, prefixLength }))
  }

  noteAdded(index: number, address: Address): void {
    const known = this.#added.get(index) ?? new Set()
    this.#added.set(index, known.add(address))
  }

  noteRemoved(index: number, address: Address): void {
    this.#added.get(index)?.delete(address)
    this.#links.get(index)?.addresses.delete(address)
  }
}

/** RFC 9568 §5.1.1.1, §5.1.2.1: advertisements come from an address of the interface, of IPv6 a link-local one. */
function first(own: readonly AddressNotice[], family: Family): Address | null {
  const found = own.find(
    ({ address, scope }) => familyOf(address) === family && (family === 'ipv4' || scope === SCOPE_LINK),
  )
  return found?.address ?? null
}
