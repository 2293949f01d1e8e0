/**
 * VRRP over IPv6 on one interface. The kernel takes the IPv6 header off what a raw socket receives, so hop limit and
 * destination come as ancillary data; sent packets carry their own header, because the source must be ours to choose.
 */
import { type Address, addressFromBytes } from '@aloft/shared/network/address'
import { encodeIpv6Packet } from '../packets/ipv6.ts'
import type { OutgoingPacket } from '../world/links.ts'
import { controlMessages } from './ancillary.ts'
import * as kernel from './kernel-numbers.ts'
import type { NativeSocket } from './netio.ts'
import { DATAGRAMS_PER_TURN, TRAFFIC_CLASS, type Transport, type TransportOptions } from './transport.ts'

/** 255 addresses are 4088 bytes. */
const BUFFER_BYTES = 4096
const SOCKET_ADDRESS_BYTES = 28
/** Two messages of 36 and 20 bytes, aligned. */
const CONTROL_BYTES = 128

interface Ancillary {
  readonly destination: Address
  readonly hopLimit: number
}

export class Ipv6Transport implements Transport {
  readonly index: number
  readonly #options: TransportOptions
  readonly #receiver: NativeSocket
  readonly #sender: NativeSocket
  readonly #data = new Uint8Array(BUFFER_BYTES)
  readonly #from = new Uint8Array(SOCKET_ADDRESS_BYTES)
  readonly #control = new Uint8Array(CONTROL_BYTES)
  #isOpen = true

  constructor(options: TransportOptions) {
    this.#options = options
    this.index = options.index
    this.#sender = opened(options, kernel.IPPROTO_RAW, configureSender)
    try {
      this.#receiver = opened(options, kernel.IPPROTO_VRRP, configureReceiver)
    } catch (error) {
      this.#sender.close()
      throw error
    }
    this.#receiver.watch(() => this.drain())
  }

  join(group: Address): void {
    const request = kernel.ipv6MulticastRequest(group, this.index)
    this.#receiver.setOption(kernel.IPPROTO_IPV6, kernel.IPV6_ADD_MEMBERSHIP, request)
  }

  leave(group: Address): void {
    const request = kernel.ipv6MulticastRequest(group, this.index)
    this.#receiver.setOption(kernel.IPPROTO_IPV6, kernel.IPV6_DROP_MEMBERSHIP, request)
  }

  setReceiveBuffer(bytes: number): void {
    this.#receiver.setOption(kernel.SOL_SOCKET, kernel.SO_RCVBUFFORCE, bytes)
  }

  send({ source, destination, ttl, payload }: OutgoingPacket): boolean {
    const fields = {
      source,
      destination,
      nextHeader: kernel.IPPROTO_VRRP,
      hopLimit: ttl,
      trafficClass: TRAFFIC_CLASS,
    }
    const packet = encodeIpv6Packet(fields, payload)
    try {
      const to = kernel.ipv6SocketAddress(destination, this.index)
      return this.#sender.send(packet, to, null) === packet.length
    } catch {
      return false
    }
  }

  drain(): void {
    for (let taken = 0; taken < DATAGRAMS_PER_TURN && this.#isOpen; taken++) {
      if (!this.#receiveOne()) return
    }
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#receiver.close()
    this.#sender.close()
  }

  /** False: nothing is there. */
  #receiveOne(): boolean {
    const { interfaceName, receive, undecodable, failed } = this.#options
    try {
      const received = this.#receiver.receive(this.#data, this.#from, this.#control)
      if (received === null) return false
      const source = addressFromBytes(this.#from.slice(8, 24))
      const ancillary = readAncillary(this.#control.slice(0, received.controlBytes))
      const isCut = (received.flags & (kernel.MSG_TRUNC | kernel.MSG_CTRUNC)) !== 0
      if (ancillary === null || isCut) undecodable({ interfaceName, family: 'ipv6', source })
      else {
        const { destination, hopLimit: ttl } = ancillary
        const payload = this.#data.slice(0, received.bytes)
        receive({ interfaceName, family: 'ipv6', source, destination, ttl, payload })
      }
      return true
    } catch (error) {
      // The interface went down: told once, the socket goes on. Anything else, and it is of no use any more.
      const code = error instanceof Error && 'code' in error ? error.code : null
      if (code === 'ENETDOWN') return false
      if (code === null) throw error
      failed()
      return false
    }
  }
}

function opened(
  options: TransportOptions,
  protocol: number,
  configure: (socket: NativeSocket, options: TransportOptions) => void,
): NativeSocket {
  const socket = options.netio.socket(kernel.AF_INET6, kernel.SOCK_RAW, protocol)
  try {
    const device = kernel.optionText(options.interfaceName)
    socket.setOption(kernel.SOL_SOCKET, kernel.SO_BINDTODEVICE, device)
    configure(socket, options)
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

function configureSender(socket: NativeSocket, { index }: TransportOptions): void {
  socket.setOption(kernel.SOL_SOCKET, kernel.SO_PRIORITY, kernel.PRIORITY_CONTROL)
  socket.setOption(kernel.IPPROTO_IPV6, kernel.IPV6_MULTICAST_IF, index)
  socket.setOption(kernel.IPPROTO_IPV6, kernel.IPV6_MULTICAST_LOOP, 0)
}

function configureReceiver(socket: NativeSocket): void {
  // Groups that other programs joined on this interface are none of ours.
  socket.setOption(kernel.IPPROTO_IPV6, kernel.IPV6_MULTICAST_ALL, 0)
  socket.setOption(kernel.IPPROTO_IPV6, kernel.IPV6_RECVHOPLIMIT, 1)
  socket.setOption(kernel.IPPROTO_IPV6, kernel.IPV6_RECVPKTINFO, 1)
}

/** RFC 3542 §6.1, §6.3; null when one of the two is missing. */
function readAncillary(bytes: Uint8Array): Ancillary | null {
  let destination: Address | null = null
  let hopLimit: number | null = null
  for (const { level, type, data } of controlMessages(bytes)) {
    if (level !== kernel.IPPROTO_IPV6) continue
    if (type === kernel.IPV6_PKTINFO && data.length >= 16) destination = addressFromBytes(data.slice(0, 16))
    if (type === kernel.IPV6_HOPLIMIT && data.length >= 4) {
      const view = new DataView(data.buffer, data.byteOffset)
      hopLimit = view.getInt32(0, kernel.LITTLE_ENDIAN)
    }
  }
  return destination === null || hopLimit === null ? null : { destination, hopLimit }
}
