/**
 * VRRP over IPv4 on one interface. raw-socket joins and receives; netio sends, because a send of raw-socket waits for
 * the end of the turn, behind whatever a takeover does in it (docs/decisions/0004-netio.md has the measurements).
 * Sent packets carry their own IP header: the source must be the primary address, whatever else is on the interface.
 */
import { readdirSync, readlinkSync } from 'node:fs'
import type { Address } from '@aloft/shared/network/address'
import rawSocket, { type RawSocket } from 'raw-socket'
import { claimedSource, decodeIpv4Packet, encodeIpv4Packet } from '../packets/ipv4.ts'
import { GROUP } from '../vrrp/virtual-router.ts'
import type { Datagram, UndecodablePacket } from '../world/router-world.ts'
import * as kernel from './kernel-numbers.ts'
import type { NativeSocket, Netio } from './netio.ts'

/** RFC 9568 §5.1.1.2: the group of all VRRP routers. */
/** RFC 9568 §5.1.1.3. */
const TTL = 255
/** CS6, network control (RFC 4594 §3.1), as routing protocols use it. */
const TRAFFIC_CLASS = 0xc0
/** An advertisement of 255 addresses has 1036 bytes, an IP header at most 60. */
const BUFFER_BYTES = 2048
const RECEIVE_BUFFER_BYTES = 1 << 20
/** Datagrams taken in one turn; more wait for the next, so that the alarm gets its turn under a flood. */
const DATAGRAMS_PER_TURN = 256

export interface TransportOptions {
  readonly netio: Netio
  readonly interfaceName: string
  readonly index: number
  receive(datagram: Datagram): void
  undecodable(packet: UndecodablePacket): void
  /** The socket broke (raw-socket closes itself on a poll error): open another. */
  failed(): void
}

export class Ipv4Transport {
  readonly index: number
  readonly #options: TransportOptions
  readonly #receiver: RawSocket
  readonly #receiverFd: number
  readonly #sender: NativeSocket
  readonly #group = kernel.ipv4SocketAddress(GROUP.ipv4)
  #isOpen = true

  constructor(options: TransportOptions) {
    this.#options = options
    this.index = options.index
    this.#sender = openSender(options)
    try {
      const { socket, fd } = openReceiver(options)
      this.#receiver = socket
      this.#receiverFd = fd
    } catch (error) {
      this.#sender.close()
      throw error
    }
    this.#receiver.on('message', (packet) => this.#received(packet))
    // Errors of receiving are answered by the next datagram; a broken socket ends in `close`.
    this.#receiver.on('error', () => {})
    this.#receiver.on('close', () => {
      if (this.#isOpen) options.failed()
    })
    this.#watchForMore()
  }

  /** Sends now; false when the kernel refused (interface down, no such source, queue full). */
  send(source: Address, payload: Uint8Array): boolean {
    const packet = encodeVrrpPacket(source, payload)
    try {
      return this.#sender.send(packet, this.#group, null) === packet.length
    } catch {
      return false
    }
  }

  /** Takes in what waits in the socket, without waiting for the event loop to come round. */
  drain(): void {
    for (let taken = 0; taken < DATAGRAMS_PER_TURN && this.#isOpen; taken++) {
      if (!this.#options.netio.isReadable(this.#receiverFd)) return
      this.#receiver.onRecvReady()
    }
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#receiver.close()
    this.#sender.close()
  }

  /** raw-socket takes one datagram a turn; the rest of a burst should not wait for turns of its own. */
  #watchForMore(): void {
    let isDraining = false
    this.#receiver.on('message', () => {
      if (isDraining) return
      isDraining = true
      this.drain()
      isDraining = false
    })
  }

  #received(buffer: Buffer): void {
    // A copy: raw-socket hands out a view of the one buffer it receives into.
    const bytes = new Uint8Array(buffer)
    const { interfaceName, receive, undecodable } = this.#options
    if (!this.#isOpen) return
    const packet = decodeIpv4Packet(bytes)
    if (packet === null) undecodable({ interfaceName, family: 'ipv4', source: claimedSource(bytes) })
    else if (packet.protocol === kernel.IPPROTO_VRRP) {
      const { source, destination, ttl, payload } = packet
      receive({ interfaceName, family: 'ipv4', source, destination, ttl, payload })
    }
  }
}

/** One VRRP message as it goes out. */
function encodeVrrpPacket(source: Address, payload: Uint8Array): Uint8Array {
  const fields = {
    source,
    destination: GROUP.ipv4,
    protocol: kernel.IPPROTO_VRRP,
    ttl: TTL,
    trafficClass: TRAFFIC_CLASS,
  }
  return encodeIpv4Packet(fields, payload)
}

function openSender({ netio, interfaceName, index }: TransportOptions): NativeSocket {
  const socket = netio.socket(kernel.AF_INET, kernel.SOCK_RAW, kernel.IPPROTO_RAW)
  try {
    socket.setOption(kernel.SOL_SOCKET, kernel.SO_BINDTODEVICE, kernel.optionText(interfaceName))
    socket.setOption(kernel.SOL_SOCKET, kernel.SO_PRIORITY, kernel.PRIORITY_CONTROL)
    socket.setOption(kernel.IPPROTO_IP, kernel.IP_MULTICAST_IF, kernel.multicastRequest(null, index))
    socket.setOption(kernel.IPPROTO_IP, kernel.IP_MULTICAST_LOOP, 0)
  } catch (error) {
    socket.close()
    throw error
  }
  return socket
}

function openReceiver({ netio, interfaceName, index }: TransportOptions): { socket: RawSocket; fd: number } {
  const before = new Set(openSockets().map(({ identity }) => identity))
  const socket = rawSocket.createSocket({
    protocol: kernel.IPPROTO_VRRP,
    addressFamily: rawSocket.AddressFamily.IPv4,
    bufferSize: BUFFER_BYTES,
  })
  try {
    const opened = openSockets().find(({ identity }) => !before.has(identity))
    if (opened === undefined) throw new Error('the descriptor of raw-socket was not found in /proc/self/fd')
    // raw-socket leaves it open for every child process.
    netio.setCloseOnExec(opened.fd)
    const set = (level: number, option: number, value: Uint8Array) =>
      socket.setOption(level, option, value, value.length)
    set(kernel.SOL_SOCKET, kernel.SO_BINDTODEVICE, kernel.optionText(interfaceName))
    set(kernel.SOL_SOCKET, kernel.SO_RCVBUF, kernel.optionNumber(RECEIVE_BUFFER_BYTES))
    // Groups that other programs joined on this interface are none of ours.
    set(kernel.IPPROTO_IP, kernel.IP_MULTICAST_ALL, kernel.optionNumber(0))
    set(kernel.IPPROTO_IP, kernel.IP_ADD_MEMBERSHIP, kernel.multicastRequest(GROUP.ipv4, index))
    return { socket, fd: opened.fd }
  } catch (error) {
    socket.close()
    throw error
  }
}

/** This process's sockets; `identity` is the inode, which unlike the number is not given to the next one. */
function openSockets(): { fd: number; identity: string }[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      const identity = readlinkSync(`/proc/self/fd/${name}`)
      return identity.startsWith('socket:') ? [{ fd: Number(name), identity }] : []
    } catch {
      // The descriptor that read the folder is gone already.
      return []
    }
  })
}
