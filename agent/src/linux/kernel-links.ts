/** `Links` over the kernel: VRRP sockets that follow their interfaces as those come, go and change. */
import type { Address, Family } from '@aloft/shared/network/address'
import type { LinkState, Links, RouterInput } from '../world/router-world.ts'
import { Ipv4Transport } from './ipv4-transport.ts'
import type { LinkTable } from './link-table.ts'
import type { Netio } from './netio.ts'

export class KernelLinks implements Links {
  readonly #netio: Netio
  readonly #table: LinkTable
  readonly #input: () => RouterInput | null
  /** The interfaces asked for; null while the interface is not there, or refuses. */
  readonly #transports = new Map<string, Ipv4Transport | null>()
  /** What the loop was last told, as JSON. */
  readonly #told = new Map<string, string>()

  constructor(netio: Netio, table: LinkTable, input: () => RouterInput | null) {
    this.#netio = netio
    this.#table = table
    this.#input = input
  }

  /** Throws what the kernel says when a socket on an existing interface is refused (EPERM: no CAP_NET_RAW). */
  open(interfaceName: string, family: Family): void {
    if (family !== 'ipv4')
      throw new Error(`VRRP over ${family} has no socket yet (interface ${interfaceName})`)
    if (this.#transports.has(interfaceName)) return
    this.#transports.set(interfaceName, null)
    this.#told.set(interfaceName, JSON.stringify(this.state(interfaceName)))
    this.#openTransport(interfaceName)
  }

  close(interfaceName: string, _family: Family): void {
    this.#transports.get(interfaceName)?.close()
    this.#transports.delete(interfaceName)
    this.#told.delete(interfaceName)
  }

  closeAll(): void {
    for (const name of [...this.#transports.keys()]) this.close(name, 'ipv4')
  }

  state(interfaceName: string): LinkState | null {
    return this.#table.state(interfaceName)
  }

  send(interfaceName: string, source: Address, payload: Uint8Array): boolean {
    return this.#transports.get(interfaceName)?.send(source, payload) ?? false
  }

  /** Takes in every datagram that has arrived. */
  drain(): void {
    for (const transport of this.#transports.values()) transport?.drain()
  }

  /** The table changed: mend the sockets, then tell the loop about each interface whose state it sees differently. */
  refresh(): void {
    for (const [interfaceName, transport] of this.#transports) {
      // A socket stays bound to the interface it was made for; one of the same name that came later is another.
      if (transport?.index !== this.#table.find(interfaceName)?.index) this.#reopen(interfaceName)
    }
    for (const [interfaceName, before] of this.#told) {
      const now = JSON.stringify(this.state(interfaceName))
      if (now === before) continue
      this.#told.set(interfaceName, now)
      this.#input()?.linkChanged(interfaceName)
    }
  }

  #reopen(interfaceName: string): void {
    this.#transports.get(interfaceName)?.close()
    this.#transports.set(interfaceName, null)
    try {
      this.#openTransport(interfaceName)
    } catch {
      // The interface went away again meanwhile; the next change of the table tries anew.
    }
  }

  #openTransport(interfaceName: string): void {
    const index = this.#table.find(interfaceName)?.index
    if (index === undefined) return
    const transport = new Ipv4Transport({
      netio: this.#netio,
      interfaceName,
      index,
      receive: (datagram) => this.#input()?.datagram(datagram),
      undecodable: (packet) => this.#input()?.undecodable(packet),
      failed: () => {
        if (this.#transports.get(interfaceName) === transport)
          setImmediate(() => this.#replace(interfaceName, transport))
      },
    })
    this.#transports.set(interfaceName, transport)
  }

  #replace(interfaceName: string, broken: Ipv4Transport): void {
    if (this.#transports.get(interfaceName) === broken) this.#reopen(interfaceName)
  }
}
