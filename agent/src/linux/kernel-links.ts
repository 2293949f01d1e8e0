/** `Links` over the kernel: VRRP sockets that follow their interfaces as those come, go and change. */
import type { Address, Family } from '@aloft/shared/network/address'
import { familyOf } from '@aloft/shared/network/address'
import type { Endpoint, LinkState, Links, OutgoingPacket } from '../world/links.ts'
import type { RouterInput } from '../world/router-world.ts'
import { Ipv4Transport } from './ipv4-transport.ts'
import { Ipv6Transport } from './ipv6-transport.ts'
import type { LinkTable } from './link-table.ts'
import type { Netio } from './netio.ts'
import type { Transport } from './transport.ts'

const RECEIVE_BUFFER_BYTES = 1 << 20

/** One transport serves all endpoints of an interface, family and IP protocol: a unicast packet reaches each socket. */
interface Line {
  readonly interfaceName: string
  readonly family: Family
  readonly isAuthenticated: boolean
  /** What is listened to; null stands for the host's own addresses. */
  readonly groups: Set<Address | null>
  receiveBufferBytes: number
  /** Null while the interface is not there, or refuses. */
  transport: Transport | null
}

export class KernelLinks implements Links {
  readonly #netio: Netio
  readonly #table: LinkTable
  readonly #input: () => RouterInput | null
  readonly #lines = new Map<string, Line>()
  /** What the loop was last told, as JSON. */
  readonly #told = new Map<string, string>()
  /** Told of though nothing may be open on them. */
  readonly #watched = new Set<string>()

  constructor(netio: Netio, table: LinkTable, input: () => RouterInput | null) {
    this.#netio = netio
    this.#table = table
    this.#input = input
  }

  /** Throws what the kernel says when a socket on an existing interface is refused (EPERM: no CAP_NET_RAW). */
  open(endpoint: Endpoint): void {
    const { interfaceName, family, isAuthenticated, group } = endpoint
    const key = keyOf(interfaceName, family, isAuthenticated)
    const known = this.#lines.get(key)
    if (known !== undefined) setReceiveBuffer(known, endpoint)
    if (known?.groups.has(group)) return
    if (known === undefined) {
      const line: Line = {
        interfaceName,
        family,
        isAuthenticated,
        groups: new Set([group]),
        receiveBufferBytes: endpoint.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES,
        transport: null,
      }
      this.#lines.set(key, line)
      if (!this.#told.has(interfaceName))
        this.#told.set(interfaceName, JSON.stringify(this.state(interfaceName)))
      this.#openTransport(line)
    } else {
      known.groups.add(group)
      if (group !== null) known.transport?.join(group)
    }
  }

  close({ interfaceName, family, isAuthenticated, group }: Endpoint): void {
    const key = keyOf(interfaceName, family, isAuthenticated)
    const line = this.#lines.get(key)
    if (!line?.groups.delete(group)) return
    if (line.groups.size > 0) {
      if (group !== null) line.transport?.leave(group)
      return
    }
    line.transport?.close()
    this.#lines.delete(key)
    this.#forget(interfaceName)
  }

  watch(interfaceName: string): void {
    this.#watched.add(interfaceName)
    if (!this.#told.has(interfaceName))
      this.#told.set(interfaceName, JSON.stringify(this.state(interfaceName)))
  }

  unwatch(interfaceName: string): void {
    this.#watched.delete(interfaceName)
    this.#forget(interfaceName)
  }

  #forget(interfaceName: string): void {
    const isOpen = [...this.#lines.values()].some((each) => each.interfaceName === interfaceName)
    if (!isOpen && !this.#watched.has(interfaceName)) this.#told.delete(interfaceName)
  }

  closeAll(): void {
    for (const { transport } of this.#lines.values()) transport?.close()
    this.#lines.clear()
    this.#watched.clear()
    this.#told.clear()
  }

  state(interfaceName: string): LinkState | null {
    return this.#table.state(interfaceName)
  }

  send(interfaceName: string, packet: OutgoingPacket): boolean {
    const key = keyOf(interfaceName, familyOf(packet.destination), packet.authenticated !== undefined)
    return this.#lines.get(key)?.transport?.send(packet) ?? false
  }

  /** Takes in every datagram that has arrived. */
  drain(): void {
    for (const { transport } of this.#lines.values()) transport?.drain()
  }

  /** The table changed: mend the sockets, then tell the loop about each interface whose state it sees differently. */
  refresh(): void {
    for (const line of this.#lines.values()) {
      // A socket stays bound to the interface it was made for; one of the same name that came later is another.
      if (line.transport?.index !== this.#table.find(line.interfaceName)?.index) this.#reopen(line)
    }
    for (const [interfaceName, before] of this.#told) {
      const now = JSON.stringify(this.state(interfaceName))
      if (now === before) continue
      this.#told.set(interfaceName, now)
      this.#input()?.linkChanged(interfaceName)
    }
  }

  #reopen(line: Line): void {
    line.transport?.close()
    line.transport = null
    try {
      this.#openTransport(line)
    } catch {
      // The interface went away again meanwhile; the next change of the table tries anew.
    }
  }

  #openTransport(line: Line): void {
    const { interfaceName, family, isAuthenticated, groups } = line
    const index = this.#table.find(interfaceName)?.index
    if (index === undefined) return
    const transport = new (family === 'ipv4' ? Ipv4Transport : Ipv6Transport)({
      netio: this.#netio,
      interfaceName,
      index,
      isAuthenticated,
      receive: (datagram) => this.#input()?.datagram(datagram),
      together: (deliver) => this.#input()?.together(deliver),
      undecodable: (packet) => this.#input()?.undecodable(packet),
      failed: () => {
        if (line.transport === transport) setImmediate(() => this.#replace(line, transport))
      },
    })
    line.transport = transport
    transport.setReceiveBuffer(line.receiveBufferBytes)
    for (const group of groups) if (group !== null) transport.join(group)
  }

  #replace(line: Line, broken: Transport): void {
    const { interfaceName, family, isAuthenticated } = line
    const isWanted = this.#lines.get(keyOf(interfaceName, family, isAuthenticated)) === line
    if (isWanted && line.transport === broken) this.#reopen(line)
  }
}

/** Several virtual routers may share a line: it has what the most demanding of them asked for, for as long as it is. */
function setReceiveBuffer(line: Line, { receiveBufferBytes = 0 }: Endpoint): void {
  if (receiveBufferBytes <= line.receiveBufferBytes) return
  line.receiveBufferBytes = receiveBufferBytes
  line.transport?.setReceiveBuffer(receiveBufferBytes)
}

function keyOf(interfaceName: string, family: Family, isAuthenticated: boolean): string {
  return `${interfaceName} ${family}${isAuthenticated ? ' authenticated' : ''}`
}
