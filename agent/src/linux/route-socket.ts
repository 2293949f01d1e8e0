/**
 * Talking to the kernel about links, addresses, routes and rules. Requests are synchronous: the kernel answers within
 * the system call that asks, so an address is there (or refused) when `change` returns, tens of microseconds later.
 */
import { randomInt } from 'node:crypto'
import { getSystemErrorName } from 'node:util'
import { OUR_PROTOCOL } from '@aloft/shared/config/holdings-config'
import { protocolOfRule } from './holdings/held-key.ts'
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  netlinkAddress,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_SOCKET,
} from './kernel-numbers.ts'
import type { NativeSocket, Netio } from './netio.ts'
import { readdress } from './netlink-message.ts'
import {
  type DumpedTable,
  decodeMessages,
  encodeDump,
  encodeRemoval,
  type KernelMessage,
  type RoutingNotice,
} from './rtnetlink.ts'

const NETLINK_ROUTE = 0
const SOL_NETLINK = 270
const NETLINK_ADD_MEMBERSHIP = 1
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11
const NETLINK_GET_STRICT_CHK = 12
/** RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR; RTNLGRP_IPV4_NETCONF and IPV6_NETCONF (24 and 25) as such. */
const GROUPS = 0x1 | 0x10 | 0x100 | (1 << 23) | (1 << 24)
/** RTNLGRP_IPV4_ROUTE, IPV4_RULE, IPV6_ROUTE, IPV6_RULE. */
const ROUTING_GROUPS = [7, 8, 11, 19]
/** One write takes a thousand requests and more; the kernel's send buffer is 208 KiB where nobody changed it. */
const BYTES_PER_WRITE = 128 * 1024
/** Room for a thousand refusals, and for a burst of changes (a thousand interfaces). */
const RECEIVE_BUFFER = 4 << 20
const DUMP_ATTEMPTS = 10

/** What became of a request: null is success. */
export interface Refusal {
  /** `EEXIST`, `EADDRNOTAVAIL`, … */
  readonly code: string
  readonly text: string
}

/** Receives until nothing is there. `overflow` is called when the kernel had to drop messages. */
function receiveAll(socket: NativeSocket, buffer: Uint8Array, overflow: () => void): KernelMessage[] {
  const messages: KernelMessage[] = []
  for (;;) {
    try {
      const received = socket.receive(buffer, null, null)
      if (received === null) return messages
      for (const message of decodeMessages(buffer.subarray(0, received.bytes))) messages.push(message)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOBUFS')) throw error
      overflow()
    }
  }
}

/** A socket for requests about links, addresses, routes and rules, whose refusals say in words what was wrong. */
export function openRouteNetlink(netio: Netio): NativeSocket {
  const socket = netio.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
  socket.setOption(SOL_NETLINK, NETLINK_CAP_ACK, 1)
  socket.setOption(SOL_NETLINK, NETLINK_EXT_ACK, 1)
  return socket
}

export class RouteSocket {
  /** What the kernel calls us when it tells others of our requests. */
  readonly port: number
  readonly #socket: NativeSocket
  readonly #buffer = new Uint8Array(65_536)
  readonly #kernel = netlinkAddress()
  #sequence = 0

  constructor(netio: Netio) {
    this.#socket = openRouteNetlink(netio)
    this.#socket.setOption(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)
    enlargeBuffer(this.#socket)
    this.port = bindSomewhere(this.#socket)
  }

  /** Carries out requests made without a number, as many to a system call as fit; one answer for each, in order. */
  change(requests: readonly Uint8Array[]): (Refusal | null)[] {
    const answers: (Refusal | null)[] = []
    for (let start = 0; start < requests.length; ) {
      const end = endOfWrite(requests, start)
      this.#write(requests.slice(start, end), answers)
      start = end
    }
    return answers
  }

  /** Only the last asks for an answer: the others answer when they are refused, and the kernel takes them in turn. */
  #write(requests: readonly Uint8Array[], answers: (Refusal | null)[]): void {
    const first = this.#sequence + 1
    this.#sequence += requests.length
    for (const [i, request] of requests.entries()) readdress(request, first + i, i === requests.length - 1)
    this.#socket.send(Buffer.concat(requests), this.#kernel, null)
    const replies = new Map<number, Refusal | null>()
    for (const reply of receiveAll(this.#socket, this.#buffer, () => {})) {
      if (reply.kind === 'reply') replies.set(reply.sequence, refusal(reply))
    }
    // Without the last answer, nobody knows what the kernel had to drop before it.
    const isAnswered = replies.has(this.#sequence)
    const unknown = isAnswered ? null : { code: 'ENOBUFS', text: 'the kernel gave no answer' }
    for (const i of requests.keys()) answers.push(replies.get(first + i) ?? unknown)
  }

  /** Every link, then every address. */
  dump(): KernelMessage[] {
    return [...this.#dump('links'), ...this.addresses()]
  }

  addresses(): KernelMessage[] {
    return this.#dump('addresses')
  }

  /** Routes and rules that are ours, of both families. */
  routing(): RoutingNotice[] {
    const tables = (['routes', 'rules'] as const).flatMap((table) =>
      [AF_INET, AF_INET6].flatMap((family) => this.#dump(table, { family, protocol: OUR_PROTOCOL })),
    )
    return tables.flatMap((message) => {
      const isOurs =
        message.kind === 'route' || (message.kind === 'rule' && protocolOfRule(message.body) === OUR_PROTOCOL)
      return isOurs ? [message] : []
    })
  }

  /** Removes what `routing` told of, all in one write. */
  remove(notices: readonly RoutingNotice[]): void {
    this.change(notices.map(encodeRemoval))
  }

  #dump(table: DumpedTable, filter: Parameters<typeof encodeDump>[2] = {}): KernelMessage[] {
    for (let attempt = 1; attempt <= DUMP_ATTEMPTS; attempt++) {
      this.#sequence += 1
      this.#socket.send(encodeDump(table, this.#sequence, filter), this.#kernel, null)
      let isWhole = true
      const messages = receiveAll(this.#socket, this.#buffer, () => {
        isWhole = false
      })
      if (messages.some(({ kind }) => kind === 'interrupted')) isWhole = false
      if (isWhole && messages.some(({ kind }) => kind === 'done')) return messages
    }
    throw new Error(`the kernel's ${table} changed too fast to be read ${DUMP_ATTEMPTS} times`)
  }

  close(): void {
    this.#socket.close()
  }
}

/** At least one request, however long. */
function endOfWrite(requests: readonly Uint8Array[], start: number): number {
  let bytes = requests[start]?.length ?? 0
  let end = start + 1
  for (; end < requests.length; end++) {
    bytes += requests[end]?.length ?? 0
    if (bytes > BYTES_PER_WRITE) break
  }
  return end
}

/** A port that no process's pid is, so that it names this socket and no other. */
function bindSomewhere(socket: NativeSocket): number {
  for (;;) {
    const port = randomInt(0x8000_0000, 0xffff_f000)
    try {
      socket.bind(netlinkAddress(0, port))
      return port
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    }
  }
}

export interface WatchHandlers {
  changed(messages: readonly KernelMessage[]): void
  /** The kernel dropped some messages: only a new dump tells the truth. */
  lost(): void
}

/** Follows changes of links, addresses and forwarding, and of routes and rules once it is asked to. */
export class RouteWatch {
  readonly #socket: NativeSocket
  readonly #buffer = new Uint8Array(65_536)
  #followsRouting = false

  constructor(netio: Netio, handlers: WatchHandlers) {
    this.#socket = netio.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
    enlargeBuffer(this.#socket)
    this.#socket.bind(netlinkAddress(GROUPS))
    this.#socket.watch(() => {
      let isWhole = true
      const messages = receiveAll(this.#socket, this.#buffer, () => {
        isWhole = false
      })
      if (isWhole) handlers.changed(messages)
      else handlers.lost()
    })
  }

  /** From now on routes and rules too. Not before it is needed: a host that speaks BGP changes thousands a second. */
  followRouting(): void {
    if (this.#followsRouting) return
    this.#followsRouting = true
    for (const group of ROUTING_GROUPS) this.#socket.setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
  }

  close(): void {
    this.#socket.close()
  }
}

/** Where that is forbidden, a dump makes good what was dropped. */
function enlargeBuffer(socket: NativeSocket): void {
  try {
    socket.setOption(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
  } catch {
    // Needs CAP_NET_ADMIN in the initial user namespace.
  }
}

function refusal({ errno, text }: { errno: number; text: string }): Refusal | null {
  if (errno === 0) return null
  const code = getSystemErrorName(-errno)
  return { code, text: text === '' ? code : `${code}: ${text}` }
}
