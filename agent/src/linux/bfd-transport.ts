/**
 * `BfdLinks` over the kernel: UDP sockets that tell TTL, destination and interface of what they receive, and one socket
 * a session to send from, because each session has a port of its own (RFC 5881 §4).
 */
import { randomInt } from 'node:crypto'
import {
  type Address,
  addressFromBytes,
  type Family,
  familyOf,
  knownAddress,
} from '@aloft/shared/network/address'
import type { BfdDatagram, BfdLinks, BfdPath, Hops } from '../world/bfd-links.ts'
import { controlMessages } from './ancillary.ts'
import * as kernel from './kernel-numbers.ts'
import type { LinkTable } from './link-table.ts'
import type { NativeSocket, Netio } from './netio.ts'
import { DATAGRAMS_PER_TURN, TRAFFIC_CLASS } from './transport.ts'

/** RFC 5881 §4, RFC 5883 §5. */
const PORTS: Readonly<Record<Hops, number>> = { 'single-hop': 3784, multihop: 4784 }
const SOURCE_PORT_MIN = 49_152
const SOURCE_PORTS = 65_536 - SOURCE_PORT_MIN
const SOURCE_PORT_TRIES = 32
const RECEIVE_BUFFER_BYTES = 1 << 18
const ANY: Readonly<Record<Family, Address>> = { ipv4: knownAddress('0.0.0.0'), ipv6: knownAddress('::') }

/** What we send is never received there; the kernel would otherwise keep for us what strangers send to the port. */
const SMALLEST_BUFFER = 1

interface Sender {
  /** Kept when the socket must be opened anew: a session has one port for its life. */
  readonly port: number
  readonly socket: NativeSocket
  readonly to: Uint8Array
}

export interface BfdTransportOptions {
  readonly netio: Netio
  readonly table: LinkTable
  receive(datagram: BfdDatagram): void
}

export class BfdTransport implements BfdLinks {
  readonly #options: BfdTransportOptions
  readonly #receivers = new Map<string, BfdReceiver>()
  readonly #senders = new Map<BfdPath, Sender>()
  readonly #ports = new Map<BfdPath, number>()

  constructor(options: BfdTransportOptions) {
    this.#options = options
  }

  listen(hops: Hops, family: Family): string | null {
    const where = `${hops} ${family}`
    if (this.#receivers.has(where)) return null
    try {
      this.#receivers.set(where, new BfdReceiver(this.#options, hops, family))
      return null
    } catch (error) {
      const code = codeOf(error)
      if (code === null) throw error
      return code === 'EADDRINUSE' ? `UDP port ${PORTS[hops]} is in use by another program` : String(error)
    }
  }

  ignore(hops: Hops, family: Family): void {
    const where = `${hops} ${family}`
    this.#receivers.get(where)?.close()
    this.#receivers.delete(where)
  }

  send(path: BfdPath, payload: Uint8Array): boolean {
    try {
      const sender = this.#senders.get(path) ?? this.#open(path)
      return sender.socket.send(payload, sender.to, null) === payload.length
    } catch (error) {
      const code = codeOf(error)
      if (code === null) throw error
      // The interface or the address went away: the next packet tries with a new socket.
      if (code !== 'EAGAIN') this.#senders.get(path)?.socket.close()
      if (code !== 'EAGAIN') this.#senders.delete(path)
      return false
    }
  }

  close(path: BfdPath): void {
    this.#senders.get(path)?.socket.close()
    this.#senders.delete(path)
    this.#ports.delete(path)
  }

  closeAll(): void {
    for (const each of this.#receivers.values()) each.close()
    this.#receivers.clear()
    for (const path of [...this.#senders.keys()]) this.close(path)
  }

  draw(): number {
    return randomInt(2 ** 47) / 2 ** 47
  }

  /** Takes in every datagram that has arrived. */
  drain(): void {
    for (const each of this.#receivers.values()) each.drain()
  }

  #open(path: BfdPath): Sender {
    const { netio, table } = this.#options
    const family = familyOf(path.remote)
    const index = path.interfaceName === null ? 0 : (table.find(path.interfaceName)?.index ?? 0)
    const socket = netio.socket(domainOf(family), kernel.SOCK_DGRAM, 0)
    try {
      configureSender(socket, path)
      const port = this.#bind(socket, path, index)
      const sender: Sender = { port, socket, to: socketAddress(path.remote, index, PORTS[path.hops]) }
      this.#senders.set(path, sender)
      return sender
    } catch (error) {
      socket.close()
      throw error
    }
  }

  #bind(socket: NativeSocket, path: BfdPath, index: number): number {
    const local = path.local ?? ANY[familyOf(path.remote)]
    for (let tries = 1; ; tries++) {
      const port = this.#ports.get(path) ?? SOURCE_PORT_MIN + randomInt(SOURCE_PORTS)
      try {
        socket.bind(socketAddress(local, index, port))
        this.#ports.set(path, port)
        return port
      } catch (error) {
        if (codeOf(error) !== 'EADDRINUSE' || tries === SOURCE_PORT_TRIES) throw error
        this.#ports.delete(path)
      }
    }
  }
}

class BfdReceiver {
  readonly #options: BfdTransportOptions
  readonly #hops: Hops
  readonly #family: Family
  readonly #socket: NativeSocket
  /** A control packet has 24 bytes; the longest authentication section there is would add 28. */
  readonly #data = new Uint8Array(512)
  readonly #from = new Uint8Array(28)
  readonly #control = new Uint8Array(256)
  #isOpen = true

  constructor(options: BfdTransportOptions, hops: Hops, family: Family) {
    this.#options = options
    this.#hops = hops
    this.#family = family
    this.#socket = options.netio.socket(domainOf(family), kernel.SOCK_DGRAM, 0)
    try {
      configureReceiver(this.#socket, family)
      this.#socket.bind(socketAddress(ANY[family], 0, PORTS[hops]))
    } catch (error) {
      this.#socket.close()
      throw error
    }
    this.#socket.watch(() => this.drain())
  }

  drain(): void {
    for (let taken = 0; taken < DATAGRAMS_PER_TURN && this.#isOpen; taken++) if (!this.#receiveOne()) return
  }

  close(): void {
    this.#isOpen = false
    this.#socket.close()
  }

  #receiveOne(): boolean {
    let received: ReturnType<NativeSocket['receive']>
    try {
      received = this.#socket.receive(this.#data, this.#from, this.#control)
    } catch (error) {
      // A pending error of the socket is told once; what is behind it comes with the next call.
      if (codeOf(error) === null) throw error
      return false
    }
    if (received === null) return false
    const ancillary = readAncillary(this.#control.slice(0, received.controlBytes))
    const interfaceName = ancillary && this.#options.table.nameOf(ancillary.index)
    if (ancillary === null || !interfaceName) return true
    const { destination, ttl } = ancillary
    const source = addressFromBytes(
      this.#family === 'ipv4' ? this.#from.slice(4, 8) : this.#from.slice(8, 24),
    )
    const payload = this.#data.slice(0, received.bytes)
    this.#options.receive({ interfaceName, hops: this.#hops, source, destination, ttl, payload })
    return true
  }
}

function domainOf(family: Family): number {
  return family === 'ipv4' ? kernel.AF_INET : kernel.AF_INET6
}

function socketAddress(address: Address, index: number, port: number): Uint8Array {
  const bytes =
    familyOf(address) === 'ipv4'
      ? kernel.ipv4SocketAddress(address)
      : kernel.ipv6SocketAddress(address, index)
  new DataView(bytes.buffer).setUint16(2, port)
  return bytes
}

function configureSender(socket: NativeSocket, { interfaceName, remote, ttl, onLinkOnly }: BfdPath): void {
  if (interfaceName !== null)
    socket.setOption(kernel.SOL_SOCKET, kernel.SO_BINDTODEVICE, kernel.optionText(interfaceName))
  socket.setOption(kernel.SOL_SOCKET, kernel.SO_PRIORITY, kernel.PRIORITY_CONTROL)
  socket.setOption(kernel.SOL_SOCKET, kernel.SO_RCVBUF, SMALLEST_BUFFER)
  if (onLinkOnly) socket.setOption(kernel.SOL_SOCKET, kernel.SO_DONTROUTE, 1)
  if (familyOf(remote) === 'ipv4') {
    socket.setOption(kernel.IPPROTO_IP, kernel.IP_TTL, ttl)
    socket.setOption(kernel.IPPROTO_IP, kernel.IP_TOS, TRAFFIC_CLASS)
  } else {
    socket.setOption(kernel.IPPROTO_IPV6, kernel.IPV6_UNICAST_HOPS, ttl)
    socket.setOption(kernel.IPPROTO_IPV6, kernel.IPV6_TCLASS, TRAFFIC_CLASS)
  }
}

function configureReceiver(socket: NativeSocket, family: Family): void {
  socket.setOption(kernel.SOL_SOCKET, kernel.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
  if (family === 'ipv4') {
    socket.setOption(kernel.IPPROTO_IP, kernel.IP_RECVTTL, 1)
    socket.setOption(kernel.IPPROTO_IP, kernel.IP_PKTINFO, 1)
  } else {
    socket.setOption(kernel.IPPROTO_IPV6, kernel.IPV6_V6ONLY, 1)
    socket.setOption(kernel.IPPROTO_IPV6, kernel.IPV6_RECVHOPLIMIT, 1)
    socket.setOption(kernel.IPPROTO_IPV6, kernel.IPV6_RECVPKTINFO, 1)
  }
}

interface Ancillary {
  readonly destination: Address
  readonly index: number
  readonly ttl: number
}

/** ip(7) IP_PKTINFO and IP_TTL, RFC 3542 §6.1 and §6.3; null when one of the two is missing. */
function readAncillary(bytes: Uint8Array): Ancillary | null {
  let arrival: Pick<Ancillary, 'destination' | 'index'> | null = null
  let ttl: number | null = null
  for (const { level, type, data } of controlMessages(bytes)) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    const isIpv4 = level === kernel.IPPROTO_IP
    if (!isIpv4 && level !== kernel.IPPROTO_IPV6) continue
    if (isIpv4 && type === kernel.IP_PKTINFO && data.length >= 12) {
      const index = view.getInt32(0, kernel.LITTLE_ENDIAN)
      arrival = { index, destination: addressFromBytes(data.slice(8, 12)) }
    } else if (!isIpv4 && type === kernel.IPV6_PKTINFO && data.length >= 20) {
      const index = view.getInt32(16, kernel.LITTLE_ENDIAN)
      arrival = { index, destination: addressFromBytes(data.slice(0, 16)) }
    } else if (type === (isIpv4 ? kernel.IP_TTL : kernel.IPV6_HOPLIMIT) && data.length >= 4)
      ttl = view.getInt32(0, kernel.LITTLE_ENDIAN)
  }
  return arrival === null || ttl === null ? null : { ...arrival, ttl }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}
