/**
 * VRRP over IPv4 on one interface. raw-socket joins and receives; netio sends, because a send of raw-socket waits for
 * the end of the turn, behind whatever a takeover does in it (docs/decisions/0004-netio.md has the measurements).
 * Sent packets carry their own IP header: the source must be the primary address, whatever else is on the interface.
 */
import { readdirSync, readlinkSync } from 'node:fs'
import type { Address } from '@aloft/shared/network/address'
import rawSocket, { type RawSocket } from 'raw-socket'
import { encodeIpv4Packet } from '../packets/ipv4.ts'
import { readIpv4Datagram } from '../packets/ipv4-datagram.ts'
import { RepeatedPackets } from '../packets/repeated-packets.ts'
import type { Datagram, OutgoingPacket } from '../world/links.ts'
import * as kernel from './kernel-numbers.ts'
import type { NativeSocket } from './netio.ts'
import { PacedReader } from './paced-reader.ts'
import {
  BUFFER_BYTES,
  DATAGRAMS_PER_TURN,
  TRAFFIC_CLASS,
  type Transport,
  type TransportOptions,
} from './transport.ts'

/** Datagrams to a system call. */
const BATCH = 64

export class Ipv4Transport implements Transport {
  readonly index: number
  readonly #options: TransportOptions
  readonly #receiver: RawSocket
  /** The same socket: raw-socket receives one datagram a turn and a copy of each, which hundreds of routers would feel. */
  readonly #reader: NativeSocket
  readonly #slots = new Uint8Array(BATCH * BUFFER_BYTES)
  readonly #lengths = new Uint32Array(BATCH)
  readonly #lengthBytes = new Uint8Array(this.#lengths.buffer)
  /** How many of the slots are filled. */
  #filled = 0
  readonly #deliver = () => this.#deliverFilled()
  readonly #sent = new WeakMap<Uint8Array, Encoded>()
  readonly #heard = new RepeatedPackets<Datagram>()
  readonly #pace: PacedReader
  #isDraining = false
  readonly #sender: NativeSocket
  #isOpen = true

  constructor(options: TransportOptions) {
    this.#options = options
    this.index = options.index
    this.#sender = openSender(options)
    try {
      const { socket, fd } = openReceiver(options)
      this.#receiver = socket
      this.#reader = options.netio.adopt(fd)
    } catch (error) {
      this.#sender.close()
      throw error
    }
    this.#receiver.pauseRecv()
    this.#receiver.on('error', () => {})
    this.#receiver.on('close', () => {
      if (this.#isOpen) options.failed()
    })
    this.#pace = new PacedReader(this.#reader, () => this.#drain())
  }

  join(group: Address): void {
    this.#setMembership(kernel.IP_ADD_MEMBERSHIP, group)
  }

  leave(group: Address): void {
    if (this.#isOpen) this.#setMembership(kernel.IP_DROP_MEMBERSHIP, group)
  }

  setReceiveBuffer(bytes: number): void {
    const value = kernel.optionNumber(bytes)
    // Beyond the limit for everybody (net.core.rmem_max), which is less than one burst of a thousand routers.
    this.#receiver.setOption(kernel.SOL_SOCKET, kernel.SO_RCVBUFFORCE, value, value.length)
  }

  #setMembership(option: number, group: Address): void {
    const request = kernel.multicastRequest(group, this.index)
    this.#receiver.setOption(kernel.IPPROTO_IP, option, request, request.length)
  }

  send(outgoing: OutgoingPacket): boolean {
    const { packet, to } = this.#encoded(outgoing)
    try {
      return this.#sender.send(packet, to, null) === packet.length
    } catch {
      return false
    }
  }

  /** A router that goes on as it is sends the very same payload again. */
  #encoded(outgoing: OutgoingPacket): Encoded {
    const known = this.#sent.get(outgoing.payload)
    if (known !== undefined && isSameHeader(known.outgoing, outgoing)) return known
    const { source, destination, ttl, payload } = outgoing
    const encoded = {
      outgoing: { source, destination, ttl, payload },
      packet: encodeVrrpPacket(outgoing),
      to: kernel.ipv4SocketAddress(destination),
    }
    if (outgoing.authenticated === undefined) this.#sent.set(payload, encoded)
    return encoded
  }

  drain(): void {
    this.#drain()
  }

  #drain(): number {
    // The slots are in use until each of them has been handled.
    if (this.#isDraining) return 0
    this.#isDraining = true
    try {
      let taken = 0
      while (taken < DATAGRAMS_PER_TURN && this.#isOpen) {
        const count = this.#receiveBatch()
        taken += count
        if (count < BATCH) break
      }
      return taken
    } finally {
      this.#isDraining = false
    }
  }

  #receiveBatch(): number {
    this.#filled = this.#receiveInto()
    if (this.#filled > 0) this.#options.together(this.#deliver)
    return this.#filled
  }

  #deliverFilled(): void {
    for (let i = 0; i < this.#filled && this.#isOpen; i++)
      this.#received(i * BUFFER_BYTES, this.#lengths[i] ?? 0)
  }

  /** An error that the kernel kept for this socket (the interface went down) is told by the first read, and over then. */
  #receiveInto(): number {
    try {
      return this.#reader.receiveBatch(this.#slots, BUFFER_BYTES, this.#lengthBytes)
    } catch {
      return 0
    }
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#pace.close()
    this.#reader.close()
    this.#receiver.close()
    this.#sender.close()
  }

  /** Where in the slots it is, which is so within this call only. */
  #received(offset: number, length: number): void {
    const { receive, undecodable } = this.#options
    const known = this.#heard.recall(this.#slots, offset, length)
    if (known !== null) {
      receive(known)
      return
    }
    const packet = this.#slots.slice(offset, offset + length)
    const read = readIpv4Datagram(packet, this.#options)
    if (read === null) return
    if ('undecodable' in read) undecodable(read.undecodable)
    else {
      // What is signed is never sent twice, and has the identification in it.
      if (read.datagram.authenticated === undefined) this.#heard.keep(packet, read.datagram)
      receive(read.datagram)
    }
  }
}

interface Encoded {
  readonly outgoing: OutgoingPacket
  readonly packet: Uint8Array
  readonly to: Uint8Array
}

function isSameHeader(before: OutgoingPacket, now: OutgoingPacket): boolean {
  if (before.source !== now.source || before.destination !== now.destination) return false
  return before.ttl === now.ttl && now.authenticated === undefined
}

function protocolOf({ isAuthenticated }: Pick<TransportOptions, 'isAuthenticated'>): number {
  return isAuthenticated ? kernel.IPPROTO_AH : kernel.IPPROTO_VRRP
}

/** One VRRP message as it goes out. */
function encodeVrrpPacket({ source, destination, ttl, payload, authenticated }: OutgoingPacket): Uint8Array {
  const protocol = protocolOf({ isAuthenticated: authenticated !== undefined })
  const identification = authenticated?.identification ?? 0
  const fields = { source, destination, protocol, ttl, trafficClass: TRAFFIC_CLASS, identification }
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

function openReceiver(options: TransportOptions): { socket: RawSocket; fd: number } {
  const { netio, interfaceName } = options
  const before = new Set(openSockets().map(({ identity }) => identity))
  const socket = rawSocket.createSocket({
    protocol: protocolOf(options),
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
    // Groups that other programs joined on this interface are none of ours.
    set(kernel.IPPROTO_IP, kernel.IP_MULTICAST_ALL, kernel.optionNumber(0))
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
